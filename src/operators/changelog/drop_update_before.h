// DropUpdateBefore: takes -U rows out of a stream whose consumer overwrites by key. Stateless.
#pragma once

#include "stream/operator.h"

namespace penstock {

class DropUpdateBefore : public Operator {
 public:
  Result<Progress> Process(int, const Batch& batch, Output& out) override {
    if (!batch.kinds) {
      out.Emit(batch);
      return Progress::kDone;
    }
    std::vector<int32_t> kept;
    for (int64_t row = 0; row < batch.rows; ++row) {
      if (batch.kind(row) != RowKind::kUpdateBefore) kept.push_back(static_cast<int32_t>(row));
    }
    Batch result = static_cast<int64_t>(kept.size()) == batch.rows ? batch : batch.Take(kept);
    if (!result.empty()) out.Emit(std::move(result));
    return Progress::kDone;
  }
};

}  // namespace penstock
