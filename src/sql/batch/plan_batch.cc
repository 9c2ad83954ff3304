// The batch branch of the physical planner (SET 'execution.runtime-mode' = 'batch'): which nodes become other
// operators than in a stream. All streams of a batch job are insert-only; docs/design/batch.md says why.
#include <algorithm>

#include "base/strings.h"
#include "operators/batch/batch_aggregate.h"
#include "operators/batch/batch_fold.h"
#include "operators/batch/batch_sort.h"
#include "operators/limit.h"
#include "sql/physical_planner.h"
#include "sql/plan_rank.h"

namespace penstock::sql {

namespace {

// Whether states of its parts can be put together, which hash aggregation needs.
Result<bool> IsMergeable(const AggregateCall& call, const EvalContext* eval) {
  if (call.distinct) return false;
  const AggregateFunction* function = AggregateRegistry::BuiltIn().Find(call.function);
  if (function == nullptr) return Status::Internal("plan uses an aggregate that does not exist");
  ASSIGN_OR_RETURN(std::unique_ptr<AggregateKernel> kernel,
                   function->BindCall({call.arg_types, call.constants, call.type, false, eval}));
  return kernel->mergeable() && kernel->view_count() == 0;
}

Status Unsupported(const std::string& what) {
  return SqlError(ErrorNumber::kUnsupported, {}, what + " is not supported in batch mode");
}

}  // namespace

Status PhysicalPlanner::UnboundedInBatch(const Table& table) const {
  return SqlError(ErrorNumber::kInvalidPlan, {},
                  "Querying an unbounded table '" + table.path.ToString() +
                      "' in batch mode is not allowed. The table source is unbounded.",
                  "bound it (Kafka: 'scan.bounded.mode', datagen: 'number-of-rows'), or "
                  "SET 'execution.runtime-mode' = 'streaming'");
}

Result<std::optional<PhysicalStream>> PhysicalPlanner::TryPlanBatch(const PlanPtr& plan, Need) {
  std::optional<PhysicalStream> made;
  if (const auto* node = plan->As<AggregateNode>()) {
    ASSIGN_OR_RETURN(made, PlanBatchAggregate(plan, *node));
  } else if (const auto* node = plan->As<SortNode>()) {
    ASSIGN_OR_RETURN(made, PlanBatchSort(plan, *node));
  } else if (const auto* node = plan->As<NormalizeNode>()) {
    ASSIGN_OR_RETURN(made, PlanBatchNormalize(plan, *node));
  } else if (const auto* node = plan->As<WindowTvfNode>()) {
    if (node->window.proctime) return Unsupported("a window over processing time");
    if (node->window.kind == WindowKind::kSession) return Unsupported("SESSION");
  } else if (const auto* node = plan->As<JoinNode>()) {
    ASSIGN_OR_RETURN(made, PlanBatchJoin(plan, *node));
  } else if (const auto* node = plan->As<TemporalJoinNode>()) {
    if (!node->time->type().is_proctime()) return Unsupported("a join FOR SYSTEM_TIME AS OF a rowtime");
  } else if (plan->As<OverNode>() != nullptr) {
    return Unsupported("OVER");
  } else if (const auto* node = plan->As<SetOpNode>()) {
    if (node->op != SetOp::kUnion) return Unsupported("INTERSECT or EXCEPT");
  }
  return made;
}

Result<PhysicalStream> PhysicalPlanner::PlanBatchAggregate(const PlanPtr& plan, const AggregateNode& node) {
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(plan->input(), true));
  BatchAggregateSpec spec;
  spec.groups = node.groups;
  for (int group : node.groups) spec.group_types.push_back(plan->input()->schema[group].type);
  spec.calls = node.calls;
  spec.input_types = plan->input()->schema.types();
  bool mergeable = true;
  for (const AggregateCall& call : node.calls) {
    ASSIGN_OR_RETURN(bool can, IsMergeable(call, context_.eval));
    mergeable = mergeable && can;
  }
  stream.vertex = AddOperator(mergeable ? "batch_aggregate" : "batch_sorted_aggregate",
                              mergeable ? "HashAggregate" : "SortAggregate", spec.Serialize(), plan->schema,
                              stream, &node.groups);
  return stream;
}

Result<PhysicalStream> PhysicalPlanner::PlanBatchSort(const PlanPtr& plan, const SortNode& node) {
  const PlanPtr& input = plan->input();
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(input, true));
  std::vector<int> single;
  if (node.limit == 0 || (node.keys.empty() && node.limit > 0)) {
    LimitSpec spec{node.limit, node.offset, input->schema.types()};
    stream.vertex = AddOperator("limit", "Limit", spec.Serialize(), plan->schema, stream, &single);
    return stream;
  }
  BatchSortSpec spec;
  spec.rows = {input->schema.types(), {}, SortColumnsOf(node.keys)};
  spec.limit = node.limit;
  spec.offset = node.offset;
  stream.vertex = AddOperator("batch_sort", "Sort", spec.Serialize(), plan->schema, stream, &single);
  return stream;
}

PhysicalStream PhysicalPlanner::AddFold(const Schema& schema, const std::vector<int>& keys,
                                        PhysicalStream stream) {
  BatchFoldSpec spec{schema.types(), keys};
  std::vector<int> distribution = keys;
  for (int i = 0; keys.empty() && i < schema.size(); ++i) distribution.push_back(i);
  stream.vertex = AddOperator("batch_fold", "Fold", spec.Serialize(), schema, stream, &distribution);
  stream.mode = ChangelogMode::InsertOnly();
  stream.deletes_by_key = false;
  return stream;
}

Result<PhysicalStream> PhysicalPlanner::PlanBatchNormalize(const PlanPtr& plan, const NormalizeNode& node) {
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(plan->input(), {false, false}));
  stream = AddFold(plan->schema, node.keys, stream);
  if (!node.filter) return stream;
  return AddCalc(node.filter, IdentityExprs(plan->schema), plan->schema, stream);
}

}  // namespace penstock::sql
