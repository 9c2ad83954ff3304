// Limit: LIMIT and OFFSET without an order: lets rows (offset, offset + limit] pass; one task for all rows.
// The input is insert-only; over changes the planner uses Top-N by arrival.
#pragma once

#include "operators/rank/rank_rows.h"

namespace penstock {

struct LimitSpec {
  int64_t limit = -1;  // -1: none
  int64_t offset = 0;
  std::vector<DataType> types;
  std::string Serialize() const;
  static Result<LimitSpec> Parse(std::string_view bytes);
};

class Limit : public Operator {
 public:
  explicit Limit(LimitSpec spec) : spec_(std::move(spec)) {}
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Status SnapshotState(std::vector<std::string>* out) override;
  Status RestoreState(const std::vector<std::string>& lists) override;

 private:
  LimitSpec spec_;
  int64_t seen_ = 0;
};

}  // namespace penstock
