// Top-N, deduplication, window Top-N and window deduplication: which of them a pattern is, as Flink's rules
// choose.
#include "sql/physical/plan_rank.h"

#include <algorithm>

#include "operators/calc.h"
#include "operators/rank/deduplicate.h"
#include "operators/rank/rank.h"
#include "operators/rank/window_rank.h"
#include "sql/physical/physical_planner.h"
#include "sql/logical/window_property.h"

namespace penstock::sql {

namespace {

bool Contains(const std::vector<int>& columns, int column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

// Whether a column is the time that the windows of its plan were cut on.
bool IsWindowedTime(const PlanPtr& plan, int column) {
  if (const auto* tvf = plan->As<WindowTvfNode>()) return column == tvf->time_column;
  if (const auto* project = plan->As<ProjectNode>()) {
    const ExprPtr& expr = project->exprs[static_cast<size_t>(column)];
    return expr->is_input() && IsWindowedTime(plan->input(), expr->index());
  }
  return plan->As<FilterNode>() != nullptr && IsWindowedTime(plan->input(), column);
}

bool UsesNumber(const RankPattern& pattern) {
  auto uses = [&](const ExprPtr& expr) { return Contains(InputsOf(expr), pattern.number_column()); };
  return std::any_of(pattern.exprs.begin(), pattern.exprs.end(), uses) ||
         std::any_of(pattern.rest.begin(), pattern.rest.end(), uses);
}

// Whether the partition holds the columns of the rows' window.
std::optional<WindowProperty> MatchWindow(const PlanPtr& input, const std::vector<int>& partition) {
  std::optional<WindowProperty> window = DeriveWindow(input);
  bool windowed =
      window && window->complete() && Contains(partition, window->start) && Contains(partition, window->end);
  return windowed ? window : std::nullopt;
}

}  // namespace

Result<std::optional<PhysicalStream>> PhysicalPlanner::TryPlanRank(const PlanPtr& plan, bool need_before) {
  ASSIGN_OR_RETURN(std::optional<RankPattern> pattern, MatchRank(plan));
  if (!pattern) return std::optional<PhysicalStream>();
  bool number = UsesNumber(*pattern) && !pattern->constant();
  bool before = need_before || !pattern->rest.empty();
  const PlanPtr& input = pattern->over->input();
  std::optional<WindowProperty> window = MatchWindow(input, pattern->over->As<OverNode>()->partition_by);
  PhysicalStream stream;
  if (window && pattern->last_column < 0) {
    ASSIGN_OR_RETURN(stream, PlanWindowRank(*pattern, *window, number));
  } else {
    ASSIGN_OR_RETURN(stream, PlanTopN(plan, *pattern, number, before));
  }
  // A number that can only be one is a constant again.
  CalcSpec calc;
  auto resolve = [&](const ExprPtr& expr) {
    if (!pattern->constant()) return expr;
    return TransformExpr(expr, [&](const ExprPtr& node) -> ExprPtr {
      if (!node->is_input() || node->index() != pattern->number_column()) return nullptr;
      return Expr::Literal(Value::Int(pattern->last), node->type());
    });
  };
  for (ExprPtr& condition : pattern->rest) condition = resolve(condition);
  for (const ExprPtr& expr : pattern->exprs) calc.exprs.push_back(resolve(expr));
  calc.condition = MakeConjunction(pattern->rest);
  stream.vertex = AddOperator("calc", calc.condition ? "Filter" : "Project", calc.Serialize(), plan->schema,
                              stream, nullptr);
  return std::optional(stream);
}

Result<PhysicalStream> PhysicalPlanner::PlanWindowRank(const RankPattern& pattern,
                                                       const WindowProperty& window, bool number) {
  const OverNode& over = *pattern.over->As<OverNode>();
  const PlanPtr& input = pattern.over->input();
  if (window.window.proctime) {
    return SqlError(ErrorNumber::kInvalidPlan, {}, "Processing time Window TopN is not supported yet.");
  }
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(input, true));
  if (!stream.mode.insert_only()) {
    return SqlError(ErrorNumber::kUpdatesNotAccepted, {},
                    "Window TopN doesn't support consuming update and delete changes");
  }
  WindowRankSpec spec;
  spec.rows.types = input->schema.types();
  for (int column : over.partition_by) {
    if (column != window.start && column != window.end) spec.rows.partition.push_back(column);
  }
  spec.rows.order = SortColumnsOf(over.order_by);
  spec.window_start = window.start;
  spec.window_end = window.end;
  spec.local_zone = window.time_type.is(TypeKind::kTimestampLtz);
  spec.first = pattern.first;
  spec.last = pattern.last;
  spec.number = number;
  // Over the window's own time it is a deduplication: the last row is the one that came last.
  spec.later_wins = pattern.constant() && pattern.last == 1 && over.order_by.size() == 1 &&
                    over.order_by[0].descending && IsWindowedTime(input, over.order_by[0].column);
  Schema schema = input->schema;
  if (number) schema.Add(pattern.over->schema[pattern.number_column()]);
  stream.vertex =
      AddOperator("window_rank", "WindowRank", spec.Serialize(), schema, stream, &spec.rows.partition);
  RETURN_IF_ERROR(RouteLate(stream.vertex, {{input, window.end}}));
  return stream;
}

Result<PhysicalStream> PhysicalPlanner::PlanTopN(const PlanPtr& plan, const RankPattern& pattern, bool number,
                                                 bool need_before) {
  const OverNode& over = *pattern.over->As<OverNode>();
  const PlanPtr& input = pattern.over->input();
  std::optional<std::vector<int>> row_key = MatchUpdateFast(
      input, over.partition_by, over.order_by, [this](const PlanPtr& p) { return IsInsertOnly(p); });
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(input, !row_key));
  RowLayout rows{input->schema.types(), over.partition_by, SortColumnsOf(over.order_by)};
  int64_t ttl_ms = StateTtl(plan);
  const DataType* time = over.order_by.size() == 1 ? &input->schema[over.order_by[0].column].type : nullptr;
  bool by_time = time != nullptr && time->time_attribute() != TimeAttribute::kNone;
  if (by_time && pattern.constant() && pattern.last == 1 && stream.mode.insert_only()) {
    DeduplicateSpec spec{std::move(rows), time->is_rowtime() ? over.order_by[0].column : -1,
                         over.order_by[0].descending, need_before, ttl_ms};
    spec.rows.order.clear();
    stream.vertex = AddOperator("deduplicate", "Deduplicate", spec.Serialize(), input->schema, stream,
                                &spec.rows.partition);
    if (!spec.keep_last) RETURN_IF_ERROR(RouteLate(stream.vertex, {{input, spec.time_column}}));
    if (spec.keep_last) stream.mode = stream.mode.With(RowKind::kUpdateAfter);
    if (spec.keep_last && need_before) stream.mode = stream.mode.With(RowKind::kUpdateBefore);
    return stream;
  }
  RankSpec spec;
  spec.rows = std::move(rows);
  spec.first = pattern.first;
  spec.last = pattern.last;
  spec.last_column = pattern.last_column;
  spec.number = number;
  spec.emit_update_before = need_before;
  spec.ttl_ms = ttl_ms;
  Schema schema = input->schema;
  if (number) schema.Add(pattern.over->schema[pattern.number_column()]);
  return AddRank(std::move(spec), row_key, schema, stream);
}

Result<PhysicalStream> PhysicalPlanner::AddRank(RankSpec spec, const std::optional<std::vector<int>>& row_key,
                                                const Schema& schema, PhysicalStream stream) {
  spec.input = stream.mode.insert_only() ? RankInput::kAppend
               : row_key                 ? RankInput::kUpdate
                                         : RankInput::kRetract;
  if (spec.input == RankInput::kUpdate) spec.row_key = *row_key;
  stream.vertex = AddOperator("rank", "Rank", spec.Serialize(), schema, stream, &spec.rows.partition);
  stream.mode = spec.emit_update_before ? ChangelogMode::All() : ChangelogMode::Upsert();
  stream.deletes_by_key = false;
  return stream;
}

}  // namespace penstock::sql
