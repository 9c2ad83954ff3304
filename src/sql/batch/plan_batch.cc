// The batch branch of the physical planner (SET 'execution.runtime-mode' = 'batch'): which nodes become other
// operators than in a stream. All streams of a batch job are insert-only; docs/design/batch.md says why.
#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "operators/batch/batch_aggregate.h"
#include "operators/batch/batch_fold.h"
#include "operators/batch/batch_sort.h"
#include "operators/rank/limit.h"
#include "sql/physical/physical_planner.h"
#include "sql/physical/plan_rank.h"

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

// Nodes that may stand between the changes of a table and a temporal join.
bool HandsChangesOn(const PlanPtr& plan) {
  return plan->As<ScanNode>() != nullptr || plan->As<NormalizeNode>() != nullptr ||
         plan->As<ProjectNode>() != nullptr || plan->As<FilterNode>() != nullptr ||
         plan->As<WatermarkNode>() != nullptr || plan->As<ValuesNode>() != nullptr;
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
  if (raw_changes_ && !HandsChangesOn(plan)) {
    return Unsupported("a versioned table that is more than rows of a table, projected or deduplicated,");
  }
  std::optional<PhysicalStream> made;
  if (const auto* node = plan->As<AggregateNode>()) {
    ASSIGN_OR_RETURN(made, PlanBatchAggregate(plan, *node));
  } else if (const auto* node = plan->As<SortNode>()) {
    ASSIGN_OR_RETURN(made, PlanBatchSort(plan, *node));
  } else if (const auto* node = plan->As<NormalizeNode>()) {
    ASSIGN_OR_RETURN(made, PlanBatchNormalize(plan, *node));
  } else if (const auto* node = plan->As<WindowTvfNode>()) {
    if (node->window.proctime) return Unsupported("a window over processing time");
    if (node->window.kind == WindowKind::kSession) {
      ASSIGN_OR_RETURN(made, PlanBatchSession(plan, *node));
    }
  } else if (const auto* node = plan->As<JoinNode>()) {
    ASSIGN_OR_RETURN(made, PlanBatchJoin(plan, *node));
  } else if (plan->As<ProjectNode>() != nullptr || plan->As<FilterNode>() != nullptr) {
    return TryPlanBatchRank(plan);
  } else if (const auto* node = plan->As<OverNode>()) {
    ASSIGN_OR_RETURN(made, PlanBatchOver(plan, *node, -1, false));
  } else if (const auto* node = plan->As<SetOpNode>()) {
    if (node->op != SetOp::kUnion) {
      ASSIGN_OR_RETURN(made, PlanBatchSetOperation(plan, *node));
    }
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
  if (raw_changes_ && !node.filter) {
    ASSIGN_OR_RETURN(PhysicalStream probed, Probe(plan->input(), {false, false}));
    // Deletions that carry only the key are completed by the row they take back.
    if (probed.deletes_by_key) return PlanNormalize(plan, node, Need(false));
    return Plan(plan->input(), {false, false});
  }
  // All changes in their order, not what is left of them.
  bool raw = std::exchange(raw_changes_, true);
  Result<PhysicalStream> changes = Plan(plan->input(), {false, false});
  raw_changes_ = raw;
  ASSIGN_OR_RETURN(PhysicalStream stream, std::move(changes));
  stream = AddFold(plan->schema, node.keys, stream);
  if (!node.filter) return stream;
  return AddCalc(node.filter, IdentityExprs(plan->schema), plan->schema, stream);
}

}  // namespace penstock::sql
