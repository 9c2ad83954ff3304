// OverChanges: window functions UNBOUNDED PRECEDING over an order that is no time attribute, updating. Rows
// are kept per partition in order; a row that comes in leaves at once with its results and updates the rows
// behind it (with RANGE also its peers); a row that is taken back leaves as -D and updates them again. The
// change of a row keeps the kind it came with. As Flink does, rows behind are updated even where their value
// stays, unless every function is one whose accumulator is its value (MIN, MAX, FIRST_VALUE, LAST_VALUE):
// then the updates end at the first row that does not change.
#pragma once

#include "operators/aggregation/aggregate_set.h"
#include "operators/over/over_functions.h"

namespace penstock {

struct OverChangesSpec {
  RowLayout rows;
  bool row_frame = false;  // ROWS instead of RANGE
  OverFunctions functions;
  bool emit_update_before = true;
  int64_t ttl_ms = 0;
  std::string Serialize() const;
  static Result<OverChangesSpec> Parse(std::string_view bytes);
};

class OverChanges : public Operator {
 public:
  explicit OverChanges(OverChangesSpec spec);
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override { return queue_.Flush(out); }
  Status SnapshotState(std::vector<std::string>* out) override;
  Status RestoreState(const std::vector<std::string>& lists) override;

 private:
  // A partition in order.
  struct Rows {
    std::vector<std::string> elements;  // sort key and arrival number
    std::vector<std::string> rows;
    size_t size() const { return rows.size(); }
    std::string_view sort_key(size_t i) const;
  };
  Status ProcessRows(const Batch& batch, int64_t begin, int64_t end);
  Status Insert(StateKey key, std::string element, std::string row, RowKind kind);
  Status TakeBack(StateKey key, const std::string& sort_key, const std::string& row);
  Rows Load(StateKey key) const;
  // The result columns of every row.
  Result<std::vector<ColumnPtr>> Evaluate(StateKey key, const Rows& rows);
  ColumnPtr Positions(const Rows& rows, const OverFunction& function) const;
  ColumnPtr Lags(const Rows& rows, const Batch& batch, const OverFunction& function) const;
  void Add(const Rows& rows, const std::vector<ColumnPtr>& results, size_t i, RowKind kind);
  // Row i before is row j after; false when nothing behind it changes either.
  bool Update(const Rows& before, const std::vector<ColumnPtr>& old, size_t i, const Rows& after,
              const std::vector<ColumnPtr>& now, size_t j);

  OverChangesSpec spec_;
  KeyCodec partition_codec_;
  KeyCodec order_codec_;
  RowCodec row_codec_;
  AggregateSet aggregates_;
  bool by_value_ = true;
  MapState* list_ = nullptr;
  ArrivalCounter arrivals_;
  ChangeWriter writer_;
  EmitQueue queue_;
};

}  // namespace penstock
