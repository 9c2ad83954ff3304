// Adds every operator of this module to a registry under the names that the planner uses.
#pragma once

#include "stream/registry.h"

namespace penstock {

void RegisterOperators(FactoryRegistry* registry);
// Part of it: those of batch mode (batch/).
void RegisterBatchOperators(FactoryRegistry* registry);

}  // namespace penstock
