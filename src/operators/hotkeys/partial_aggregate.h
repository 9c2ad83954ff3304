// PartialAggregate: the first of the two phases of a salted aggregation (docs/design/hot-keys.md). It adds
// rows up per key, and per slice where there are windows, and emits what it has as parts: rows of the key
// columns,
// `$slice` (the end of the slice in local milliseconds, 0 without windows), `$weight` (rows added less rows
// taken back) and a BYTES column per aggregate (AggregateKernel::WritePartial). The second phase puts parts
// together in any order. Parts leave when the watermark passes their slice, after a second (or the bundle's
// latency), when a bundle is full, and before every barrier: there is no state in checkpoints. Judges which
// rows are late, as the window aggregation would.
#pragma once

#include <set>

#include "operators/aggregation/aggregate_set.h"
#include "operators/emit_queue.h"
#include "operators/late_rows.h"
#include "operators/aggregation/mini_batch.h"
#include "operators/windows/window_assigner.h"

namespace penstock {

struct PartialAggregateSpec {
  std::vector<int> groups;  // columns of the input; its last column is $route
  std::vector<DataType> group_types;
  std::vector<AggregateCall> calls;
  bool retracts = false;
  bool windowed = false;
  WindowAssigner window;
  int time_column = -1;
  bool local_zone = false;
  MiniBatchSpec bundle;
  std::string Serialize() const;
  static Result<PartialAggregateSpec> Parse(std::string_view bytes);
};

class PartialAggregate : public Operator {
 public:
  explicit PartialAggregate(PartialAggregateSpec spec) : spec_(std::move(spec)), codec_(spec_.group_types) {}
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override { return FlushQueues(out); }
  int64_t NextProcessingTime() const override { return deadline_; }
  Result<Progress> OnProcessingTime(int64_t, Output& out) override { return Flush(out); }
  Result<Progress> OnEndOfInput(int, bool, Output& out) override { return Flush(out); }
  Result<Progress> Flush(Output& out) override;

 private:
  int64_t SliceOf(const Column& time, int64_t row) const;
  bool IsFired(int64_t window_end) const;
  // False when the row is late.
  bool Judge(int64_t row, int64_t slice);
  Status ProcessRows(const Batch& batch, int64_t begin, int64_t end);
  Status Accumulate(const Batch& batch, const std::vector<int32_t>& rows, int64_t slice);
  Status EmitSlice(int64_t slice);
  Status EmitAll();
  void AddMark(const Mark& mark);
  Progress FlushQueues(Output& out);

  PartialAggregateSpec spec_;
  KeyCodec codec_;
  AggregateSet aggregates_;
  FixedState* state_ = nullptr;  // empty at every barrier
  std::set<int64_t> slices_;     // that hold rows
  int64_t rows_ = 0;             // held
  int64_t deadline_ = INT64_MAX;
  int64_t watermark_ = kNoWatermark;
  std::vector<Mark> marks_;  // that wait behind the rows of a bundle
  std::vector<DataType> output_types_;
  EmitQueue queue_;
  LateRows late_;
};

}  // namespace penstock
