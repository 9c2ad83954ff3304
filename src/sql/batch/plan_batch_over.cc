// Windows over rows in batch mode: OVER in any order, Top-N and deduplication, sessions.
#include "operators/batch/batch_over.h"
#include "operators/windows/session_window.h"
#include "sql/batch/over_calls.h"
#include "sql/physical/physical_planner.h"
#include "sql/physical/plan_rank.h"

namespace penstock::sql {

namespace {

// Deduplication that keeps the last row: of rows of one time the last that came.
bool KeepsNewest(const RankPattern& pattern) {
  const auto& order = pattern.over->As<OverNode>()->order_by;
  if (!pattern.constant() || pattern.last != 1 || order.empty()) return false;
  const DataType& type = pattern.over->input()->schema[order[0].column].type;
  return order[0].descending && type.time_attribute() != TimeAttribute::kNone;
}

}  // namespace

Result<PhysicalStream> PhysicalPlanner::PlanBatchOver(const PlanPtr& plan, const OverNode& node,
                                                      int64_t most_number, bool newest_first) {
  // A merged node leaves no rows out.
  if (PlanPtr merged = most_number < 0 ? MergeOvers(plan) : nullptr) return Plan(merged, true);
  const PlanPtr& input = plan->input();
  BatchOverSpec spec;
  ASSIGN_OR_RETURN(spec.functions, OverFunctionsOf(node, true));
  spec.most_number = most_number;
  spec.newest_first = newest_first;
  std::vector<SortKey> order;
  for (const SortKey& key : node.order_by) {
    // Rows come in the order of processing time.
    if (!input->schema[key.column].type.is_proctime())
      order.push_back(key);
    else
      spec.newest_first = spec.newest_first || key.descending;
  }
  spec.rows = {input->schema.types(), node.partition_by, SortColumnsOf(order)};
  // No two rows come at the same processing time.
  bool by_arrival = order.size() < node.order_by.size();
  spec.row_frame = (node.has_frame && node.rows) || by_arrival;
  if (node.start == FrameBound::kPreceding) spec.preceding = node.preceding;
  if (node.start == FrameBound::kCurrentRow) spec.preceding = 0;
  bool by_distance = spec.preceding > 0 && !(node.has_frame && node.rows);
  if (by_distance && (order.size() != 1 || !input->schema[order[0].column].type.is_timestamp())) {
    return SqlError(ErrorNumber::kUnsupported, {},
                    "RANGE with a distance over a column that is no time is not supported in batch mode");
  }
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(input, true));
  stream.vertex = AddOperator("batch_over", most_number < 0 ? "OverAggregate" : "Rank", spec.Serialize(),
                              plan->schema, stream, &node.partition_by);
  return stream;
}

Result<std::optional<PhysicalStream>> PhysicalPlanner::TryPlanBatchRank(const PlanPtr& plan) {
  Result<std::optional<RankPattern>> matched = MatchRank(plan);
  // What a stream refuses is a filter here.
  if (!matched || !*matched || (*matched)->last_column >= 0) return std::optional<PhysicalStream>();
  RankPattern& pattern = **matched;
  const auto& node = *pattern.over->As<OverNode>();
  PhysicalStream stream;
  if (raw_changes_) {
    // Of a versioned table every row is a version.
    if (!KeepsNewest(pattern) || !pattern.rest.empty()) return std::optional<PhysicalStream>();
    raw_changes_ = false;
    Result<PhysicalStream> rows = Plan(pattern.over->input(), true);
    raw_changes_ = true;
    if (!rows) return rows.error();
    ExprPtr first = Expr::Literal(Value::Int(1), pattern.over->schema[pattern.number_column()].type);
    std::vector<ExprPtr> exprs;
    for (const ExprPtr& expr : pattern.exprs) {
      exprs.push_back(TransformExpr(expr, [&](const ExprPtr& e) -> ExprPtr {
        return e->is_input() && e->index() == pattern.number_column() ? first : nullptr;
      }));
    }
    return std::optional(AddCalc(nullptr, exprs, plan->schema, *rows));
  }
  ASSIGN_OR_RETURN(stream, PlanBatchOver(pattern.over, node, pattern.last, KeepsNewest(pattern)));
  if (pattern.first > 1) {
    const DataType& type = pattern.over->schema[pattern.number_column()].type;
    ASSIGN_OR_RETURN(ExprPtr from, MakeCall(context_, ">=",
                                            {Expr::Input(pattern.number_column(), type),
                                             Expr::Literal(Value::Int(pattern.first), type)},
                                            {}));
    pattern.rest.push_back(std::move(from));
  }
  return std::optional(AddCalc(MakeConjunction(pattern.rest), pattern.exprs, plan->schema, stream));
}

Result<PhysicalStream> PhysicalPlanner::PlanBatchSession(const PlanPtr& plan, const WindowTvfNode& node) {
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(plan->input(), true));
  const DataType& time = plan->input()->schema[node.time_column].type;
  SessionWindowSpec spec;
  spec.rows = {plan->input()->schema.types(), node.window.partition_keys, {}};
  spec.time_column = node.time_column;
  spec.gap = node.window.size;
  spec.local_zone = time.is(TypeKind::kTimestampLtz);
  spec.time_type = plan->schema[plan->schema.size() - 1].type;
  stream.vertex = AddOperator("batch_session", "WindowTableFunction", spec.Serialize(), plan->schema, stream,
                              &node.window.partition_keys);
  return stream;
}

}  // namespace penstock::sql
