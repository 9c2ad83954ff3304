// TableSample: what the beginning of a table tells about state over it: how many of its rows reach each
// operator, how often each key occurs there, how wide keys and entries are, how many rows there are in a
// stretch of event time. Fed as the handler of a query that reads the wanted columns; ends the query when it
// has enough.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/key_codec.h"
#include "data/row_codec.h"
#include "engine/forecast/input_rows.h"
#include "engine/forecast/key_feeder.h"
#include "engine/output/result_handler.h"
#include "sql/forecast/distinct_growth.h"
#include "sql/forecast/state_use.h"

namespace penstock {

class TableSample : public ResultHandler {
 public:
  // An input of an operator, and what it keeps of it.
  struct Feed {
    std::unique_ptr<InputRows> rows;
    std::vector<int> columns;  // of the sample, for each column of the source
    std::vector<const sql::StateUse*> uses;
  };
  struct Found {
    double rows = 0;             // that reached the operator
    double rate = 0;             // of them, for each millisecond of event time; 0 where there is none
    double delay_ms = 0;         // of the watermark
    sql::KeySample keys, names;  // `names`: keys with the names of elements, of kDistinct
    std::vector<size_t> key_bytes;
    std::vector<uint64_t> group_hashes;  // of sub-keys: of the keys they belong to
    EntrySample entries;
  };

  TableSample(std::vector<Feed> feeds, int64_t most_rows);
  void OnColumns(int, const Schema&) override {}
  void OnRows(int statement, const Batch& batch) override;
  void OnOk(int) override {}
  void OnError(int, StatementPhase, const Status&) override {}
  Status status() const override;

  double rows() const { return static_cast<double>(rows_); }
  // What went wrong with the rows of the sample; otherwise there is something in `Of` for its uses.
  const Status& failed() const { return failed_; }
  Found Of(const sql::StateUse& use) const;

 private:
  // How often values occur.
  struct Occurrences {
    std::unordered_map<uint64_t, int64_t> counts;
    std::vector<sql::PrefixCount> prefixes;
    bool Add(uint64_t hash) { return ++counts[hash] == 1; }
    void NotePrefix(double rows);
    sql::KeySample Take(double rows) const;
  };
  struct Counter {
    const sql::StateUse* use = nullptr;
    size_t feed = 0;
    KeyCodec key_codec{{}};
    RowCodec name_codec{{}}, row_codec{{}};
    int64_t rows = 0;
    Occurrences keys, names;
    std::vector<size_t> key_bytes;
    std::vector<uint64_t> group_hashes;
    EntrySample entries;
    std::vector<std::vector<ColumnPtr>> values;  // pieces of entries.values
  };
  void Pass(const Batch& batch);
  void Count(Counter* counter, const Batch& batch);
  void NoteEntry(Counter* counter, const Batch& batch, int64_t row, bool new_key);
  std::vector<Feed> feeds_;
  std::vector<Counter> counters_;
  int64_t most_rows_, rows_ = 0, next_prefix_;
  Status failed_;
  std::string key_, name_;
};

}  // namespace penstock
