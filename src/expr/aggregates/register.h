// One function per file of this folder, each adding its part of the built-in aggregates.
#pragma once

#include "expr/aggregate.h"

namespace penstock {

void RegisterBasicAggregates(AggregateRegistry* registry);
void RegisterExtremes(AggregateRegistry* registry);

}  // namespace penstock
