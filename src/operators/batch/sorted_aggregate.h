// SortedAggregate: GROUP BY whose aggregates cannot be put together from parts (DISTINCT, LISTAGG,
// FIRST_VALUE
// ..): the rows are sorted by group and then aggregated group after group, so only one group at a time is in
// memory. Each DISTINCT over other arguments sorts the rows once more, by group and argument: equal values
// then follow each other.
#pragma once

#include <deque>

#include "operators/batch/batch_aggregate.h"
#include "operators/batch/spill/external_sort.h"

namespace penstock {

class SortedAggregate : public BatchOperator {
 public:
  explicit SortedAggregate(BatchAggregateSpec spec);
  ~SortedAggregate() override;

 protected:
  Status Prepare() override;
  Status Add(int input, const Batch& batch) override;
  Status Finish() override;
  Result<bool> NextResult(Batch* out) override;

 private:
  // The calls that see the same rows in the same order.
  struct Part;
  // Rows that were read and not yet given to the aggregates.
  struct Chunk;
  Part& PartFor(const AggregateCall& call);
  Status AddTo(Part& part, const Batch& batch, const KeyBlock& groups);
  Result<bool> Advance(Part& part);
  Status ReadGroups(Part& part, size_t most_rows);
  Status Update(Part& part, Chunk* chunk);
  uint8_t* StateOf(Part& part, size_t group);

  BatchAggregateSpec spec_;
  KeyCodec group_codec_;
  RowCodec row_codec_;
  std::vector<std::unique_ptr<Part>> parts_;
  std::deque<std::string> groups_;  // that are being aggregated
  bool only_row_due_ = false;       // without groups, over no rows
};

}  // namespace penstock
