// Casts between types: the kernel behind CAST, TRY_CAST and implicit conversions. Semantics of Flink (dialect
// page, types): integer narrowing wraps, DECIMAL overflow gives NULL, unparsable text is an error or NULL.
#pragma once

#include "expr/function.h"

namespace penstock {

// A kernel of one argument. `nulls_on_error`: a value that cannot be converted becomes NULL instead of an
// error. REQUIRES: CanCastExplicitly(from, to) or the same types; `context` outlives the kernel.
Result<Kernel> MakeCast(const DataType& from, const DataType& to, const EvalContext& context,
                        bool nulls_on_error);

}  // namespace penstock
