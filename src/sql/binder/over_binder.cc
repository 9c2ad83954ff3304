// OVER: each window function of a SELECT becomes a column of an Over node.
#include <algorithm>

#include "expr/evaluator.h"
#include "sql/binder/query_binder.h"

namespace penstock::sql {

namespace {

bool IsRankFunction(const std::string& name) {
  static const char* const kNames[] = {"ROW_NUMBER", "RANK",  "DENSE_RANK",   "LAG",
                                       "LEAD",       "NTILE", "PERCENT_RANK", "CUME_DIST"};
  return std::any_of(std::begin(kNames), std::end(kNames), [&](const char* n) { return name == n; });
}

DataType TypeOfRank(const std::string& name) {
  if (name == "PERCENT_RANK" || name == "CUME_DIST") return DataType::Double().NotNull();
  return name == "NTILE" ? DataType::Int().NotNull() : DataType::BigInt().NotNull();
}

}  // namespace

Result<ExprPtr> SelectBinder::OverHook(const AstExprPtr& ast) {
  for (const auto& [call, column] : over_columns_) {
    if (call == ast) return Expr::Input(column, from_.plan->schema[column].type);
  }
  return ExprPtr();
}

Status SelectBinder::BindOverCalls(const AstSelect& select, const std::vector<AstOrderItem>& order_by) {
  std::vector<AstExprPtr> found;
  std::function<void(const AstExprPtr&)> collect = [&](const AstExprPtr& ast) {
    if (!ast) return;
    if (ast->kind == AstKind::kCall && ast->over) {
      found.push_back(ast);
      return;
    }
    for (const AstExprPtr& arg : ast->args) collect(arg);
  };
  for (const AstSelectItem& item : select.items) collect(item.expr);
  if (select.qualify) collect(select.qualify);
  for (const AstOrderItem& item : order_by) collect(item.expr);
  for (const AstExprPtr& call : found) RETURN_IF_ERROR(AddOver(select, call));
  return Status::Ok();
}

Status SelectBinder::AddOver(const AstSelect& select, const AstExprPtr& ast) {
  AstWindowSpec spec = *ast->over;
  if (!spec.name.empty()) {
    auto named = std::find_if(select.windows.begin(), select.windows.end(),
                              [&](const AstWindowSpec& w) { return w.name == spec.name; });
    if (named == select.windows.end())
      return SqlError(ErrorNumber::kBadWindow, ast->position, "window '" + spec.name + "' is not defined");
    spec = *named;
  }
  if (!IsAggregateName(ast->name) && !IsRankFunction(ast->name)) {
    return SqlError(ErrorNumber::kUnknownFunction, ast->position, ast->name + " is not a window function");
  }
  // Expressions that are no columns are projected behind the input first.
  std::vector<ExprPtr> exprs = IdentityExprs(from_.plan->schema);
  std::vector<std::string> names;
  for (const Field& field : from_.plan->schema.fields()) names.push_back(field.name);
  size_t width = exprs.size();
  auto column_of = [&](const AstExprPtr& expr_ast, const DataType* to) -> Result<int> {
    ASSIGN_OR_RETURN(ExprPtr expr, BindOutput(expr_ast));
    expr = FoldConstants(expr, *context_.eval);
    if (to != nullptr) expr = FoldConstants(Expr::Cast(expr, *to), *context_.eval);
    if (expr->is_input()) return expr->index();
    exprs.push_back(expr);
    names.push_back("$w" + std::to_string(exprs.size()));
    return static_cast<int>(exprs.size()) - 1;
  };
  OverNode node;
  for (const AstExprPtr& key : spec.partition_by) {
    ASSIGN_OR_RETURN(int column, column_of(key, nullptr));
    node.partition_by.push_back(column);
  }
  for (const AstOrderItem& item : spec.order_by) {
    ASSIGN_OR_RETURN(int column, column_of(item.expr, nullptr));
    node.order_by.push_back(
        {column, item.descending, item.nulls_first ? !*item.nulls_first : item.descending});
  }
  node.has_frame = spec.has_frame;
  node.rows = spec.rows;
  node.start = spec.start;
  if (spec.has_frame && spec.end != FrameBound::kCurrentRow) {
    return SqlError(ErrorNumber::kUnsupported, ast->position, "OVER windows end at the CURRENT ROW");
  }
  if (spec.start == FrameBound::kPreceding) {
    Scope none;
    ASSIGN_OR_RETURN(ExprPtr offset, BindExpression(context_, spec.start_offset, none));
    offset = FoldConstants(offset, *context_.eval);
    if (!offset->is_literal() || !offset->literal().is_int()) {
      return SqlError(ErrorNumber::kNotConstant, ast->position, "the frame of OVER must be constant");
    }
    node.preceding = offset->literal().as_int();
  }
  OverCall call;
  call.function = ast->name;
  call.distinct = ast->distinct;
  if (const AggregateFunction* function = AggregateRegistry::BuiltIn().Find(ast->name)) {
    std::vector<ArgInfo> infos;
    std::vector<ExprPtr> bound;
    for (const AstExprPtr& arg : ast->args) {
      ASSIGN_OR_RETURN(ExprPtr expr, BindOutput(arg));
      bound.push_back(FoldConstants(expr, *context_.eval));
    }
    for (const ExprPtr& expr : bound)
      infos.push_back({expr->type(), expr->is_literal() ? &expr->literal() : nullptr});
    Result<Signature> signature = function->ResolveCall(infos);
    if (!signature) return Status(signature.error()).At(ast->position);
    for (size_t i = 0; i < bound.size(); ++i) {
      ASSIGN_OR_RETURN(int column, column_of(ast->args[i], &signature->args[i]));
      call.args.push_back(column);
      call.arg_types.push_back(signature->args[i]);
      call.constants.push_back(bound[i]->is_literal() ? bound[i]->literal() : Value::Null());
    }
    call.type = signature->result;
  } else {
    for (const AstExprPtr& arg : ast->args) {
      ASSIGN_OR_RETURN(ExprPtr expr, BindOutput(arg));
      expr = FoldConstants(expr, *context_.eval);
      ASSIGN_OR_RETURN(int column, column_of(arg, nullptr));
      call.args.push_back(column);
      call.arg_types.push_back(expr->type());
      call.constants.push_back(expr->is_literal() ? expr->literal() : Value::Null());
    }
    bool offset = ast->name == "LAG" || ast->name == "LEAD";
    if (offset && call.args.empty())
      return SqlError(ErrorNumber::kBadArguments, ast->position, ast->name + " needs an argument");
    call.type = offset ? call.arg_types[0].WithNullable(true).WithTimeAttribute(TimeAttribute::kNone)
                       : TypeOfRank(ast->name);
  }
  if (ast->filter) {
    ASSIGN_OR_RETURN(call.filter, column_of(ast->filter, nullptr));
    const ExprPtr& filter = exprs[static_cast<size_t>(call.filter)];
    if (!filter->type().is(TypeKind::kBoolean)) {
      return SqlError(ErrorNumber::kTypeMismatch, ast->filter->position, "FILTER must be a BOOLEAN");
    }
  }
  if (exprs.size() != width) from_.plan = MakeProject(from_.plan, exprs, names);
  Schema schema = from_.plan->schema;
  over_columns_.emplace_back(ast, schema.size());
  schema.Add({"$o" + std::to_string(over_columns_.size()), call.type});
  node.calls.push_back(std::move(call));
  from_.plan = MakePlan(std::move(node), std::move(schema), {from_.plan});
  return Status::Ok();
}

}  // namespace penstock::sql
