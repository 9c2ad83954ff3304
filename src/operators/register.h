// Adds every operator of this module to a registry under the names that the planner uses.
#pragma once

#include "stream/registry.h"

namespace penstock {

void RegisterOperators(FactoryRegistry* registry);

}  // namespace penstock
