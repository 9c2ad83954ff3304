// UNION ALL, INTERSECT and EXCEPT, and the expansion of grouping sets.
#include <algorithm>

#include "operators/aggregation/expand.h"
#include "operators/changelog/set_operation.h"
#include "sql/physical/physical_planner.h"

namespace penstock::sql {

Result<PhysicalStream> PhysicalPlanner::PlanUnion(const PlanPtr& plan, Need need) {
  std::vector<PhysicalStream> inputs;
  PhysicalStream out;
  out.mode = ChangelogMode();
  for (const PlanPtr& input : plan->inputs) {
    ASSIGN_OR_RETURN(PhysicalStream stream, Plan(input, need));
    out.mode = out.mode.Union(stream.mode);
    out.bounded = out.bounded && stream.bounded;
    out.deletes_by_key = out.deletes_by_key || stream.deletes_by_key;
    inputs.push_back(stream);
  }
  JobVertex made;
  made.uid = NewUid("union");
  made.name = "Union";
  made.factory = "union";
  made.schema = plan->schema;
  made.inputs = static_cast<int>(inputs.size());
  for (const PhysicalStream& input : inputs)
    made.parallelism = std::max(made.parallelism, vertex(input.vertex).parallelism);
  out.vertex = graph_.AddVertex(std::move(made)).id;
  for (size_t i = 0; i < inputs.size(); ++i) Connect(inputs[i], out.vertex, static_cast<int>(i), nullptr);
  return out;
}

Result<PhysicalStream> PhysicalPlanner::PlanSetOperation(const PlanPtr& plan, const SetOpNode& node) {
  ASSIGN_OR_RETURN(PhysicalStream left, Plan(plan->input(0), true));
  ASSIGN_OR_RETURN(PhysicalStream right, Plan(plan->input(1), true));
  SetOperationSpec spec{plan->schema.types(), node.op == SetOp::kIntersect, node.all, StateTtl(plan)};
  std::vector<int> keys;
  for (int i = 0; i < plan->schema.size(); ++i) keys.push_back(i);
  PhysicalStream out;
  out.vertex = AddOperator("set_operation", node.op == SetOp::kIntersect ? "Intersect" : "Except",
                           spec.Serialize(), plan->schema, left, &keys);
  vertex(out.vertex).inputs = 2;
  Connect(Watched(right, &keys), out.vertex, 1, &keys);
  bool deletes = node.op == SetOp::kExcept || !left.mode.insert_only() || !right.mode.insert_only();
  out.mode = deletes ? ChangelogMode::InsertOnly().With(RowKind::kDelete) : ChangelogMode::InsertOnly();
  out.bounded = left.bounded && right.bounded;
  return out;
}

Result<PhysicalStream> PhysicalPlanner::PlanExpand(const PlanPtr& plan, const ExpandNode& node) {
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(plan->input(), true));
  ExpandSpec spec;
  spec.keys = node.keys;
  for (int key : node.keys) spec.key_types.push_back(plan->input()->schema[key].type);
  spec.sets = node.sets;
  spec.ids = ExpandIds(node);
  stream.vertex = AddOperator("expand", "Expand", spec.Serialize(), plan->schema, stream, nullptr);
  return stream;
}

}  // namespace penstock::sql
