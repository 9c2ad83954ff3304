// QueryResult: a statement that gives rows, while they are read. Made by Session::Query; the rows of a SELECT
// are its changelog. Used by one thread at a time; dropping it ends the query.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "penstock/rows.h"

PENSTOCK_API_BEGIN

class QueryResult {
 public:
  QueryResult(QueryResult&&) noexcept;
  QueryResult& operator=(QueryResult&&) noexcept;
  ~QueryResult();

  const std::vector<Column>& columns() const;

  // Goes to the next row; true when there is one. With the machine's clock it waits for it, so false means
  // the end (or that `wait` has passed: see ended()). With a manual clock it never waits: false means that
  // there is nothing more until Session::AdvanceTime, or the end. Fails when the query's job has failed.
  Result<bool> Next(std::chrono::milliseconds wait = std::chrono::milliseconds::max());
  // REQUIRES: the last Next returned true.
  Row row() const;
  // The next rows, some thousands at the most; none where Next would return false. Waits as Next does.
  Result<RowBatch> NextBatch(std::chrono::milliseconds wait = std::chrono::milliseconds::max());
  // All rows have been read and there will be no others.
  bool ended() const;
  // Ends the query; rows that were not read are dropped.
  void Cancel();

 private:
  friend struct Access;
  struct Rep;
  explicit QueryResult(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

PENSTOCK_API_END
