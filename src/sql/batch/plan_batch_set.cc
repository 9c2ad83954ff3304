// INTERSECT and EXCEPT in batch mode: the rows of both sides are counted together.
#include "operators/batch/batch_set_operation.h"
#include "sql/physical/physical_planner.h"

namespace penstock::sql {

namespace {

// The input with two columns more: 1 in that of its own side, NULL in the other.
PlanPtr Flagged(const PlanPtr& input, bool left) {
  std::vector<ExprPtr> exprs = IdentityExprs(input->schema);
  std::vector<std::string> names;
  for (const Field& field : input->schema.fields()) names.push_back(field.name);
  for (bool flag : {left, !left}) {
    exprs.push_back(flag ? Expr::Literal(Value::Int(1), DataType::Int()) : Expr::NullOf(DataType::Int()));
    names.push_back(flag == left ? "$left" : "$right");
  }
  return MakeProject(input, std::move(exprs), std::move(names));
}

}  // namespace

Result<PhysicalStream> PhysicalPlanner::PlanBatchSetOperation(const PlanPtr& plan, const SetOpNode& node) {
  int width = plan->schema.size();
  Schema flagged = plan->schema;
  for (const char* name : {"$left", "$right"}) flagged.Add({name, DataType::Int()});
  PlanPtr both =
      MakePlan(UnionNode{}, flagged, {Flagged(plan->input(0), true), Flagged(plan->input(1), false)});
  AggregateNode counts;
  Schema counted = plan->schema;
  for (int i = 0; i < width; ++i) counts.groups.push_back(i);
  for (int side = 0; side < 2; ++side) {
    AggregateCall call;
    call.function = "COUNT";
    call.args = {width + side};
    call.arg_types = {DataType::Int()};
    call.constants = {Value::Null()};
    call.type = DataType::BigInt().NotNull();
    counts.calls.push_back(std::move(call));
    counted.Add({side == 0 ? "$left" : "$right", DataType::BigInt().NotNull()});
  }
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(MakePlan(std::move(counts), counted, {both}), true));
  BatchSetOperationSpec spec{node.op == SetOp::kIntersect, node.all};
  stream.vertex = AddOperator("batch_set_operation", spec.intersect ? "Intersect" : "Except",
                              spec.Serialize(), plan->schema, stream, nullptr);
  return stream;
}

}  // namespace penstock::sql
