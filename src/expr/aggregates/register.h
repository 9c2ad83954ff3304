// One function per file of this folder, each adding its part of the built-in aggregates.
#pragma once

#include "expr/aggregate.h"

namespace penstock {

void RegisterBasicAggregates(AggregateRegistry* registry);

}  // namespace penstock
