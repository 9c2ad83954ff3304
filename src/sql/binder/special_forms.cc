// Calls that are more than a function: IF, COALESCE, NULLIF, OVERLAPS, and those that become a call of
// another name or with turned arguments.
#include <algorithm>

#include "expr/evaluator.h"
#include "sql/binder/binder.h"

namespace penstock::sql {

Result<ExprPtr> ExprBinder::BindSpecialForm(const AstExpr& ast, std::vector<ExprPtr>* args) {
  const std::string& name = ast.name;
  size_t count = args->size();
  auto type_of = [&](size_t i) -> const DataType& { return (*args)[i]->type(); };
  if (name == "IF" && count == 3) return BindIf(ast, *args);
  if (name == "COALESCE" || name == "IFNULL") return BindCoalesce(ast, std::move(*args));
  if (name == "NULLIF" && count == 2) {
    ASSIGN_OR_RETURN(ExprPtr same, MakeCall(context_, "=", *args, ast.position));
    DataType type = type_of(0).WithNullable(true);
    return Expr::Special(ExprKind::kCase, {same, Expr::NullOf(type), (*args)[0]}, type);
  }
  if (name == "UNIX_TIMESTAMP" && count == 0) return MakeCall(context_, "UNIX_TIMESTAMP()", {}, ast.position);
  if (count == 2 && type_of(1).is(TypeKind::kSymbol)) {  // FLOOR(x TO DAY)
    if (name == "FLOOR") return MakeCall(context_, "FLOOR TO", std::move(*args), ast.position);
    if (name == "CEIL" || name == "CEILING") {
      return MakeCall(context_, "CEIL TO", std::move(*args), ast.position);
    }
  }
  // INTERVAL '1' DAY + ts, 2 * INTERVAL '1' DAY: the kernels expect the interval last and first.
  bool turn = count == 2 && ((name == "+" && type_of(0).is_interval() && type_of(1).is_datetime()) ||
                             (name == "*" && type_of(0).is_numeric() && type_of(1).is_interval()));
  if (turn) std::swap((*args)[0], (*args)[1]);
  return ExprPtr();
}

Result<ExprPtr> ExprBinder::BindIf(const AstExpr& ast, const std::vector<ExprPtr>& args) {
  if (!args[0]->type().is(TypeKind::kBoolean) && !args[0]->type().is(TypeKind::kNull)) {
    return SqlError(ErrorNumber::kBadArguments, ast.position, "IF needs a BOOLEAN first");
  }
  ASSIGN_OR_RETURN(std::vector<ExprPtr> branches, Unify({args[1], args[2]}, ast.position, "IF"));
  bool nullable = branches[0]->type().nullable() || branches[1]->type().nullable();
  ExprPtr condition = Expr::Cast(args[0], DataType::Boolean());
  return Expr::Special(ExprKind::kCase, {std::move(condition), branches[0], branches[1]},
                       branches[0]->type().WithNullable(nullable));
}

Result<ExprPtr> ExprBinder::BindCoalesce(const AstExpr& ast, std::vector<ExprPtr> args) {
  if (args.empty() || (ast.name == "IFNULL" && args.size() != 2)) {
    return SqlError(ErrorNumber::kBadArguments, ast.position,
                    "Invalid number of arguments to function '" + ast.name + "'");
  }
  ASSIGN_OR_RETURN(std::vector<ExprPtr> all, Unify(std::move(args), ast.position, ast.name.c_str()));
  bool nullable = std::all_of(all.begin(), all.end(), [](const ExprPtr& e) { return e->type().nullable(); });
  DataType type = all[0]->type().WithNullable(nullable);
  return Expr::Special(ExprKind::kCoalesce, std::move(all), type);
}

// (a, b) OVERLAPS (c, d): b and d are ends or lengths; both periods include their ends.
Result<ExprPtr> ExprBinder::BindOverlaps(const AstExpr& ast) {
  std::vector<ExprPtr> first, last;
  for (const AstExprPtr& side : ast.args) {
    if (side->kind != AstKind::kRow || side->args.size() != 2) {
      return SqlError(ErrorNumber::kBadArguments, side->position, "OVERLAPS compares two pairs");
    }
    ASSIGN_OR_RETURN(ExprPtr start, Bind(side->args[0]));
    ASSIGN_OR_RETURN(ExprPtr end, Bind(side->args[1]));
    if (end->type().is_interval()) {
      ASSIGN_OR_RETURN(end, MakeCall(context_, "+", {start, end}, side->position));
    }
    if (!start->type().is_datetime() || !end->type().is_datetime()) {
      return SqlError(ErrorNumber::kBadArguments, side->position,
                      "OVERLAPS needs a date or time and its end or an interval");
    }
    ASSIGN_OR_RETURN(ExprPtr low, MakeCall(context_, "LEAST", {start, end}, side->position));
    ASSIGN_OR_RETURN(ExprPtr high, MakeCall(context_, "GREATEST", {start, end}, side->position));
    first.push_back(std::move(low));
    last.push_back(std::move(high));
  }
  ASSIGN_OR_RETURN(ExprPtr left, MakeCall(context_, ">=", {last[0], first[1]}, ast.position));
  ASSIGN_OR_RETURN(ExprPtr right, MakeCall(context_, ">=", {last[1], first[0]}, ast.position));
  bool nullable = left->type().nullable() || right->type().nullable();
  return Expr::Special(ExprKind::kAnd, {std::move(left), std::move(right)},
                       DataType::Boolean().WithNullable(nullable));
}

}  // namespace penstock::sql
