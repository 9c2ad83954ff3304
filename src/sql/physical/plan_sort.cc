// ORDER BY and LIMIT: a Top-N without a partition where there is a limit, else a sort by time.
#include "operators/rank/limit.h"
#include "operators/rank/rank.h"
#include "operators/rank/sort.h"
#include "sql/physical/physical_planner.h"
#include "sql/physical/plan_rank.h"

namespace penstock::sql {

namespace {
Status SortRefused(const std::string& message) {
  return SqlError(ErrorNumber::kInvalidPlan, {}, message,
                  "order by an ascending time attribute first, or add a LIMIT");
}
}  // namespace

Result<PhysicalStream> PhysicalPlanner::PlanSort(const PlanPtr& plan, const SortNode& node,
                                                 bool need_before) {
  const PlanPtr& input = plan->input();
  if (node.limit < 0 && node.offset > 0) {
    return SortRefused("FETCH is missing, which on streaming table is not supported currently.");
  }
  if (node.limit < 0) return PlanFullSort(plan, node);
  std::optional<std::vector<int>> row_key;
  if (!node.keys.empty())
    row_key = MatchUpdateFast(input, {}, node.keys, [this](const PlanPtr& p) { return IsInsertOnly(p); });
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(input, !row_key));
  bool passes = node.keys.empty() && stream.mode.insert_only();
  if (passes || node.limit == 0) {
    LimitSpec spec{node.limit, node.offset, input->schema.types()};
    std::vector<int> single;
    stream.vertex = AddOperator("limit", "Limit", spec.Serialize(), plan->schema, stream, &single);
    return stream;
  }
  RankSpec spec;
  spec.rows = {input->schema.types(), {}, SortColumnsOf(node.keys)};
  spec.first = node.offset + 1;
  spec.last = node.offset + node.limit;
  spec.emit_update_before = need_before;
  spec.ttl_ms = StateTtl(plan);
  return AddRank(std::move(spec), row_key, plan->schema, stream);
}

Result<PhysicalStream> PhysicalPlanner::PlanFullSort(const PlanPtr& plan, const SortNode& node) {
  const PlanPtr& input = plan->input();
  const SortKey& primary = node.keys[0];
  const DataType& type = input->schema[primary.column].type;
  bool by_time = type.time_attribute() != TimeAttribute::kNone;
  if (by_time && primary.descending) {
    return SortRefused("Primary sort order of a streaming table must be ascending on time.");
  }
  bool any_order = context_.config->GetBool("__table.exec.sort.non-temporal.enabled__", false);
  if (!by_time && !any_order) return SortRefused("Sort on a non-time-attribute field is not supported.");
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(input, true));
  if (by_time && !stream.mode.insert_only()) {
    return SqlError(ErrorNumber::kUpdatesNotAccepted, {},
                    "TemporalSort doesn't support consuming update and delete changes");
  }
  // Rows arrive in the order of processing time.
  if (type.is_proctime()) return stream;
  std::vector<SortKey> keys = node.keys;
  SortSpec spec;
  if (by_time) {
    spec.time_column = primary.column;
    keys.erase(keys.begin());
  }
  spec.rows = {input->schema.types(), {}, SortColumnsOf(keys)};
  std::vector<int> single;
  stream.vertex = AddOperator("sort", "Sort", spec.Serialize(), plan->schema, stream, &single);
  stream.mode = ChangelogMode::InsertOnly();
  if (by_time) RETURN_IF_ERROR(RouteLate(stream.vertex, {{input, primary.column}}));
  return stream;
}

}  // namespace penstock::sql
