// Binds the aggregates of a plan once, so that what a kernel refuses (rows taken back from a sketch that
// cannot forget) is an error of the statement and not of the running job.
#pragma once

#include <span>

#include "expr/aggregate.h"

namespace penstock {

inline Status CheckAggregates(std::span<const AggregateCall> calls, bool retracts) {
  const EvalContext context;
  for (const AggregateCall& call : calls) {
    const AggregateFunction* function = AggregateRegistry::BuiltIn().Find(call.function);
    if (function == nullptr) continue;
    auto kernel = function->BindCall({call.arg_types, call.constants, call.type, retracts, &context});
    if (!kernel) return kernel.error();
  }
  return Status::Ok();
}

}  // namespace penstock
