// Tracing columns to their table, and carrying more of them up to where rows may be left out.
#include "sql/logical/late_columns.h"

#include <algorithm>

#include "base/strings.h"
#include "operators/late_rows.h"
#include "sql/logical/join_analysis.h"
#include "sql/logical/window_property.h"

namespace penstock::sql {

const Table* LateOrigin::table() const {
  return root == nullptr ? nullptr : root->As<WatermarkNode>()->table.get();
}

namespace {

// Nodes that hand their (first) input's columns on and add some behind them.
int AddedColumns(const PlanPtr& plan) {
  if (plan->As<WindowTvfNode>() != nullptr) return 3;
  bool adds = plan->As<OverNode>() != nullptr || plan->As<UnnestNode>() != nullptr;
  return adds ? plan->schema.size() - plan->input()->schema.size() : 0;
}

bool HandsOn(const PlanPtr& plan) {
  return plan->As<FilterNode>() != nullptr || plan->As<SortNode>() != nullptr ||
         plan->As<NormalizeNode>() != nullptr || AddedColumns(plan) > 0;
}

bool IsJoin(const PlanPtr& plan) {
  return plan->As<JoinNode>() != nullptr || plan->As<TemporalJoinNode>() != nullptr;
}

}  // namespace

LateOrigin TraceToTable(const PlanPtr& plan, int column) {
  if (column < 0) return {};
  if (plan->As<WatermarkNode>() != nullptr) return {plan.get(), column};
  if (const auto* project = plan->As<ProjectNode>()) {
    const ExprPtr& expr = project->exprs[static_cast<size_t>(column)];
    return expr->is_input() ? TraceToTable(plan->input(), expr->index()) : LateOrigin{};
  }
  if (HandsOn(plan)) {
    if (column < plan->input()->schema.size()) return TraceToTable(plan->input(), column);
    // The time of a window is that of the rows it was cut on.
    const auto* tvf = plan->As<WindowTvfNode>();
    return tvf != nullptr ? TraceToTable(plan->input(), tvf->time_column) : LateOrigin{};
  }
  if (IsJoin(plan)) {
    int width = plan->input(0)->schema.size();
    return column < width ? TraceToTable(plan->input(0), column)
                          : TraceToTable(plan->input(1), column - width);
  }
  return {};
}

namespace {

bool Holds(const std::vector<int>& columns, int column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

// Event-time windows that rows can be too late for; those of sessions have been through their own operator.
bool IsCut(const WindowProperty& window) {
  return !window.window.proctime && window.window.kind != WindowKind::kSession;
}

std::vector<LateSide> JoinSides(const PlanPtr& plan, const JoinNode& join, const EvalContext& eval) {
  if (std::optional<WindowJoinMatch> match = MatchWindowJoin(plan)) {
    return {{0, match->left.end}, {1, match->right.end}};
  }
  if (join.kind == JoinKind::kSemi || join.kind == JoinKind::kAnti) return {};
  std::optional<IntervalBounds> bounds =
      MatchInterval(join.condition, plan->input(0)->schema, plan->input(1)->schema, eval);
  if (!bounds || bounds->proctime) return {};
  return {{0, bounds->left_time}, {1, bounds->right_time}};
}

std::vector<LateSide> OverSides(const PlanPtr& plan, const OverNode& over) {
  std::optional<WindowProperty> window = DeriveWindow(plan->input());
  bool windowed = window && window->complete() && Holds(over.partition_by, window->start) &&
                  Holds(over.partition_by, window->end);
  if (windowed) return {{0, window->end}};
  if (over.order_by.empty() || over.order_by[0].descending) return {};
  int time = over.order_by[0].column;
  if (!plan->input()->schema[time].type.is_rowtime()) return {};
  return {{0, time}};
}

}  // namespace

std::vector<LateSide> LateSidesOf(const PlanPtr& plan, const EvalContext& eval) {
  if (const auto* join = plan->As<JoinNode>()) return JoinSides(plan, *join, eval);
  if (const auto* over = plan->As<OverNode>()) return OverSides(plan, *over);
  if (const auto* tvf = plan->As<WindowTvfNode>()) {
    bool drops = tvf->window.kind == WindowKind::kSession && !tvf->window.proctime;
    return drops ? std::vector<LateSide>{{0, tvf->time_column}} : std::vector<LateSide>();
  }
  if (const auto* sort = plan->As<SortNode>()) {
    bool by_time = sort->limit < 0 && !sort->keys.empty() && !sort->keys[0].descending &&
                   plan->input()->schema[sort->keys[0].column].type.is_rowtime();
    return by_time ? std::vector<LateSide>{{0, sort->keys[0].column}} : std::vector<LateSide>();
  }
  if (const auto* temporal = plan->As<TemporalJoinNode>()) {
    bool versioned = temporal->time->is_input() && temporal->time->type().is_rowtime();
    return versioned ? std::vector<LateSide>{{0, temporal->time->index()}} : std::vector<LateSide>();
  }
  std::optional<WindowGroups> groups = MatchWindowGroups(plan);
  bool cut = groups && IsCut(groups->input);
  return cut ? std::vector<LateSide>{{0, groups->input.end}} : std::vector<LateSide>();
}

std::string TableSetting(const BindContext& context, const std::string& key, const Table& table) {
  std::string value = context.config->GetString(key + "." + table.path.object);
  return value.empty() ? context.config->GetString(key + "." + table.path.ToString()) : value;
}

Result<TablePtr> FindLaneSink(const BindContext& context, const std::string& kind, const Table& table) {
  std::string name = TableSetting(context, "penstock." + kind, table);
  if (name.empty()) return TablePtr();
  ASSIGN_OR_RETURN(ObjectPath path, context.catalog->Resolve(Split(name, '.')));
  TablePtr sink = context.catalog->FindTable(path);
  if (sink) return sink;
  return SqlError(ErrorNumber::kUnknownTable, {},
                  "'penstock." + kind + "." + table.path.object + "' names the sink table '" + name +
                      "', which does not exist",
                  "create the sink table before the statement that reads '" + table.path.object + "'");
}

namespace {

PlanPtr Reorder(PlanPtr plan, const std::vector<int>& columns) {
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (int column : columns) {
    exprs.push_back(Expr::Input(column, plan->schema[column].type));
    names.push_back(plan->schema[column].name);
  }
  return MakeProject(std::move(plan), std::move(exprs), std::move(names));
}

// The columns of a node whose inputs have grown by `more` columns at `at`: first those it had, then the new.
std::vector<int> OldThenNew(int old_width, int at, int more) {
  std::vector<int> order;
  for (int i = 0; i < old_width; ++i) order.push_back(i < at ? i : i + more);
  for (int i = 0; i < more; ++i) order.push_back(at + i);
  return order;
}

ExprPtr Shifted(const ExprPtr& expr, int at, int more, int width) {
  if (!expr) return expr;
  std::vector<int> mapping;
  for (int i = 0; i < width; ++i) mapping.push_back(i < at ? i : i + more);
  return RemapInputs(expr, mapping);
}

PlanPtr WidenJoin(const PlanPtr& plan, size_t side, const PlanPtr& wider) {
  int left = plan->input(0)->schema.size(), right = plan->input(1)->schema.size();
  int more = wider->schema.size() - plan->input(side)->schema.size();
  int at = side == 0 ? left : left + right;
  std::vector<PlanPtr> inputs = plan->inputs;
  inputs[side] = wider;
  auto node = std::make_shared<PlanNode>(*plan);
  node->inputs = std::move(inputs);
  if (const auto* join = plan->As<JoinNode>()) {
    JoinNode changed = *join;
    changed.condition = Shifted(join->condition, at, more, left + right);
    node->op = std::move(changed);
  } else {
    TemporalJoinNode changed = *plan->As<TemporalJoinNode>();
    changed.condition = Shifted(changed.condition, at, more, left + right);
    node->op = std::move(changed);
  }
  bool left_only = plan->schema.size() == left;
  if (left_only && side == 1) return node;
  Schema schema;
  for (int i = 0; i < at; ++i) schema.Add(plan->schema[i]);
  for (int i = wider->schema.size() - more; i < wider->schema.size(); ++i) {
    DataType type = wider->schema[i].type.WithTimeAttribute(TimeAttribute::kNone).WithNullable(true);
    schema.Add({wider->schema[i].name, type});
  }
  for (int i = at; i < plan->schema.size(); ++i) schema.Add(plan->schema[i]);
  node->schema = std::move(schema);
  if (at == plan->schema.size()) return node;
  return Reorder(node, OldThenNew(plan->schema.size(), at, more));
}

// The node over an input that has more columns behind those it had. They come out behind the node's own
// columns where the node hands columns on; its own stay where they are.
PlanPtr Widen(const PlanPtr& plan, size_t input, const PlanPtr& wider) {
  if (IsJoin(plan)) return WidenJoin(plan, input, wider);
  auto node = std::make_shared<PlanNode>(*plan);
  node->inputs[input] = wider;
  int old_width = plan->input(input)->schema.size();
  int more = wider->schema.size() - old_width;
  if (HandsOn(plan)) {
    Schema schema;
    for (int i = 0; i < old_width; ++i) schema.Add(plan->schema[i]);
    for (int i = old_width; i < old_width + more; ++i) schema.Add(wider->schema[i]);
    for (int i = old_width; i < plan->schema.size(); ++i) schema.Add(plan->schema[i]);
    node->schema = std::move(schema);
    if (AddedColumns(plan) > 0) return Reorder(node, OldThenNew(plan->schema.size(), old_width, more));
  }
  return node;
}

struct Carried {
  PlanPtr plan;
  int column = -1;  // -1: the plan cannot hand the column on
};

// The plan with one column of its table behind the others.
Carried Extend(const PlanPtr& plan, const LateOrigin& wanted) {
  for (int i = 0; i < plan->schema.size(); ++i) {
    if (TraceToTable(plan, i) == wanted) return {plan, i};
  }
  if (const auto* project = plan->As<ProjectNode>()) {
    Carried below = Extend(plan->input(), wanted);
    if (below.column < 0) return {plan, -1};
    auto node = std::make_shared<PlanNode>(*plan);
    ProjectNode changed = *project;
    const Field& field = below.plan->schema[below.column];
    changed.exprs.push_back(Expr::Input(below.column, field.type));
    node->op = std::move(changed);
    node->schema.Add({wanted.name(), field.type});
    node->inputs = {below.plan};
    return {node, node->schema.size() - 1};
  }
  if (!HandsOn(plan) && !IsJoin(plan)) return {plan, -1};
  for (size_t input = 0; input < plan->inputs.size(); ++input) {
    Carried below = Extend(plan->input(input), wanted);
    if (below.column < 0) continue;
    PlanPtr widened = Widen(plan, input, below.plan);
    if (widened->schema.size() == plan->schema.size()) continue;  // a side that is not handed on
    return {widened, widened->schema.size() - 1};
  }
  return {plan, -1};
}

// What the sink wants of the table beside what an input has.
Result<PlanPtr> ExtendSide(const BindContext& context, PlanPtr input, int time_column,
                           std::vector<int>* carried) {
  LateOrigin origin = TraceToTable(input, time_column);
  if (origin.root == nullptr) return input;
  ASSIGN_OR_RETURN(TablePtr sink, FindLaneSink(context, "late-rows", *origin.table()));
  if (!sink) return input;
  Schema wanted = sink->sink_schema();
  for (const Field& field : wanted.fields()) {
    int column = origin.root->schema.Find(field.name);
    if (column < 0) continue;
    Carried with = Extend(input, {origin.root, column});
    if (with.column < 0) continue;
    input = with.plan;
    carried->push_back(with.column);
  }
  return input;
}

PlanPtr Narrow(PlanPtr plan, int width) {
  if (plan->schema.size() <= width) return plan;
  std::vector<int> columns;
  for (int i = 0; i < width; ++i) columns.push_back(i);
  return Reorder(std::move(plan), columns);
}

}  // namespace

Result<std::vector<int>> LateLaneColumns(const BindContext& context, const PlanPtr& plan,
                                         const LateSide& side) {
  const PlanPtr& input = plan->input(side.input);
  LateOrigin origin = TraceToTable(input, side.time_column);
  if (origin.root == nullptr) return std::vector<int>();
  ASSIGN_OR_RETURN(TablePtr sink, FindLaneSink(context, "late-rows", *origin.table()));
  if (!sink) return std::vector<int>();
  Schema wanted = sink->sink_schema();
  std::vector<int> columns = {side.time_column};
  for (int i = 0; i < input->schema.size(); ++i) {
    LateOrigin column = TraceToTable(input, i);
    if (column.root == origin.root && wanted.Find(column.name()) >= 0) columns.push_back(i);
  }
  return columns;
}

Result<PlanPtr> KeepQuarantinedColumns(const BindContext& context, const PlanPtr& plan) {
  if (const auto* watermark = plan->As<WatermarkNode>()) {
    ASSIGN_OR_RETURN(TablePtr sink, FindLaneSink(context, "bad-rows", *watermark->table));
    if (!sink) return plan;
    Schema wanted = sink->sink_schema();
    bool all =
        wanted.Find("raw") >= 0 && !TableSetting(context, "penstock.max-future", *watermark->table).empty();
    WatermarkNode keeping = *watermark;
    for (int i = 0; i < plan->schema.size(); ++i) {
      if (all || wanted.Find(plan->schema[i].name) >= 0) keeping.kept_columns.push_back(i);
    }
    auto node = std::make_shared<PlanNode>(*plan);
    node->op = std::move(keeping);
    return PlanPtr(node);
  }
  std::vector<PlanPtr> inputs;
  bool changed = false;
  for (const PlanPtr& input : plan->inputs) {
    ASSIGN_OR_RETURN(PlanPtr kept, KeepQuarantinedColumns(context, input));
    changed = changed || kept != input;
    inputs.push_back(std::move(kept));
  }
  return changed ? WithInputs(*plan, std::move(inputs)) : plan;
}

Result<PlanPtr> CarryLateColumns(const BindContext& context, const PlanPtr& plan) {
  std::vector<PlanPtr> inputs;
  bool changed = false;
  for (const PlanPtr& input : plan->inputs) {
    ASSIGN_OR_RETURN(PlanPtr carried, CarryLateColumns(context, input));
    changed = changed || carried != input;
    inputs.push_back(std::move(carried));
  }
  PlanPtr result = changed ? WithInputs(*plan, std::move(inputs)) : plan;
  // The right side first: its columns come last, so that the join stays on top for the left one.
  std::vector<LateSide> sides = LateSidesOf(result, *context.eval);
  std::reverse(sides.begin(), sides.end());
  for (const LateSide& side : sides) {
    std::vector<int> carried;
    ASSIGN_OR_RETURN(PlanPtr wider,
                     ExtendSide(context, result->input(side.input), side.time_column, &carried));
    if (const auto* session = result->As<WindowTvfNode>()) {
      auto node = std::make_shared<PlanNode>(*result);
      WindowTvfNode keeping = *session;
      keeping.late_columns = carried;
      node->op = std::move(keeping);
      result = node;
    }
    if (wider != result->input(side.input)) result = Widen(result, side.input, wider);
  }
  return Narrow(std::move(result), plan->schema.size());
}

}  // namespace penstock::sql
