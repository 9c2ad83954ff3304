// BatchTemporalJoin: left JOIN right FOR SYSTEM_TIME AS OF left.rowtime: the rows of both sides are sorted by
// key and time, versions before the rows that ask for them; then each left row meets the version that was
// valid at its time. The right side is the changelog as it came: a deleted version matches nothing.
#pragma once

#include "operators/batch/batch_operator.h"
#include "operators/batch/spill/external_sort.h"
#include "operators/joins/join_condition.h"
#include "operators/joins/temporal_join.h"

namespace penstock {

class BatchTemporalJoin : public BatchOperator {
 public:
  explicit BatchTemporalJoin(TemporalJoinSpec spec);

 protected:
  Status Prepare() override;
  Status Add(int input, const Batch& batch) override;
  Status Finish() override;
  Result<bool> NextResult(Batch* out) override;

 private:
  TemporalJoinSpec spec_;
  JoinCondition condition_;
  std::vector<JoinKeys> keys_;
  std::vector<RowCodec> codecs_;
  std::unique_ptr<ExternalSort> sort_;
  std::unique_ptr<SortedCursor> cursor_;
  bool at_row_ = false;
  std::string key_;      // of the version
  std::string version_;  // the row that is valid now
  bool valid_ = false;
};

}  // namespace penstock
