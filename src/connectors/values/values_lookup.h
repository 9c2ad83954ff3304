// Lookups in a `values` table: the whole file is read when the first key is asked for, its changes are
// applied in order, and rows are found by an index on the key columns.
#pragma once

#include "stream/lookup.h"

namespace penstock {

Result<std::unique_ptr<LookupReader>> MakeValuesLookup(const LookupSpec& spec, const LookupContext& context);

}  // namespace penstock
