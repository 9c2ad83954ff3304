// Shared by the files that plan joins.
#pragma once

#include <array>

#include "operators/joins/join_spec.h"
#include "sql/logical/join_analysis.h"

namespace penstock::sql {

// The inputs of a join with its keys as columns (computed ones stand behind the others), and the part of its
// spec that all joins share.
struct JoinInputs {
  std::array<PlanPtr, 2> plans;
  JoinSpec spec;
};

JoinInputs MakeJoinInputs(const PlanPtr& plan, JoinKind kind, const std::vector<EquiKey>& keys,
                          const std::vector<ExprPtr>& rest);

}  // namespace penstock::sql
