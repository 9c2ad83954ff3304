// UnionOperator: UNION ALL. The gate has merged the watermarks already; batches pass.
#pragma once

#include "stream/operator.h"

namespace penstock {

class UnionOperator : public Operator {
 public:
  Result<Progress> Process(int, const Batch& batch, Output& out) override {
    out.Emit(batch);
    return Progress::kDone;
  }
};

}  // namespace penstock
