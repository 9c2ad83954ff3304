// FROM clauses, set operations, VALUES, WITH and LIMIT.
#include "sql/binder/query_binder.h"

#include <algorithm>

#include "base/strings.h"
#include "expr/evaluator.h"
#include "expr/type_rules.h"
#include "sql/syntax/parser.h"

namespace penstock::sql {

Result<PlanPtr> BindQuery(const BindContext& context, const AstQueryPtr& query) {
  QueryBinder binder(context);
  return binder.Bind(query, nullptr);
}

Result<PlanPtr> QueryBinder::Bind(const AstQueryPtr& query, const Scope* outer) {
  std::map<std::string, PlanPtr> saved = common_tables_;
  for (const AstCommonTable& common : query->with) {
    ASSIGN_OR_RETURN(PlanPtr plan, Bind(common.query, outer));
    if (!common.columns.empty()) {
      if (common.columns.size() != static_cast<size_t>(plan->schema.size())) {
        return SqlError(ErrorNumber::kColumnCount, query->position,
                        "WITH " + common.name + " names another number of columns");
      }
      plan = MakeProject(plan, IdentityExprs(plan->schema), common.columns);
    }
    common_tables_[common.name] = std::move(plan);
  }
  Result<PlanPtr> plan = BindBody(query, outer);
  common_tables_ = std::move(saved);
  return plan;
}

Result<PlanPtr> QueryBinder::BindBody(const AstQueryPtr& query, const Scope* outer) {
  if (query->select) {
    SelectBinder select(*this, outer);
    std::vector<SortKey> keys;
    int visible = 0;
    ASSIGN_OR_RETURN(PlanPtr plan, select.Bind(*query->select, query->order_by, &keys, &visible));
    ASSIGN_OR_RETURN(plan, ApplyLimit(std::move(plan), *query, std::move(keys)));
    if (visible == plan->schema.size()) return plan;
    std::vector<ExprPtr> exprs = IdentityExprs(plan->schema);
    exprs.resize(static_cast<size_t>(visible));
    std::vector<std::string> names;
    for (int i = 0; i < visible; ++i) names.push_back(plan->schema[i].name);
    return MakeProject(std::move(plan), std::move(exprs), std::move(names));
  }
  PlanPtr plan;
  if (query->is_values) {
    ASSIGN_OR_RETURN(plan, BindValues(*query));
  } else {
    ASSIGN_OR_RETURN(plan, BindSetOp(*query, outer));
  }
  std::vector<SortKey> keys;
  Scope scope = Scope::Of(plan->schema, "");
  for (const AstOrderItem& item : query->order_by) {
    ASSIGN_OR_RETURN(ExprPtr key, BindExpression(context_, item.expr, scope));
    int column = key->is_input() ? key->index() : -1;
    if (key->is_literal() && key->literal().is_int()) column = static_cast<int>(key->literal().as_int()) - 1;
    if (column < 0 || column >= plan->schema.size()) {
      return SqlError(ErrorNumber::kUnsupported, item.expr->position,
                      "ORDER BY of a set operation takes column names");
    }
    keys.push_back({column, item.descending, item.nulls_first ? !*item.nulls_first : item.descending});
  }
  return ApplyLimit(std::move(plan), *query, std::move(keys));
}

Result<PlanPtr> QueryBinder::ApplyLimit(PlanPtr plan, const AstQuery& query, std::vector<SortKey> keys) {
  SortNode sort;
  sort.keys = std::move(keys);
  Scope none;
  for (auto [ast, target] : {std::pair{query.limit, &sort.limit}, std::pair{query.offset, &sort.offset}}) {
    if (!ast) continue;
    ASSIGN_OR_RETURN(ExprPtr expr, BindExpression(context_, ast, none));
    expr = FoldConstants(expr, *context_.eval);
    if (!expr->is_literal() || !expr->literal().is_int() || expr->literal().as_int() < 0) {
      return SqlError(ErrorNumber::kNotConstant, ast->position, "LIMIT and OFFSET take a number");
    }
    *target = expr->literal().as_int();
  }
  if (sort.keys.empty() && sort.limit < 0 && sort.offset == 0) return plan;
  Schema schema = plan->schema;
  return MakePlan(std::move(sort), std::move(schema), {std::move(plan)});
}

Result<PlanPtr> QueryBinder::BindValues(const AstQuery& query) {
  std::vector<std::vector<ExprPtr>> rows;
  Scope none;
  for (const AstExprPtr& row : query.values) {
    std::vector<ExprPtr> values;
    for (const AstExprPtr& ast : row->args) {
      ASSIGN_OR_RETURN(ExprPtr value, BindExpression(context_, ast, none));
      values.push_back(FoldConstants(value, *context_.eval));
    }
    if (!rows.empty() && rows[0].size() != values.size()) {
      return SqlError(ErrorNumber::kColumnCount, row->position, "the rows of VALUES differ in length");
    }
    rows.push_back(std::move(values));
  }
  Schema schema;
  for (size_t c = 0; c < rows[0].size(); ++c) {
    std::vector<DataType> types;
    for (const auto& row : rows) types.push_back(row[c]->type());
    std::optional<DataType> common = CommonType(types);
    if (!common)
      return SqlError(ErrorNumber::kTypeMismatch, query.position,
                      "the values of a column have no common type");
    for (auto& row : rows) row[c] = FoldConstants(Expr::Cast(row[c], *common), *context_.eval);
    schema.Add({"EXPR$" + std::to_string(c), *common});
  }
  return MakePlan(ValuesNode{std::move(rows)}, std::move(schema), {});
}

Result<PlanPtr> QueryBinder::BindSetOp(const AstQuery& query, const Scope* outer) {
  ASSIGN_OR_RETURN(PlanPtr left, Bind(query.left, outer));
  ASSIGN_OR_RETURN(PlanPtr right, Bind(query.right, outer));
  if (left->schema.size() != right->schema.size()) {
    return SqlError(ErrorNumber::kColumnCount, query.position,
                    "the sides of a set operation differ in their number of columns");
  }
  Schema schema;
  for (int i = 0; i < left->schema.size(); ++i) {
    DataType types[] = {left->schema[i].type, right->schema[i].type};
    std::optional<DataType> common = CommonType(types);
    if (!common) {
      return SqlError(ErrorNumber::kTypeMismatch, query.position,
                      "Type mismatch in column " + std::to_string(i + 1) + " of a set operation");
    }
    schema.Add({left->schema[i].name, *common});
  }
  std::vector<PlanPtr> sides;
  for (const PlanPtr& side : {left, right}) {
    std::vector<ExprPtr> exprs;
    std::vector<std::string> names;
    bool same = true;
    for (int i = 0; i < schema.size(); ++i) {
      exprs.push_back(Expr::Cast(Expr::Input(i, side->schema[i].type), schema[i].type));
      names.push_back(schema[i].name);
      same = same && exprs.back()->is_input();
    }
    sides.push_back(same ? side : MakeProject(side, std::move(exprs), std::move(names)));
  }
  if (query.op == SetOp::kUnion && query.all)
    return MakePlan(UnionNode{}, std::move(schema), std::move(sides));
  return MakePlan(SetOpNode{query.op, query.all}, std::move(schema), std::move(sides));
}

// The stored columns, then computed columns, then the watermark.
Result<PlanPtr> QueryBinder::ScanTable(const TablePtr& table) {
  ScanNode scan{table, {}};
  Schema stored;
  std::vector<int> position(table->columns.size(), -1);
  for (size_t i = 0; i < table->columns.size(); ++i) {
    if (!table->columns[i].stored()) continue;
    position[i] = static_cast<int>(scan.columns.size());
    scan.columns.push_back(static_cast<int>(i));
    stored.Add({table->columns[i].name, table->columns[i].type});
  }
  PlanPtr plan = MakePlan(scan, stored, {});
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (size_t i = 0; i < table->columns.size(); ++i) {
    const TableColumn& column = table->columns[i];
    exprs.push_back(column.stored() ? Expr::Input(position[i], column.type)
                                    : RemapInputs(column.expr, position));
    names.push_back(column.name);
  }
  if (stored.size() != static_cast<int>(exprs.size()))
    plan = MakeProject(std::move(plan), std::move(exprs), std::move(names));
  if (table->watermark) {
    Schema schema = table->schema();
    plan = MakePlan(WatermarkNode{table->watermark->column, table->watermark->expr, table}, std::move(schema),
                    {std::move(plan)});
  }
  return plan;
}

Result<PlanPtr> QueryBinder::BindNamed(const AstPath& path, TextPosition at, std::string* name) {
  *name = path.back();
  if (path.size() == 1) {
    if (auto it = common_tables_.find(path[0]); it != common_tables_.end()) return it->second;
  }
  Result<ObjectPath> resolved = context_.catalog->Resolve(path);
  if (!resolved) return Status(resolved.error()).At(at);
  if (TablePtr table = context_.catalog->FindTable(*resolved)) return ScanTable(table);
  if (ViewPtr view = context_.catalog->FindView(*resolved)) {
    if (depth_ > 50) return SqlError(ErrorNumber::kTooDeep, at, "views are nested too deeply");
    Result<AstStatement> parsed = ParseStatement(view->query_text);
    if (!parsed) return Status(parsed.error()).WithContext("view " + view->path.object);
    QueryBinder inner(context_);
    inner.depth_ = depth_ + 1;
    ASSIGN_OR_RETURN(PlanPtr plan, inner.Bind(std::get<AstSelectStatement>(parsed->body).query, nullptr));
    if (view->columns.empty()) return plan;
    return MakeProject(plan, IdentityExprs(plan->schema), view->columns);
  }
  std::string near = NearestName(path.back(), context_.catalog->Tables());
  return SqlError(ErrorNumber::kUnknownTable, at, "Object '" + Join(path, ".") + "' not found",
                  near.empty() ? "" : "did you mean '" + near + "'?");
}

Status QueryBinder::ApplyAlias(const AstTableRef& ref, Relation* relation) {
  auto& columns = relation->scope.columns;
  if (!ref.alias.empty()) {
    for (ScopeColumn& column : columns) column.table = ref.alias;
  }
  if (ref.alias_columns.empty()) return Status::Ok();
  if (ref.alias_columns.size() != columns.size()) {
    return SqlError(ErrorNumber::kColumnCount, ref.position,
                    "alias '" + ref.alias + "' names " + std::to_string(ref.alias_columns.size()) +
                        " columns, the table has " + std::to_string(columns.size()));
  }
  for (size_t i = 0; i < columns.size(); ++i) columns[i].name = ref.alias_columns[i];
  return Status::Ok();
}

Result<Relation> QueryBinder::BindTable(const AstTableRef& ref) {
  std::string name;
  ASSIGN_OR_RETURN(PlanPtr plan, BindNamed(ref.path, ref.position, &name));
  for (const AstHint& hint : ref.hints) {
    if (hint.name != "OPTIONS") continue;
    ASSIGN_OR_RETURN(ObjectPath path, context_.catalog->Resolve(ref.path));
    TablePtr table = context_.catalog->FindTable(path);
    if (!table) return SqlError(ErrorNumber::kBadOption, ref.position, "OPTIONS applies to tables only");
    auto changed = std::make_shared<Table>(*table);
    for (const auto& [key, value] : hint.options) changed->options[key] = value;
    ASSIGN_OR_RETURN(plan, ScanTable(changed));
  }
  Relation relation{plan, Scope::Of(plan->schema, name)};
  RETURN_IF_ERROR(ApplyAlias(ref, &relation));
  return relation;
}

Result<Relation> QueryBinder::BindFrom(const AstTableRefPtr& ref, const Scope* outer) {
  switch (ref->kind) {
    case TableRefKind::kTable: return BindTable(*ref);
    case TableRefKind::kSubquery: {
      ASSIGN_OR_RETURN(PlanPtr plan, Bind(ref->subquery, outer));
      Relation relation{plan, Scope::Of(plan->schema, ref->alias)};
      RETURN_IF_ERROR(ApplyAlias(*ref, &relation));
      return relation;
    }
    case TableRefKind::kJoin: return BindJoin(*ref, outer);
    case TableRefKind::kFunction: return BindTableFunction(*ref, outer);
    case TableRefKind::kUnnest: {
      // FROM UNNEST(..) alone: over one row without columns.
      PlanPtr one = MakePlan(ValuesNode{{{}}}, Schema(), {});
      return BindUnnest(*ref, Relation{one, Scope()}, JoinKind::kCross, nullptr);
    }
    case TableRefKind::kMatchRecognize:
      return SqlError(ErrorNumber::kUnsupported, ref->position, "MATCH_RECOGNIZE is not supported");
  }
  return Status::Internal("unknown kind of FROM item");
}

Result<Relation> QueryBinder::BindUnnest(const AstTableRef& ref, Relation left, JoinKind kind,
                                         const AstExprPtr& condition) {
  ASSIGN_OR_RETURN(ExprPtr collection, BindExpression(context_, ref.call, left.scope));
  const DataType& type = collection->type();
  if (!type.is_collection()) {
    return SqlError(ErrorNumber::kTypeMismatch, ref.position,
                    "UNNEST needs an ARRAY, MAP or MULTISET, not " + type.ToString());
  }
  bool outer = kind == JoinKind::kLeft;
  std::vector<Field> added;
  if (type.is(TypeKind::kMap)) {
    added = {{"KEY", type.map_key()}, {"VALUE", type.map_value()}};
  } else if (type.element().is(TypeKind::kRow)) {
    added = type.element().fields();
    if (type.element().nullable()) {
      for (Field& field : added) field.type = field.type.WithNullable(true);
    }
  } else {
    added = {{"EXPR$0", type.element()}};
  }
  if (ref.with_ordinality) added.push_back({"ORDINALITY", DataType::Int().NotNull()});
  Relation relation;
  relation.scope = left.scope;
  Schema schema = left.plan->schema;
  for (size_t i = 0; i < added.size(); ++i) {
    Field field = added[i];
    if (outer) field.type = field.type.WithNullable(true);
    std::string name = i < ref.alias_columns.size() ? ref.alias_columns[i] : field.name;
    relation.scope.columns.push_back({ref.alias, name, field.type, false});
    schema.Add({name, field.type});
  }
  UnnestNode node{collection, outer, ref.with_ordinality};
  relation.plan = MakePlan(std::move(node), std::move(schema), {left.plan});
  if (condition) {
    ExprBinder binder(context_, relation.scope);
    ASSIGN_OR_RETURN(ExprPtr bound, binder.BindCondition(condition, "ON"));
    bool always = bound->is_literal() && !bound->literal().is_null() && bound->literal().as_bool();
    if (!always && outer)
      return SqlError(ErrorNumber::kUnsupported, ref.position, "LEFT JOIN UNNEST takes only ON TRUE");
    if (!always) relation.plan = MakeFilter(relation.plan, bound);
  }
  return relation;
}

Result<Relation> QueryBinder::BindTemporalJoin(const AstTableRef& ref, Relation left, Relation right) {
  if (ref.join != JoinKind::kInner && ref.join != JoinKind::kLeft) {
    return SqlError(ErrorNumber::kInvalidPlan, ref.position,
                    "a temporal table join is an INNER or LEFT JOIN");
  }
  ASSIGN_OR_RETURN(ExprPtr time, BindExpression(context_, ref.right->system_time, left.scope));
  if (time->type().time_attribute() == TimeAttribute::kNone) {
    return SqlError(ErrorNumber::kNoTimeAttribute, ref.right->position,
                    "FOR SYSTEM_TIME AS OF needs a time attribute of the left table");
  }
  Relation out;
  out.scope = left.scope;
  Schema schema = left.plan->schema;
  for (const ScopeColumn& column : right.scope.columns) {
    ScopeColumn added = column;
    added.type = column.type.WithTimeAttribute(TimeAttribute::kNone);
    if (ref.join == JoinKind::kLeft) added.type = added.type.WithNullable(true);
    out.scope.columns.push_back(added);
    schema.Add({added.name, added.type});
  }
  ExprBinder binder(context_, out.scope);
  ExprPtr condition;
  if (ref.condition) {
    ASSIGN_OR_RETURN(condition, binder.BindCondition(ref.condition, "ON"));
  }
  TemporalJoinNode node{ref.join, condition, time, ref.right->alias};
  if (node.right_table.empty() && !ref.right->path.empty()) node.right_table = ref.right->path.back();
  out.plan = MakePlan(std::move(node), std::move(schema), {left.plan, right.plan});
  return out;
}

namespace {
std::vector<std::string> TablesOf(const Scope& scope) {
  std::vector<std::string> tables;
  for (const ScopeColumn& column : scope.columns) {
    if (std::find(tables.begin(), tables.end(), column.table) == tables.end()) tables.push_back(column.table);
  }
  return tables;
}
}  // namespace

Result<Relation> QueryBinder::BindJoin(const AstTableRef& ref, const Scope* outer) {
  ASSIGN_OR_RETURN(Relation left, BindFrom(ref.left, outer));
  if (ref.right->kind == TableRefKind::kUnnest)
    return BindUnnest(*ref.right, std::move(left), ref.join, ref.condition);
  if (ref.right->lateral) {
    return SqlError(ErrorNumber::kUnsupported, ref.right->position, "LATERAL is supported only with UNNEST");
  }
  ASSIGN_OR_RETURN(Relation right, BindFrom(ref.right, outer));
  if (ref.right->system_time) return BindTemporalJoin(ref, std::move(left), std::move(right));
  bool null_left = ref.join == JoinKind::kRight || ref.join == JoinKind::kFull;
  bool null_right = ref.join == JoinKind::kLeft || ref.join == JoinKind::kFull;
  Relation out;
  out.scope.outer = outer;
  Schema schema;
  for (auto [side, nullable] : {std::pair{&left, null_left}, std::pair{&right, null_right}}) {
    for (const ScopeColumn& column : side->scope.columns) {
      ScopeColumn added = column;
      if (nullable) added.type = added.type.WithNullable(true);
      out.scope.columns.push_back(added);
      schema.Add({added.name, added.type});
    }
  }
  ExprPtr condition;
  std::vector<std::string> shared = ref.using_columns;
  if (ref.natural) {
    for (const ScopeColumn& column : left.scope.columns) {
      for (const ScopeColumn& other : right.scope.columns) {
        if (!column.hidden && column.name == other.name) shared.push_back(column.name);
      }
    }
  }
  if (ref.condition) {
    ExprBinder binder(context_, out.scope);
    ASSIGN_OR_RETURN(condition, binder.BindCondition(ref.condition, "ON"));
    if (condition->is_literal() && !condition->literal().is_null() && condition->literal().as_bool())
      condition = nullptr;
  }
  std::vector<ExprPtr> equalities;
  size_t left_size = left.scope.columns.size();
  for (const std::string& name : shared) {
    int indices[2] = {-1, -1};
    for (size_t i = 0; i < out.scope.columns.size(); ++i) {
      if (out.scope.columns[i].name == name && !out.scope.columns[i].hidden)
        indices[i < left_size ? 0 : 1] = static_cast<int>(i);
    }
    if (indices[0] < 0 || indices[1] < 0) {
      return SqlError(ErrorNumber::kUnknownColumn, ref.position,
                      "column '" + name + "' of USING is not on both sides");
    }
    std::vector<ExprPtr> sides;
    for (int i : indices) sides.push_back(Expr::Input(i, schema[i].type));
    ASSIGN_OR_RETURN(ExprPtr equal, MakeCall(context_, "=", std::move(sides), ref.position));
    equalities.push_back(std::move(equal));
    out.scope.columns[static_cast<size_t>(indices[1])].hidden = true;
  }
  if (!equalities.empty()) condition = MakeConjunction(equalities);
  JoinKind kind = ref.join == JoinKind::kCross ? JoinKind::kInner : ref.join;
  if (kind == JoinKind::kSemi || kind == JoinKind::kAnti) {
    schema = left.plan->schema;
    out.scope = left.scope;
  }
  JoinNode node{kind, condition, TablesOf(left.scope), TablesOf(right.scope)};
  out.plan = MakePlan(std::move(node), std::move(schema), {left.plan, right.plan});
  return out;
}

Result<PlanPtr> QueryBinder::BindTableArgument(const AstExpr& arg, const Scope* outer, Scope* scope) {
  PlanPtr plan;
  std::string name;
  if (arg.subquery) {
    ASSIGN_OR_RETURN(plan, Bind(arg.subquery, outer));
  } else if (arg.kind == AstKind::kTableArg || arg.kind == AstKind::kColumn) {
    ASSIGN_OR_RETURN(plan, BindNamed(arg.path, arg.position, &name));
  } else {
    return SqlError(ErrorNumber::kBadArguments, arg.position, "expected TABLE name");
  }
  *scope = Scope::Of(plan->schema, name);
  return plan;
}

namespace {

// The interval argument of a window function in milliseconds.
Result<int64_t> IntervalArgument(const BindContext& context, const AstExprPtr& ast) {
  Scope none;
  ASSIGN_OR_RETURN(ExprPtr expr, BindExpression(context, ast, none));
  expr = FoldConstants(expr, *context.eval);
  if (!expr->is_literal() || !expr->type().is(TypeKind::kIntervalDayTime)) {
    return SqlError(ErrorNumber::kBadWindow, ast->position,
                    "window sizes are constant INTERVALs of days to seconds");
  }
  return expr->literal().as_int();
}

Status CheckWindow(const WindowSpec& window, TextPosition at) {
  auto bad = [&](const std::string& message) { return SqlError(ErrorNumber::kBadWindow, at, message); };
  if (window.size <= 0 || window.slide <= 0) return bad("window sizes must be positive");
  if (window.kind == WindowKind::kHop && window.size % window.slide != 0) {
    return bad(
        "HOP table function based aggregate requires size must be an integral multiple of slide, but got "
        "size " +
        std::to_string(window.size) + " ms and slide " + std::to_string(window.slide) + " ms");
  }
  if (window.kind == WindowKind::kCumulate && window.size % window.slide != 0) {
    return bad(
        "CUMULATE table function based aggregate requires maxSize must be an integral multiple of step, but "
        "got maxSize " +
        std::to_string(window.size) + " ms and step " + std::to_string(window.slide) + " ms");
  }
  return Status::Ok();
}

}  // namespace

Result<Relation> QueryBinder::BindTableFunction(const AstTableRef& ref, const Scope* outer) {
  const AstExpr& call = *ref.call;
  struct Form {
    const char* name;
    WindowKind kind;
    std::vector<std::string> parameters;
    size_t required;
  };
  static const std::vector<Form> kForms = {
      {"TUMBLE", WindowKind::kTumble, {"DATA", "TIMECOL", "SIZE", "OFFSET"}, 3},
      {"HOP", WindowKind::kHop, {"DATA", "TIMECOL", "SLIDE", "SIZE", "OFFSET"}, 4},
      {"CUMULATE", WindowKind::kCumulate, {"DATA", "TIMECOL", "STEP", "SIZE", "OFFSET"}, 4},
      {"SESSION", WindowKind::kSession, {"DATA", "TIMECOL", "GAP"}, 3},
  };
  auto form = std::find_if(kForms.begin(), kForms.end(), [&](const Form& f) { return call.name == f.name; });
  if (form == kForms.end()) {
    return SqlError(ErrorNumber::kUnsupported, ref.position,
                    "table function " + call.name + " is not supported");
  }
  std::map<std::string, AstExprPtr> arguments;
  for (size_t i = 0; i < call.args.size(); ++i) {
    bool named = i < call.arg_names.size() && !call.arg_names[i].empty();
    std::string parameter = named                         ? ToUpperAscii(call.arg_names[i])
                            : i < form->parameters.size() ? form->parameters[i]
                                                          : "";
    if (std::find(form->parameters.begin(), form->parameters.end(), parameter) == form->parameters.end()) {
      return SqlError(ErrorNumber::kBadWindow, call.position, call.name + " has no such argument");
    }
    arguments[parameter] = call.args[i];
  }
  for (size_t i = 0; i < form->required; ++i) {
    if (!arguments.contains(form->parameters[i])) {
      return SqlError(ErrorNumber::kBadWindow, call.position,
                      call.name + " needs the argument " + form->parameters[i]);
    }
  }
  Relation relation;
  const AstExpr& data = *arguments["DATA"];
  ASSIGN_OR_RETURN(PlanPtr input, BindTableArgument(data, outer, &relation.scope));
  WindowTvfNode node;
  node.window.kind = form->kind;
  const AstExpr& descriptor = *arguments["TIMECOL"];
  if (descriptor.kind != AstKind::kDescriptor || descriptor.path.size() != 1) {
    return SqlError(ErrorNumber::kBadWindow, descriptor.position, "expected DESCRIPTOR(time column)");
  }
  node.time_column = input->schema.Find(descriptor.path[0]);
  if (node.time_column < 0) {
    return SqlError(ErrorNumber::kUnknownColumn, descriptor.position,
                    "column '" + descriptor.path[0] + "' not found");
  }
  const DataType& time_type = input->schema[node.time_column].type;
  if (time_type.time_attribute() == TimeAttribute::kNone) {
    return SqlError(
        ErrorNumber::kNoTimeAttribute, descriptor.position,
        "The window function requires the timecol is a time attribute type, but is " + time_type.ToString(),
        "declare a WATERMARK on the column, or use PROCTIME()");
  }
  node.window.proctime = time_type.is_proctime();
  for (auto [parameter, target] :
       {std::pair{"SIZE", &node.window.size}, std::pair{"GAP", &node.window.size},
        std::pair{"SLIDE", &node.window.slide}, std::pair{"STEP", &node.window.slide},
        std::pair{"OFFSET", &node.window.offset}}) {
    if (!arguments.contains(parameter)) continue;
    ASSIGN_OR_RETURN(*target, IntervalArgument(context_, arguments[parameter]));
  }
  if (node.window.slide == 0) node.window.slide = node.window.size;
  RETURN_IF_ERROR(CheckWindow(node.window, call.position));
  for (const AstExprPtr& key : data.partition_by) {
    ASSIGN_OR_RETURN(ExprPtr bound, BindExpression(context_, key, relation.scope));
    if (!bound->is_input())
      return SqlError(ErrorNumber::kBadWindow, key->position, "PARTITION BY takes columns here");
    node.window.partition_keys.push_back(bound->index());
  }
  Schema schema;
  for (int i = 0; i < input->schema.size(); ++i) {
    Field field = input->schema[i];
    if (i == node.time_column) field.type = field.type.WithTimeAttribute(TimeAttribute::kNone);
    schema.Add(field);
    relation.scope.columns[static_cast<size_t>(i)].type = field.type;
  }
  DataType edge = DataType::Timestamp(3).NotNull();
  DataType window_time =
      DataType(time_type.kind(), 3).NotNull().WithTimeAttribute(time_type.time_attribute());
  for (const Field& field :
       {Field{"window_start", edge}, Field{"window_end", edge}, Field{"window_time", window_time}}) {
    schema.Add(field);
    relation.scope.columns.push_back({relation.scope.columns.empty() ? "" : relation.scope.columns[0].table,
                                      field.name, field.type, false});
  }
  relation.plan = MakePlan(std::move(node), std::move(schema), {input});
  RETURN_IF_ERROR(ApplyAlias(ref, &relation));
  return relation;
}

}  // namespace penstock::sql
