// What an OVER node computes, as operators take it; shared by both modes. Internal to the physical planner.
#pragma once

#include "operators/over/over_functions.h"
#include "sql/logical/logical_plan.h"

namespace penstock::sql {

// In a stream nothing that needs later rows; kInvalidPlan says so. LEAD becomes LAG with a negative offset.
Result<OverFunctions> OverFunctionsOf(const OverNode& node, bool batch);

// Over(Project?(Over(x))) with the same specification as Project(Over(Project(x))) with all calls in one
// node; null when the two differ or the upper one reads results of the lower one.
PlanPtr MergeOvers(const PlanPtr& plan);

}  // namespace penstock::sql
