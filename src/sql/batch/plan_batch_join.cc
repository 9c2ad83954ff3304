// Joins in batch mode: times and windows are columns like others, so regular, interval and window joins are
// one operator.
#include "operators/batch/batch_join.h"
#include "sql/physical/physical_planner.h"
#include "sql/physical/plan_join.h"

namespace penstock::sql {

Result<PhysicalStream> PhysicalPlanner::PlanBatchJoin(const PlanPtr& plan, const JoinNode& node) {
  std::vector<ExprPtr> parts = node.condition ? SplitConjunction(node.condition) : std::vector<ExprPtr>();
  JoinShape shape = AnalyzeCondition(parts, plan->input(0)->schema.size());
  JoinInputs inputs = MakeJoinInputs(plan, node.kind, shape.keys, shape.rest);
  ASSIGN_OR_RETURN(PhysicalStream left, Plan(inputs.plans[kLeftSide], true));
  ASSIGN_OR_RETURN(PhysicalStream right, Plan(inputs.plans[kRightSide], true));
  BatchJoinSpec spec{inputs.spec};
  return AddJoin("batch_join", shape.keys.empty() ? "NestedLoopJoin" : "HashJoin", spec.Serialize(),
                 plan->schema, left, inputs.spec.sides[kLeftSide].keys, right,
                 inputs.spec.sides[kRightSide].keys);
}

}  // namespace penstock::sql
