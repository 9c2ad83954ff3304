// BatchAggregate: GROUP BY whose aggregates can be put together from parts. Groups are kept in a hash table;
// when there is no room for more, their states go to files by the hash of the key, and are merged part by
// part at the end, dividing again what is still too large. Without groups there is one result row, even over
// no rows.
#pragma once

#include <deque>

#include "operators/aggregation/aggregate_set.h"
#include "operators/batch/batch_operator.h"
#include "operators/batch/group_table.h"
#include "operators/batch/spill/spill_partitions.h"

namespace penstock {

struct BatchAggregateSpec {
  std::vector<int> groups;  // columns of the input
  std::vector<DataType> group_types;
  std::vector<AggregateCall> calls;
  std::vector<DataType> input_types;  // of SortedAggregate
  std::string Serialize() const;
  static Result<BatchAggregateSpec> Parse(std::string_view bytes);
  std::vector<DataType> output_types() const;
};

class BatchAggregate : public BatchOperator {
 public:
  explicit BatchAggregate(BatchAggregateSpec spec)
      : BatchOperator(spec.output_types()), spec_(std::move(spec)), codec_(spec_.group_types) {}

 protected:
  Status Prepare() override;
  Status Add(int input, const Batch& batch) override;
  Status Finish() override;
  Result<bool> NextResult(Batch* out) override;

 private:
  Result<bool> Hold(size_t keys, size_t key_bytes);
  Status SpillTable();
  Status LoadPart(const SpilledPart& part);
  Status AddOnly();

  BatchAggregateSpec spec_;
  KeyCodec codec_;
  AggregateSet aggregates_;
  std::unique_ptr<GroupTable> table_;
  std::unique_ptr<HeldMemory> held_;
  std::unique_ptr<SpillPartitions> spilling_;  // of the level that is being written; null: nothing yet
  int level_ = 0;
  std::deque<SpilledPart> waiting_;
  size_t emitted_ = 0;  // slots of the table
  std::vector<uint64_t> aligned_;
};

}  // namespace penstock
