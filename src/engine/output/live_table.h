// LiveTable: the present content of a changing result, for people who watch it: applies changes, and renders
// the rows that fit a screen. Rows are found by key where there is one, else by their whole text. Changes
// come from the threads of a job, rendering from the thread that draws: all methods may be called from any
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/batch.h"
#include "data/data_type.h"

namespace penstock {

// A value as a cell of text that cannot upset a terminal: bytes as x'0a1b', control characters as \n, \x1b.
std::string CellText(const Value& value, const DataType& type);

class LiveTable {
 public:
  struct Order {
    int column = 0;
    bool descending = false;
  };
  struct Options {
    Schema schema;
    std::vector<int> key;      // empty: none
    std::vector<Order> order;  // empty: in the order of arrival, the newest last
    int open_mark = -1;  // a BOOLEAN column that is shown as "open" (FALSE) or "final", open rows highlighted
    int64_t rows_max = 100'000;  // kept; the oldest go, or with an order the last ones
  };
  explicit LiveTable(Options options) : options_(std::move(options)) {}

  void Apply(const Batch& batch);
  // Whether something was applied since the last call.
  bool TakeChanged();

  // The table as lines in a box, at most `rows` rows of it (-1: all) and `width` columns (-1: as many as
  // needed), then how many rows there are. `colour`: open rows stand out by an escape sequence.
  std::vector<std::string> Render(int64_t rows, int width, bool colour) const;

 private:
  struct Row {
    ValueRow values;
    std::vector<std::string> cells;
    std::string key;
  };
  std::string KeyOf(const Row& row) const;
  void Put(Row row, RowKind kind);
  void Remove(const Row& row, RowKind kind);
  void Trim();
  bool Before(const Row& a, const Row& b) const;
  std::vector<const Row*> Shown(int64_t rows) const;
  bool IsOpen(const Row& row) const;

  const Options options_;
  mutable std::mutex mutex_;
  std::map<uint64_t, Row> rows_;  // by place
  std::unordered_map<std::string, std::vector<uint64_t>> places_;
  uint64_t next_place_ = 0;
  int64_t vacated_ = -1;  // of the -U row whose +U is to come: it takes the same place
  int64_t left_out_ = 0;
  bool changed_ = true;
};

}  // namespace penstock
