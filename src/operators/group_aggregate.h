// GroupAggregate: GROUP BY over a changelog, updating. Emits +I when a group appears, -U/+U when its values
// change, -D when its last row was taken back; exactly the changes of row-by-row processing, whatever the
// batch size. Aggregates are updated a column at a time; the changes are put together afterwards from the
// values before and after each row.
#pragma once

#include "operators/aggregate_set.h"
#include "operators/emit_queue.h"

namespace penstock {

struct GroupAggregateSpec {
  std::vector<int> groups;  // columns of the input
  std::vector<DataType> group_types;
  std::vector<AggregateCall> calls;
  bool retracts = false;  // the input has -U or -D rows
  bool emit_update_before = true;
  int64_t ttl_ms = 0;
  std::string Serialize() const;
  static Result<GroupAggregateSpec> Parse(std::string_view bytes);
};

class GroupAggregate : public Operator {
 public:
  explicit GroupAggregate(GroupAggregateSpec spec) : spec_(std::move(spec)), codec_(spec_.group_types) {}
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override { return queue_.Flush(out); }

 private:
  // Rows [begin, end) in which no group dies and comes back.
  struct Chunk;
  Status ProcessRows(const Batch& batch, int64_t begin, int64_t end);
  Status ProcessChunk(const Batch& batch, const KeyBlock& keys, int64_t begin, int64_t* end);

  GroupAggregateSpec spec_;
  KeyCodec codec_;
  AggregateSet aggregates_;
  FixedState* state_ = nullptr;
  std::vector<DataType> output_types_;
  EmitQueue queue_;
};

}  // namespace penstock
