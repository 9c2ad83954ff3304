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

// Whether groups of these aggregates can be put together out of parts that came in any order; the error names
// the aggregate that cannot. Over retractions a part may take back what another part brings.
inline Status CheckParts(std::span<const AggregateCall> calls, bool retracts) {
  const EvalContext context;
  for (const AggregateCall& call : calls) {
    const AggregateFunction* function = AggregateRegistry::BuiltIn().Find(call.function);
    if (function == nullptr) continue;
    ASSIGN_OR_RETURN(auto kernel,
                     function->BindCall({call.arg_types, call.constants, call.type, retracts, &context}));
    bool variance = call.function.starts_with("VAR") || call.function.starts_with("STDDEV");
    if (kernel->has_partials() && !(variance && retracts)) continue;
    return SqlError(
        ErrorNumber::kUnsupported, {},
        call.function + " cannot be put together out of parts, which 'penstock.hot-keys' = 'salt' needs",
        kernel->has_partials() ? "its input takes rows back"
                               : "it depends on the order of rows: SET 'penstock.hot-keys' = 'none'");
  }
  return Status::Ok();
}

}  // namespace penstock
