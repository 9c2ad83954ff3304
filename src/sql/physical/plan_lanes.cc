// The lanes of rows that a query leaves out: SET 'penstock.late-rows.<table>' and 'penstock.bad-rows.<table>'
// name the sink tables that late and unusable rows of a source table go to. Their columns match by name; what
// they may ask for is in docs/reference/late-rows.md and bad-input.md.
#include <algorithm>
#include <map>

#include "expr/json/json_text.h"
#include "operators/calc.h"
#include "operators/late_rows.h"
#include "sql/logical/late_columns.h"
#include "sql/physical/physical_planner.h"
#include "stream/operator.h"

namespace penstock::sql {

// One lane of a vertex and the columns a sink may ask of it.
struct PhysicalPlanner::LaneSpec {
  int from = -1;
  int lane = kLateLane;
  ExprPtr condition;                      // null: all rows of the lane
  std::map<std::string, ExprPtr> values;  // over the lane's batches
  TablePtr sink;
  std::string suffix;  // of the vertex' uid
  std::string name;    // for people
  std::string hint;    // which columns there are
};

namespace {

constexpr const char* kLateHint =
    "late rows have the columns of their table and late_operator, late_watermark, late_window_start, "
    "late_window_end, late_partial and late_change";
constexpr const char* kBadHint = "bad rows have raw, error and position, and the columns of their table";

ExprPtr InputOf(int column, const DataType& type) {
  return Expr::Input(column, type.WithTimeAttribute(TimeAttribute::kNone));
}

// The lane's columns behind those of the inputs.
void AddAppended(int at, const std::string& uid, std::map<std::string, ExprPtr>* values) {
  const Schema& appended = LateRows::schema();
  for (int i = 0; i < appended.size(); ++i)
    values->try_emplace(appended[i].name, InputOf(at + i, appended[i].type));
  values->try_emplace("late_operator", Expr::Literal(Value::String(uid), DataType::String().NotNull()));
}

}  // namespace

Status PhysicalPlanner::RouteLate(int from, const std::vector<LateInput>& inputs) {
  if (batch_) return Status::Ok();
  int width = 0;
  for (const LateInput& input : inputs) width += input.plan->schema.size();
  int at = 0;
  for (size_t side = 0; side < inputs.size(); ++side) {
    const PlanPtr& plan = inputs[side].plan;
    int first = std::exchange(at, at + plan->schema.size());
    LateOrigin origin = TraceToTable(plan, inputs[side].time_column);
    if (origin.root == nullptr) continue;
    LaneSpec lane;
    ASSIGN_OR_RETURN(lane.sink, FindLaneSink(context_, "late-rows", *origin.table()));
    if (!lane.sink) continue;
    for (int i = 0; i < plan->schema.size(); ++i) {
      LateOrigin column = TraceToTable(plan, i);
      if (column.root != origin.root) continue;
      lane.values.try_emplace(column.name(), InputOf(first + i, plan->schema[i].type.WithNullable(true)));
    }
    for (const TableColumn& column : origin.table()->columns)
      lane.values.try_emplace(column.name, Expr::NullOf(column.type.WithNullable(true)));
    AddAppended(width, vertex(from).uid, &lane.values);
    bool partial = lane.sink->sink_schema().Find("late_partial") >= 0;
    std::vector<ExprPtr> conditions;
    if (inputs.size() > 1) {
      ExprPtr number = Expr::Literal(Value::Int(static_cast<int64_t>(side)), DataType::Int().NotNull());
      ASSIGN_OR_RETURN(ExprPtr same, MakeCall(context_, "=", {lane.values["$side"], number}, {}));
      conditions.push_back(std::move(same));
    }
    if (!partial) {  // a row that was taken is in the lane only where it can be told from those that were not
      ASSIGN_OR_RETURN(ExprPtr whole, MakeCall(context_, "NOT", {lane.values["late_partial"]}, {}));
      conditions.push_back(std::move(whole));
    }
    lane.condition = MakeConjunction(conditions);
    lane.from = from;
    lane.suffix = side == 0 ? "/late" : "/late-right";
    lane.name = "late rows of " + origin.table()->path.object;
    lane.hint = kLateHint;
    RETURN_IF_ERROR(AddLane(std::move(lane)));
  }
  return Status::Ok();
}

Status PhysicalPlanner::RouteBad(int from, const Table& table) {
  LaneSpec lane;
  ASSIGN_OR_RETURN(lane.sink, FindLaneSink(context_, "bad-rows", table));
  if (!lane.sink) return Status::Ok();
  lane.values = {{"raw", InputOf(0, DataType::Bytes())},
                 {"error", InputOf(1, DataType::String())},
                 {"position", InputOf(2, DataType::String())}};
  for (const TableColumn& column : table.columns)
    lane.values.try_emplace(column.name, Expr::NullOf(column.type.WithNullable(true)));
  lane.from = from;
  lane.lane = kBadLane;
  lane.suffix = "/bad";
  lane.name = "bad rows of " + table.path.object;
  lane.hint = kBadHint;
  return AddLane(std::move(lane));
}

// Their raw form is what the job reads of them, as a JSON object.
Status PhysicalPlanner::RouteQuarantined(int from, const Table& table, const Schema& input) {
  LaneSpec lane;
  ASSIGN_OR_RETURN(lane.sink, FindLaneSink(context_, "bad-rows", table));
  if (!lane.sink) return Status::Ok();
  std::vector<ExprPtr> members;
  for (int i = 0; i < input.size(); ++i) {
    ExprPtr value = InputOf(i, input[i].type);
    if (HasJsonForm(input[i].type)) {
      members.push_back(Expr::Literal(Value::String(input[i].name), DataType::String().NotNull()));
      members.push_back(value);
    }
    lane.values[input[i].name] = value;
  }
  ASSIGN_OR_RETURN(ExprPtr json, MakeCall(context_, "JSON_OBJECT", std::move(members), {}));
  lane.values["raw"] = Expr::Cast(json, DataType::Bytes());
  lane.values["error"] = InputOf(input.size(), DataType::String());
  lane.values["position"] = Expr::NullOf(DataType::String());
  for (const TableColumn& column : table.columns)
    lane.values.try_emplace(column.name, Expr::NullOf(column.type.WithNullable(true)));
  lane.from = from;
  lane.lane = kBadLane;
  lane.suffix = "/bad";
  lane.name = "quarantined rows of " + table.path.object;
  lane.hint = kBadHint;
  return AddLane(std::move(lane));
}

Status PhysicalPlanner::AddLane(LaneSpec lane) {
  Schema target = lane.sink->sink_schema();
  CalcSpec calc{lane.condition, {}};
  for (const Field& field : target.fields()) {
    auto value = lane.values.find(field.name);
    if (value == lane.values.end()) {
      return SqlError(ErrorNumber::kUnknownColumn, {},
                      "the sink table '" + lane.sink->path.ToString() + "' for " + lane.name +
                          " has a column '" + field.name + "' that these rows do not have",
                      lane.hint);
    }
    bool text = value->second->type().is_binary() && field.type.is_character();  // of raw bytes
    if (text) value->second = Expr::Cast(value->second, DataType::String());
    ASSIGN_OR_RETURN(ExprPtr cast,
                     ImplicitCast(value->second, field.type.WithNullable(true), {},
                                  "column '" + field.name + "' of " + lane.sink->path.ToString()));
    calc.exprs.push_back(std::move(cast));
  }
  JobVertex made;
  made.uid = vertex(lane.from).uid + lane.suffix;
  made.name = "Lane (" + lane.name + ")";
  made.factory = "calc";
  made.spec = calc.Serialize();
  made.schema = target;
  made.parallelism = vertex(lane.from).parallelism;
  int id = graph_.AddVertex(std::move(made)).id;
  JobEdge edge;
  edge.from = lane.from;
  edge.lane = lane.lane;
  edge.to = id;
  graph_.AddEdge(std::move(edge));
  modes_[id] = ChangelogMode::InsertOnly();
  auto [shared, added] = lane_sinks_.try_emplace(lane.sink.get(), -1);
  if (added) {
    const Table& sink = *lane.sink;
    ASSIGN_OR_RETURN(const ConnectorDescriptor* connector, connectors_.Find(sink));
    ASSIGN_OR_RETURN(SinkAbilities abilities, connector->DescribeSink(sink, ChangelogMode::InsertOnly()));
    ASSIGN_OR_RETURN(shared->second, AddSinkVertex(sink, target, ChangelogMode::InsertOnly(),
                                                   vertex(id).parallelism, "lane-sink@" + sink.path.object));
    guarantees_[shared->second] = abilities.guarantee;
  }
  Connect({id, ChangelogMode::InsertOnly()}, shared->second, 0, nullptr);
  return Status::Ok();
}

}  // namespace penstock::sql
