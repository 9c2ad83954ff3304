// Which columns of a query would not be the same when its rows were computed again: replay after a failure
// gives such a column another value, whatever its sink promises. EXPLAIN names them.
#pragma once

#include <set>
#include <string>

#include "sql/logical/logical_plan.h"

namespace penstock::sql {

// The functions that make column `column` of the plan's result differ (NOW, RAND, UUID, ...), through all
// that it is computed from; empty: it does not.
std::set<std::string> NondeterministicCalls(const PlanPtr& plan, int column);
// Those that decide which rows there are: in conditions of filters and joins.
std::set<std::string> NondeterministicConditions(const PlanPtr& plan);

}  // namespace penstock::sql
