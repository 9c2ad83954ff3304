// The lanes of rows that a query leaves out: SET 'penstock.late-rows.<table>' and 'penstock.bad-rows.<table>'
// name the sink tables that late and malformed rows of a source table go to. Columns match by name.
#include <algorithm>

#include "base/strings.h"
#include "operators/calc.h"
#include "sql/physical_planner.h"
#include "stream/operator.h"

namespace penstock::sql {

namespace {

// The table whose rows a plan hands on one by one; null when they come from several.
const Table* BaseTable(const PlanPtr& plan) {
  if (const auto* scan = plan->As<ScanNode>()) return scan->table.get();
  return plan->inputs.size() == 1 ? BaseTable(plan->input()) : nullptr;
}

}  // namespace

Result<TablePtr> PhysicalPlanner::LaneSink(const std::string& kind, const Table& table) const {
  std::string prefix = "penstock." + kind + ".";
  std::string name = context_.config->GetString(prefix + table.path.object);
  if (name.empty()) name = context_.config->GetString(prefix + table.path.ToString());
  if (name.empty()) return TablePtr();
  ASSIGN_OR_RETURN(ObjectPath path, context_.catalog->Resolve(Split(name, '.')));
  TablePtr sink = context_.catalog->FindTable(path);
  if (sink) return sink;
  return SqlError(
      ErrorNumber::kUnknownTable, {},
      "'" + prefix + table.path.object + "' names the sink table '" + name + "', which does not exist");
}

Result<std::vector<int>> PhysicalPlanner::LateColumns(const PlanPtr& source,
                                                      const std::vector<std::string>& present) const {
  std::vector<int> columns;
  const Table* table = BaseTable(source);
  if (table == nullptr) return columns;
  ASSIGN_OR_RETURN(TablePtr sink, LaneSink("late-rows", *table));
  if (!sink) return columns;
  Schema wanted = sink->sink_schema();
  for (const Field& field : wanted.fields()) {
    int column = source->schema.Find(field.name);
    bool there = std::find(present.begin(), present.end(), field.name) != present.end();
    if (column >= 0 && !there) columns.push_back(column);
  }
  return columns;
}

Status PhysicalPlanner::RouteLate(int from, const PlanPtr& source, const Schema& input, bool appended) {
  const Table* table = BaseTable(source);
  if (table == nullptr) return Status::Ok();
  ASSIGN_OR_RETURN(TablePtr sink, LaneSink("late-rows", *table));
  if (!sink) return Status::Ok();
  Schema schema = input;
  if (appended) {
    schema.Add({"late_watermark", DataType::TimestampLtz(3)});
    schema.Add({"late_window_end", DataType::Timestamp(3)});
  }
  return AddLane(from, kLateLane, schema, sink, "late rows of " + table->path.object);
}

Status PhysicalPlanner::RouteBad(int from, const Table& table) {
  ASSIGN_OR_RETURN(TablePtr sink, LaneSink("bad-rows", table));
  if (!sink) return Status::Ok();
  Schema schema{{"raw", DataType::Bytes()}, {"error", DataType::String()}, {"position", DataType::String()}};
  return AddLane(from, kBadLane, schema, sink, "bad rows of " + table.path.object);
}

Status PhysicalPlanner::AddLane(int from, int lane, const Schema& schema, const TablePtr& sink,
                                const std::string& name) {
  Schema target = sink->sink_schema();
  CalcSpec calc;
  for (const Field& field : target.fields()) {
    int column = schema.Find(field.name);
    ExprPtr value;
    if (field.name == "late_operator") {
      value = Expr::Literal(Value::String(vertex(from).uid), DataType::String().NotNull());
    } else if (column >= 0) {
      value = Expr::Input(column, schema[column].type.WithTimeAttribute(TimeAttribute::kNone));
    } else if (field.type.nullable()) {
      calc.exprs.push_back(Expr::NullOf(field.type));
      continue;
    } else {
      return SqlError(ErrorNumber::kUnknownColumn, {},
                      "the sink table '" + sink->path.ToString() + "' for " + name + " has a column '" +
                          field.name + "' that these rows do not have",
                      "late rows have the columns of their source and late_watermark, late_operator and "
                      "late_window_end; bad rows have raw, error and position");
    }
    ASSIGN_OR_RETURN(ExprPtr cast, ImplicitCast(value, field.type.WithNullable(true), {},
                                                "column '" + field.name + "' of " + sink->path.ToString()));
    calc.exprs.push_back(std::move(cast));
  }
  JobVertex made;
  made.uid = vertex(from).uid + (lane == kLateLane ? "/late" : "/bad");
  made.name = "Lane (" + name + ")";
  made.factory = "calc";
  made.spec = calc.Serialize();
  made.schema = target;
  made.parallelism = vertex(from).parallelism;
  int id = graph_.AddVertex(std::move(made)).id;
  JobEdge edge;
  edge.from = from;
  edge.lane = lane;
  edge.to = id;
  graph_.AddEdge(std::move(edge));
  modes_[id] = ChangelogMode::InsertOnly();
  auto [shared, added] = lane_sinks_.try_emplace(sink.get(), -1);
  if (added) {
    ASSIGN_OR_RETURN(const ConnectorDescriptor* connector, connectors_.Find(*sink));
    ASSIGN_OR_RETURN(SinkAbilities abilities, connector->DescribeSink(*sink, ChangelogMode::InsertOnly()));
    ASSIGN_OR_RETURN(shared->second, AddSinkVertex(*sink, target, ChangelogMode::InsertOnly(),
                                                   vertex(id).parallelism, "lane-sink@" + sink->path.object));
    guarantees_[shared->second] = abilities.guarantee;
  }
  Connect({id, ChangelogMode::InsertOnly()}, shared->second, 0, nullptr);
  return Status::Ok();
}

}  // namespace penstock::sql
