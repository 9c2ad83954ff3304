// GroupAggregate: GROUP BY over a changelog, updating. Emits +I when a group appears, -U/+U when its values
// change, -D when its last row was taken back; exactly the changes of row-by-row processing, whatever the
// batch size; with mini-batches the changes of a bundle are folded into one per group. Aggregates are updated
// a column at a time; the changes are put together afterwards from the values before and after each row.
#pragma once

#include "operators/aggregation/aggregate_set.h"
#include "operators/emit_queue.h"
#include "operators/aggregation/mini_batch.h"

namespace penstock {

struct GroupAggregateSpec {
  std::vector<int> groups;  // columns of the input
  std::vector<DataType> group_types;
  std::vector<AggregateCall> calls;
  bool retracts = false;  // the input has -U or -D rows
  bool emit_update_before = true;
  int64_t ttl_ms = 0;
  MiniBatchSpec mini_batch;
  bool takes_parts =
      false;  // rows are parts: groups, $slice, $weight, a part per call; with mini-batches only
  std::string Serialize() const;
  static Result<GroupAggregateSpec> Parse(std::string_view bytes);
};

class GroupAggregate : public Operator {
 public:
  explicit GroupAggregate(GroupAggregateSpec spec)
      : spec_(std::move(spec)), codec_(spec_.group_types), bundle_(spec_.mini_batch) {}
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override { return queue_.Flush(out); }
  int64_t NextProcessingTime() const override { return bundle_.deadline(); }
  Result<Progress> OnProcessingTime(int64_t, Output& out) override { return Flush(out); }
  Result<Progress> OnEndOfInput(int, bool, Output& out) override { return Flush(out); }
  Result<Progress> Flush(Output& out) override;

 private:
  // Rows [begin, end) in which no group dies and comes back.
  struct Chunk;
  Status ProcessRows(const Batch& batch, int64_t begin, int64_t end);
  Status ProcessChunk(const Batch& batch, const KeyBlock& keys, int64_t begin, int64_t* end);
  Status FindStates(const KeyBlock& keys, int64_t begin, int64_t end, Chunk* chunk);
  void CountRows(const Batch& batch, int64_t begin, Chunk* chunk);
  void EmitChanges(const Batch& part, const Chunk& chunk);
  // Mini-batches (group_aggregate_bundle.cc).
  struct Touched;
  Status Collect(const Batch& batch, int64_t begin, int64_t end);
  Status FinishBundle();
  Status FoldRows(const Batch& batch);
  // Whether a group with that many rows is in the result.
  bool Lives(int64_t count) const { return spec_.takes_parts ? count > 0 : count != 0; }
  int weight_column() const { return static_cast<int>(spec_.groups.size()) + 1; }
  void EmitFolded(const Batch& batch, const std::vector<Touched>& touched,
                  const std::vector<ColumnPtr>& results);

  GroupAggregateSpec spec_;
  KeyCodec codec_;
  AggregateSet aggregates_;
  FixedState* state_ = nullptr;
  std::vector<DataType> output_types_;
  EmitQueue queue_;
  MiniBatch bundle_;
};

}  // namespace penstock
