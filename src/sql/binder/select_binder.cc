// SELECT: from the FROM clause to the list. Aggregates and window functions are found while the list is bound
// (by the binder's hook): each becomes a column of an Aggregate or Over node, and the list an expression over
// those columns.
#include <algorithm>

#include "base/strings.h"
#include "expr/evaluator.h"
#include "sql/logical/join_analysis.h"
#include "sql/binder/query_binder.h"

namespace penstock::sql {

namespace {

bool Any(const AstExprPtr& ast, const std::function<bool(const AstExpr&)>& test) {
  if (!ast) return false;
  if (test(*ast)) return true;
  return std::any_of(ast->args.begin(), ast->args.end(),
                     [&](const AstExprPtr& arg) { return Any(arg, test); });
}

}  // namespace

bool IsAggregateName(const std::string& name) { return AggregateRegistry::BuiltIn().Find(name) != nullptr; }

bool ContainsAggregate(const AstExprPtr& ast) {
  return Any(ast, [](const AstExpr& node) {
    return node.kind == AstKind::kCall && !node.over &&
           (IsAggregateName(node.name) || node.name == "GROUPING" || node.name == "GROUPING_ID");
  });
}

bool ContainsOver(const AstExprPtr& ast) {
  return Any(ast, [](const AstExpr& node) { return node.kind == AstKind::kCall && node.over.has_value(); });
}

std::vector<std::string> OutputNames(const std::vector<AstSelectItem>& items) {
  std::vector<std::string> names;
  for (const AstSelectItem& item : items) {
    std::string name = item.alias.empty() ? ImpliedName(item.expr) : item.alias;
    names.push_back(name.empty() ? "EXPR$" + std::to_string(names.size()) : name);
  }
  return names;
}

namespace {

bool IsAggregated(const AstSelect& select) {
  return select.has_group_by || select.having ||
         std::any_of(select.items.begin(), select.items.end(),
                     [](const AstSelectItem& item) { return ContainsAggregate(item.expr); });
}

}  // namespace

Result<PlanPtr> SelectBinder::Bind(const AstSelect& given, const std::vector<AstOrderItem>& order_by,
                                   std::vector<SortKey>* keys, int* visible) {
  AstSelect select = given;
  if (select.from) {
    ASSIGN_OR_RETURN(from_, queries_.BindFrom(select.from, outer_));
  } else {
    from_.plan = MakePlan(ValuesNode{{{}}}, Schema(), {});
  }
  from_.scope.outer = outer_;
  if (select.where) {
    ASSIGN_OR_RETURN(select.where, JoinScalarQueries(select.where));
    RETURN_IF_ERROR(BindWhere(select.where));
  }
  if (!IsAggregated(select)) {
    for (AstSelectItem& item : select.items) {
      ASSIGN_OR_RETURN(item.expr, JoinScalarQueries(item.expr));
    }
  }
  from_.plan = ArrangeJoins(from_.plan, select.hints, *context_.eval);
  for (size_t i = 0; i < from_.scope.columns.size(); ++i)
    from_.scope.columns[i].type = from_.plan->schema[static_cast<int>(i)].type;
  RETURN_IF_ERROR(BindAggregation(select, order_by));
  RETURN_IF_ERROR(BindOverCalls(select, order_by));
  if (select.qualify) {
    ASSIGN_OR_RETURN(ExprPtr condition, BindOutput(select.qualify));
    from_.plan = MakeFilter(from_.plan, condition);
  }
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  std::vector<std::string> item_names = OutputNames(select.items);
  for (size_t i = 0; i < select.items.size(); ++i) {
    const AstExprPtr& ast = select.items[i].expr;
    if (ast->kind == AstKind::kStar) {
      RETURN_IF_ERROR(ExpandStar(*ast, &exprs, &names));
      continue;
    }
    if (ast->kind == AstKind::kField && ast->path[0] == "*") {
      ASSIGN_OR_RETURN(ExprPtr row, BindOutput(ast->args[0]));
      for (const Field& field : row->type().fields()) {
        ASSIGN_OR_RETURN(ExprPtr value, MakeFieldAccess(context_, row, field.name, ast->position));
        exprs.push_back(std::move(value));
        names.push_back(field.name);
      }
      continue;
    }
    ASSIGN_OR_RETURN(ExprPtr expr, BindOutput(ast));
    if (expr->type().is(TypeKind::kSymbol) || expr->type().is(TypeKind::kDescriptor)) {
      return SqlError(ErrorNumber::kTypeMismatch, ast->position, "a keyword is not a value");
    }
    exprs.push_back(FoldConstants(expr, *context_.eval));
    names.push_back(item_names[i]);
  }
  *visible = static_cast<int>(exprs.size());
  // A doubled name gets a number, as in Calcite.
  for (size_t i = 0; i < names.size(); ++i) {
    std::string base = names[i];
    for (int n = 0; std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
                    names.begin() + static_cast<std::ptrdiff_t>(i);
         ++n) {
      names[i] = base + std::to_string(n);
    }
  }
  for (const AstOrderItem& item : order_by) {
    int column = -1;
    if (item.expr->kind == AstKind::kLiteral && !item.expr->name.empty()) {
      column = std::atoi(item.expr->name.c_str()) - 1;
      if (column < 0 || column >= *visible) {
        return SqlError(ErrorNumber::kUnknownColumn, item.expr->position,
                        "ORDER BY position is not in the select list");
      }
    } else if (item.expr->kind == AstKind::kColumn && item.expr->path.size() == 1) {
      auto found = std::find(names.begin(), names.begin() + *visible, item.expr->path[0]);
      if (found != names.begin() + *visible) column = static_cast<int>(found - names.begin());
    }
    if (column < 0) {
      ASSIGN_OR_RETURN(ExprPtr expr, BindOutput(item.expr));
      auto same =
          std::find_if(exprs.begin(), exprs.end(), [&](const ExprPtr& e) { return e->Equals(*expr); });
      column = static_cast<int>(same - exprs.begin());
      if (same == exprs.end()) {
        if (select.distinct) {
          return SqlError(ErrorNumber::kBadAggregate, item.expr->position,
                          "with SELECT DISTINCT, ORDER BY takes listed columns");
        }
        exprs.push_back(std::move(expr));
        names.push_back("$sort" + std::to_string(column));
      }
    }
    keys->push_back({column, item.descending, item.nulls_first ? !*item.nulls_first : item.descending});
  }
  PlanPtr plan = MakeProject(from_.plan, std::move(exprs), std::move(names));
  if (select.distinct) {
    AggregateNode distinct;
    for (int i = 0; i < plan->schema.size(); ++i) distinct.groups.push_back(i);
    Schema schema = plan->schema;
    plan = MakePlan(std::move(distinct), std::move(schema), {std::move(plan)});
  }
  if (!select.hints.empty()) {
    auto hinted = std::make_shared<PlanNode>(*plan);
    hinted->hints = select.hints;
    plan = hinted;
  }
  return plan;
}

Status SelectBinder::ExpandStar(const AstExpr& star, std::vector<ExprPtr>* exprs,
                                std::vector<std::string>* names) {
  if (aggregated_)
    return SqlError(ErrorNumber::kBadAggregate, star.position,
                    "* cannot stand beside GROUP BY or aggregates");
  bool any = false;
  for (size_t i = 0; i < from_.scope.columns.size(); ++i) {
    const ScopeColumn& column = from_.scope.columns[i];
    if (star.path.empty() ? column.hidden : column.table != star.path.back()) continue;
    any = true;
    exprs->push_back(Expr::Input(static_cast<int>(i), column.type));
    names->push_back(column.name);
  }
  if (!any && !star.path.empty()) {
    // row_column.*
    AstExprPtr column = std::make_shared<AstExpr>(star);
    column->kind = AstKind::kColumn;
    ASSIGN_OR_RETURN(ExprPtr row, BindOutput(column));
    for (const Field& field : row->type().fields()) {
      ASSIGN_OR_RETURN(ExprPtr value, MakeFieldAccess(context_, row, field.name, star.position));
      exprs->push_back(std::move(value));
      names->push_back(field.name);
    }
    any = true;
  }
  if (!any) return SqlError(ErrorNumber::kUnknownTable, star.position, "no columns for *");
  return Status::Ok();
}

int SelectBinder::Project(const ExprPtr& expr) {
  auto same =
      std::find_if(projected_.begin(), projected_.end(), [&](const ExprPtr& e) { return e->Equals(*expr); });
  if (same == projected_.end()) {
    projected_.push_back(expr);
    return static_cast<int>(projected_.size()) - 1;
  }
  return static_cast<int>(same - projected_.begin());
}

Status SelectBinder::BindGroups(const AstSelect& select) {
  ExprBinder binder(context_, from_.scope);
  auto add_key = [&](const AstExprPtr& ast) -> Result<int> {
    if (group_window_ && ast == group_window_->call) return AddGroupWindowKeys();
    AstExprPtr resolved = ast;
    if (ast->kind == AstKind::kLiteral && !ast->name.empty()) {  // GROUP BY 1
      int position = std::atoi(ast->name.c_str());
      if (position < 1 || position > static_cast<int>(select.items.size())) {
        return SqlError(ErrorNumber::kUnknownColumn, ast->position,
                        "GROUP BY position is not in the select list");
      }
      resolved = select.items[static_cast<size_t>(position) - 1].expr;
    }
    Result<ExprPtr> expr = binder.Bind(resolved);
    if (!expr && resolved->kind == AstKind::kColumn && resolved->path.size() == 1) {  // GROUP BY alias
      for (const AstSelectItem& item : select.items) {
        if (item.alias == resolved->path[0] && !ContainsAggregate(item.expr)) expr = binder.Bind(item.expr);
      }
    }
    if (!expr) return expr.error();
    for (size_t i = 0; i < group_exprs_.size(); ++i) {
      if (group_exprs_[i]->Equals(**expr)) return static_cast<int>(i);
    }
    group_exprs_.push_back(*expr);
    return static_cast<int>(group_exprs_.size()) - 1;
  };
  // Each grouping contributes alternatives; the sets of GROUP BY are their cross product.
  std::vector<std::vector<int>> sets = {{}};
  bool several = false;
  for (const AstGrouping& group : select.group_by) {
    std::vector<std::vector<int>> alternatives;
    std::vector<int> keys;
    for (const AstExprPtr& ast : group.exprs) {
      if (ast->kind == AstKind::kRow && group.kind == GroupingKind::kPlain) {
        for (const AstExprPtr& part : ast->args) {
          ASSIGN_OR_RETURN(int key, add_key(part));
          keys.push_back(key);
        }
        continue;
      }
      ASSIGN_OR_RETURN(int key, add_key(ast));
      keys.push_back(key);
    }
    switch (group.kind) {
      case GroupingKind::kPlain: alternatives.push_back(keys); break;
      case GroupingKind::kRollup:
        for (size_t n = keys.size() + 1; n-- > 0;)
          alternatives.emplace_back(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(n));
        break;
      case GroupingKind::kCube:
        for (size_t mask = 0; mask < size_t{1} << keys.size(); ++mask) {
          std::vector<int> set;
          for (size_t k = 0; k < keys.size(); ++k) {
            if ((mask >> k & 1) == 0) set.push_back(keys[k]);
          }
          alternatives.push_back(std::move(set));
        }
        break;
      case GroupingKind::kSets:
        for (const auto& set : group.sets) {
          std::vector<int> indices;
          for (const AstExprPtr& ast : set) {
            ASSIGN_OR_RETURN(int key, add_key(ast));
            indices.push_back(key);
          }
          alternatives.push_back(std::move(indices));
        }
        break;
    }
    several = several || group.kind != GroupingKind::kPlain;
    std::vector<std::vector<int>> product;
    for (const auto& left : sets) {
      for (const auto& right : alternatives) {
        std::vector<int> joined = left;
        joined.insert(joined.end(), right.begin(), right.end());
        product.push_back(std::move(joined));
      }
    }
    sets = std::move(product);
  }
  if (several) {
    for (const auto& set : sets) {
      std::vector<bool> members(group_exprs_.size(), false);
      for (int key : set) members[static_cast<size_t>(key)] = true;
      grouping_sets_.push_back(std::move(members));
    }
  }
  return Status::Ok();
}

Result<int> SelectBinder::AddAggregate(const AstExpr& ast) {
  const AggregateFunction* function = AggregateRegistry::BuiltIn().Find(ast.name);
  ExprBinder binder(context_, from_.scope);
  AggregateCall call;
  call.function = function->name();
  call.distinct = ast.distinct;
  std::vector<ExprPtr> args;
  std::vector<ArgInfo> infos;
  for (const AstExprPtr& arg : ast.args) {
    if (ContainsAggregate(arg))
      return SqlError(ErrorNumber::kBadAggregate, arg->position, "Aggregate expressions cannot be nested");
    ASSIGN_OR_RETURN(ExprPtr bound, binder.Bind(arg));
    args.push_back(FoldConstants(bound, *context_.eval));
  }
  if (ast.ignore_nulls) args.push_back(Expr::Literal(Value::String("IGNORE NULLS"), DataType::Symbol()));
  for (const ExprPtr& arg : args)
    infos.push_back({arg->type(), arg->is_literal() ? &arg->literal() : nullptr});
  Result<Signature> signature = function->ResolveCall(infos);
  if (!signature) return Status(signature.error()).At(ast.position);
  for (size_t i = 0; i < args.size(); ++i) {
    bool keyword = args[i]->type().is(TypeKind::kSymbol);
    ExprPtr cast = keyword ? args[i] : FoldConstants(Expr::Cast(args[i], signature->args[i]), *context_.eval);
    call.constants.push_back(cast->is_literal() ? cast->literal() : Value::Null());
    call.arg_types.push_back(signature->args[i]);
    call.args.push_back(Project(keyword ? Expr::Literal(Value::Bool(true), DataType::Boolean()) : cast));
  }
  if (ast.filter) {
    ASSIGN_OR_RETURN(ExprPtr filter, binder.BindCondition(ast.filter, "FILTER"));
    call.filter = Project(filter);
  }
  call.type = signature->result;
  // Without GROUP BY, or with an empty grouping set, a group may have no rows.
  auto same = std::find(calls_.begin(), calls_.end(), call);
  if (same == calls_.end()) {
    calls_.push_back(std::move(call));
    return static_cast<int>(calls_.size()) - 1;
  }
  return static_cast<int>(same - calls_.begin());
}

// While the list of an aggregated query is bound: group keys and aggregates become columns of the Aggregate
// node.
Result<ExprPtr> SelectBinder::AggregateHook(const AstExprPtr& ast) {
  ASSIGN_OR_RETURN(ExprPtr over, OverHook(ast));
  if (over) return over;
  ASSIGN_OR_RETURN(ExprPtr window, GroupWindowHook(*ast));
  if (window) return window;
  auto groups = static_cast<int>(group_exprs_.size());
  if (ast->kind == AstKind::kCall && !ast->over && IsAggregateName(ast->name)) {
    ASSIGN_OR_RETURN(int call, AddAggregate(*ast));
    return Expr::Input(groups + call, calls_[static_cast<size_t>(call)].type);
  }
  if (ast->kind == AstKind::kCall &&
      (ast->name == "GROUPING" || ast->name == "GROUPING_ID" || ast->name == "GROUP_ID"))
    return BindGrouping(*ast);
  if (!ContainsAggregate(ast) && !ContainsOver(ast) && ast->kind != AstKind::kLiteral &&
      ast->kind != AstKind::kSymbol) {
    ExprBinder binder(context_, from_.scope);
    Result<ExprPtr> plain = binder.Bind(ast);
    if (plain) {
      for (size_t i = 0; i < group_exprs_.size(); ++i) {
        if (!group_exprs_[i]->Equals(**plain)) continue;
        DataType type = group_exprs_[i]->type();
        if (!grouping_sets_.empty()) type = type.WithNullable(true);
        return Expr::Input(static_cast<int>(i), type);
      }
    }
    if (ast->kind == AstKind::kColumn) {
      if (!plain) return plain.error();
      return SqlError(ErrorNumber::kBadAggregate, ast->position,
                      "Expression '" + Join(ast->path, ".") + "' is not being grouped",
                      "add it to GROUP BY or use an aggregate");
    }
  }
  return ExprPtr();
}

Result<ExprPtr> SelectBinder::BindOutput(const AstExprPtr& ast) {
  ExprBinder binder(context_, from_.scope);
  binder.set_hook(
      [this](const AstExprPtr& node) { return aggregated_ ? AggregateHook(node) : OverHook(node); });
  return binder.Bind(ast);
}

Status SelectBinder::BindAggregation(const AstSelect& select, const std::vector<AstOrderItem>& order_by) {
  aggregated_ = IsAggregated(select);
  if (!aggregated_) return Status::Ok();
  RETURN_IF_ERROR(BindGroupWindow(select));
  RETURN_IF_ERROR(BindGroups(select));
  for (const ExprPtr& group : group_exprs_) projected_.push_back(group);
  // Bind everything once to collect the aggregates; the results are bound again over the Aggregate's columns.
  std::vector<AstExprPtr> outputs;
  for (const AstSelectItem& item : select.items) outputs.push_back(item.expr);
  if (select.having) outputs.push_back(select.having);
  if (select.qualify) outputs.push_back(select.qualify);
  for (const AstOrderItem& item : order_by) {
    if (ContainsAggregate(item.expr)) outputs.push_back(item.expr);
  }
  std::function<Status(const AstExprPtr&)> collect = [&](const AstExprPtr& ast) -> Status {
    if (!ast) return Status::Ok();
    if (ast->kind == AstKind::kCall && !ast->over && IsAggregateName(ast->name)) {
      ASSIGN_OR_RETURN(int call, AddAggregate(*ast));
      static_cast<void>(call);
      return Status::Ok();
    }
    for (const AstExprPtr& arg : ast->args) RETURN_IF_ERROR(collect(arg));
    if (ast->over) {
      for (const AstExprPtr& key : ast->over->partition_by) RETURN_IF_ERROR(collect(key));
      for (const AstOrderItem& key : ast->over->order_by) RETURN_IF_ERROR(collect(key.expr));
    }
    return Status::Ok();
  };
  for (const AstExprPtr& ast : outputs) RETURN_IF_ERROR(collect(ast));

  std::vector<std::string> names;
  for (size_t i = 0; i < projected_.size(); ++i) {
    bool column = projected_[i]->is_input() && projected_[i]->index() < from_.plan->schema.size();
    names.push_back(column ? from_.plan->schema[projected_[i]->index()].name : "$f" + std::to_string(i));
  }
  PlanPtr input = MakeProject(from_.plan, projected_, names);
  AggregateNode node;
  Schema schema;
  auto keys = static_cast<int>(group_exprs_.size());
  if (!grouping_sets_.empty()) {
    ExpandNode expand;
    for (int i = 0; i < keys; ++i) expand.keys.push_back(i);
    expand.sets = grouping_sets_;
    // The expanded keys come behind the input's columns, which stay whole for the aggregates' arguments.
    Schema expanded = input->schema;
    for (int i = 0; i < keys; ++i)
      expanded.Add({input->schema[i].name, input->schema[i].type.WithNullable(true)});
    expanded.Add({"$e", DataType::BigInt().NotNull()});
    int base = input->schema.size();
    input = MakePlan(std::move(expand), std::move(expanded), {input});
    for (int i = 0; i <= keys; ++i) node.groups.push_back(base + i);
  } else {
    for (int i = 0; i < keys; ++i) node.groups.push_back(i);
  }
  for (int group : node.groups) schema.Add(input->schema[group]);
  node.calls = calls_;
  for (size_t i = 0; i < calls_.size(); ++i) schema.Add({"$a" + std::to_string(i), calls_[i].type});
  PlanPtr plan = MakePlan(std::move(node), schema, {input});
  if (!select.hints.empty()) {
    auto hinted = std::make_shared<PlanNode>(*plan);
    hinted->hints = select.hints;
    plan = hinted;
  }
  if (!grouping_sets_.empty()) {  // the set's id goes to the end, for GROUPING
    std::vector<ExprPtr> exprs = IdentityExprs(plan->schema);
    std::vector<std::string> kept;
    for (const Field& field : plan->schema.fields()) kept.push_back(field.name);
    std::rotate(exprs.begin() + keys, exprs.begin() + keys + 1, exprs.end());
    std::rotate(kept.begin() + keys, kept.begin() + keys + 1, kept.end());
    plan = MakeProject(plan, std::move(exprs), std::move(kept));
  }
  from_.plan = plan;
  if (select.having) {
    ASSIGN_OR_RETURN(ExprPtr condition, BindOutput(select.having));
    if (!condition->type().is(TypeKind::kBoolean)) {
      return SqlError(ErrorNumber::kTypeMismatch, select.having->position, "HAVING must be a BOOLEAN");
    }
    from_.plan = MakeFilter(from_.plan, condition);
  }
  return Status::Ok();
}

}  // namespace penstock::sql
