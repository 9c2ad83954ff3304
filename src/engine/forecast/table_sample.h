// TableSample: what the beginning of a table tells about state over it: how often each key occurs, how wide
// keys and rows are, how many rows there are in a stretch of event time, and how much of it open sessions
// hold. Fed as the handler of a query that reads the wanted columns; ends the query when it has enough.
#pragma once

#include <memory>
#include <unordered_map>

#include "data/key_codec.h"
#include "data/row_codec.h"
#include "engine/output/result_handler.h"
#include "sql/forecast/distinct_growth.h"
#include "sql/forecast/state_use.h"

namespace penstock {

class TableSample : public ResultHandler {
 public:
  // `use` must have all of its known columns in one table.
  struct Wanted {
    const sql::StateUse* use = nullptr;
    std::vector<int> keys, row;  // columns of the sample
    int time = -1;
  };
  struct Found {
    sql::KeySample keys;
    double key_bytes = 0, row_bytes = 0;  // on average
    double session_keys = 0, session_rows = 0;
  };

  TableSample(std::vector<Wanted> wanted, int64_t most_rows);
  void OnColumns(int, const Schema&) override {}
  void OnRows(int statement, const Batch& batch) override;
  void OnOk(int) override {}
  void OnError(int, StatementPhase, const Status&) override {}
  Status status() const override;

  double rows() const { return static_cast<double>(rows_); }
  // Rows per millisecond of event time; 0 where there is none.
  double rate() const;
  Found Of(const sql::StateUse& use) const;

 private:
  struct Key {
    int64_t count = 0, last_ms = 0, in_session = 0;
  };
  struct Counter {
    Wanted wanted;
    KeyCodec key_codec;
    RowCodec row_codec;
    std::unordered_map<uint64_t, Key> keys;
    std::vector<sql::PrefixCount> prefixes;
    double key_bytes = 0, row_bytes = 0;
  };
  void Count(Counter* counter, const Batch& batch, int64_t row);
  std::vector<Counter> counters_;
  int64_t most_rows_, rows_ = 0, next_prefix_;
  int64_t first_ms_ = INT64_MAX, last_ms_ = INT64_MIN;
  std::string scratch_;
};

}  // namespace penstock
