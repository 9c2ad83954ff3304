// The early lane: SET 'penstock.early-results.<sink>' names the table that is told, every
// penstock.early-interval, what the open windows of the query into that sink hold
// (docs/reference/early-results.md). Its columns are found by name among the sink's, and is_final.
#include <algorithm>

#include "base/strings.h"
#include "operators/calc.h"
#include "operators/windows/window_aggregate.h"
#include "sql/physical/physical_planner.h"
#include "stream/operator.h"

namespace penstock::sql {

namespace {

constexpr const char* kHint =
    "early results have the columns of their sink and is_final, and are upserts: the table needs a connector "
    "that "
    "takes updates, and as its primary key the window and the groups";

// The table that is told; null when none is.
Result<TablePtr> TargetOf(const BindContext& context, const Table& sink) {
  std::string prefix = "penstock.early-results.";
  std::string name = context.config->GetString(prefix + sink.path.object);
  if (name.empty()) name = context.config->GetString(prefix + sink.path.ToString());
  if (name.empty()) return TablePtr();
  ASSIGN_OR_RETURN(ObjectPath path, context.catalog->Resolve(Split(name, '.')));
  if (TablePtr target = context.catalog->FindTable(path)) return target;
  return SqlError(ErrorNumber::kUnknownTable, {},
                  "'" + prefix + sink.path.object + "' names the table '" + name + "', which does not exist");
}

// What the projections on top of a plan compute, over the columns of what they stand on.
struct Unprojected {
  PlanPtr base;
  std::vector<ExprPtr> columns;
};
Unprojected Unproject(const PlanPtr& plan) {
  Unprojected found{plan, IdentityExprs(plan->schema)};
  while (const auto* project = found.base->As<ProjectNode>()) {
    for (ExprPtr& column : found.columns) {
      column = TransformExpr(column, [&](const ExprPtr& expr) {
        return expr->is_input() ? project->exprs[static_cast<size_t>(expr->index())] : nullptr;
      });
    }
    found.base = found.base->input();
  }
  return found;
}

// The lane's rows as rows of the target: columns of the sink by name, is_final behind those of the
// aggregation.
Result<CalcSpec> ColumnsFor(const Table& target, const Table& sink, const Unprojected& query) {
  Schema wanted = target.sink_schema(), names = sink.sink_schema();
  CalcSpec calc;
  for (const Field& field : wanted.fields()) {
    int column = names.Find(field.name);
    ExprPtr value;
    if (column >= 0) {
      value = query.columns[static_cast<size_t>(column)];
    } else if (field.name == "is_final") {
      value = Expr::Input(query.base->schema.size(), DataType::Boolean().NotNull());
    } else {
      return SqlError(ErrorNumber::kUnknownColumn, {},
                      "the table '" + target.path.ToString() + "' for early results of '" + sink.path.object +
                          "' has a column '" + field.name + "' that these rows do not have",
                      kHint);
    }
    ASSIGN_OR_RETURN(ExprPtr cast, ImplicitCast(value, field.type.WithNullable(true), {},
                                                "column '" + field.name + "' of " + target.path.ToString()));
    calc.exprs.push_back(std::move(cast));
  }
  return calc;
}

}  // namespace

// The lane leaves the aggregation itself; what the query projects on top is computed for its rows as well.
Status PhysicalPlanner::RouteEarly(const PlanPtr& plan, const Table& sink) {
  if (batch_) return Status::Ok();
  ASSIGN_OR_RETURN(TablePtr target, TargetOf(context_, sink));
  if (!target) return Status::Ok();
  Unprojected query = Unproject(plan);
  auto at = vertices_.find(query.base);
  if (at == vertices_.end() || vertex(at->second).factory != "window_aggregate") {
    return SqlError(
        ErrorNumber::kInvalidPlan, {},
        "'penstock.early-results." + sink.path.object + "': the query is no window aggregation",
        "it must group by window_start and window_end; a projection may follow, a filter may not");
  }
  int from = at->second;
  ASSIGN_OR_RETURN(WindowAggregateSpec spec, WindowAggregateSpec::Parse(vertex(from).spec));
  int64_t interval = std::max<int64_t>(1, context_.config->GetDuration("penstock.early-interval", 1000));
  spec.early_interval_ms =
      spec.early_interval_ms == 0 ? interval : std::min(spec.early_interval_ms, interval);
  vertex(from).spec = spec.Serialize();

  ASSIGN_OR_RETURN(CalcSpec calc, ColumnsFor(*target, sink, query));
  ASSIGN_OR_RETURN(const ConnectorDescriptor* connector, connectors_.Find(*target));
  ASSIGN_OR_RETURN(SinkAbilities abilities, connector->DescribeSink(*target, ChangelogMode::Upsert()));
  if (!abilities.accepts.has_updates()) {
    return SqlError(ErrorNumber::kUpdatesNotAccepted, {},
                    "the table '" + target->path.ToString() + "' for early results takes no updates", kHint);
  }
  JobVertex made;
  made.uid = vertex(from).uid + "/early@" + target->path.object;
  made.name = "Lane (early results of " + sink.path.object + ")";
  made.factory = "calc";
  made.spec = calc.Serialize();
  made.schema = target->sink_schema();
  made.parallelism = vertex(from).parallelism;
  int id = graph_.AddVertex(std::move(made)).id;
  modes_[id] = ChangelogMode::Upsert();
  JobEdge edge;
  edge.from = from;
  edge.lane = kEarlyLane;
  edge.to = id;
  graph_.AddEdge(std::move(edge));
  ASSIGN_OR_RETURN(int end, AddSinkVertex(*target, target->sink_schema(), ChangelogMode::Upsert(),
                                          vertex(id).parallelism, "sink@" + lineage_ + "/early"));
  guarantees_[end] = abilities.guarantee;
  Connect({id, ChangelogMode::Upsert()}, end, 0, nullptr);
  return Status::Ok();
}

}  // namespace penstock::sql
