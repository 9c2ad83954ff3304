// Binder: names to columns, text to types: a syntax tree becomes a LogicalPlan or an Expr. It reads the
// catalog, the functions and the session's configuration and changes none of them. Errors are numbered and
// stand at the place.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "expr/function.h"
#include "sql/syntax/ast.h"
#include "sql/config.h"
#include "sql/logical/logical_plan.h"
#include "sql/binder/scope.h"
#include "table/catalog.h"

namespace penstock::sql {

// What binding depends on.
struct BindContext {
  const Catalog* catalog = nullptr;
  const Config* config = nullptr;
  const EvalContext* eval = nullptr;  // for constants
};

// A query to a plan; the schema's names are the query's column names.
Result<PlanPtr> BindQuery(const BindContext& context, const AstQueryPtr& query);

// An expression over the columns of a scope: computed columns, watermarks.
Result<ExprPtr> BindExpression(const BindContext& context, const AstExprPtr& ast, const Scope& scope);

// Binds expressions one by one. `hook` sees every node first and may answer in the binder's place
// (aggregates, window functions); it returns null to let the binder go on.
class ExprBinder {
 public:
  using Hook = std::function<Result<ExprPtr>(const AstExprPtr&)>;
  ExprBinder(const BindContext& context, const Scope& scope) : context_(context), scope_(scope) {}
  void set_hook(Hook hook) { hook_ = std::move(hook); }

  Result<ExprPtr> Bind(const AstExprPtr& ast);
  // Like Bind, and checks that the result is BOOLEAN.
  Result<ExprPtr> BindCondition(const AstExprPtr& ast, const char* clause);
  const Scope& scope() const { return scope_; }
  const BindContext& context() const { return context_; }

 private:
  Result<ExprPtr> BindNode(const AstExprPtr& ast);
  Result<ExprPtr> BindLiteral(const AstExpr& ast);
  Result<ExprPtr> BindColumn(const AstExpr& ast);
  Result<ExprPtr> BindCall(const AstExpr& ast);
  Result<ExprPtr> BindCase(const AstExpr& ast);
  Result<ExprPtr> BindCast(const AstExpr& ast);
  Result<ExprPtr> BindIn(const AstExpr& ast);
  Result<ExprPtr> BindRow(const AstExpr& ast);
  Result<ExprPtr> BindArray(const AstExpr& ast);
  Result<ExprPtr> BindMap(const AstExpr& ast);
  Result<ExprPtr> BindInterval(const AstExpr& ast);
  Result<ExprPtr> BindJunction(const AstExpr& ast);
  // Null where the call is an ordinary one; its arguments may have changed places then.
  Result<ExprPtr> BindSpecialForm(const AstExpr& ast, std::vector<ExprPtr>* args);
  Result<ExprPtr> BindIf(const AstExpr& ast, const std::vector<ExprPtr>& args);
  Result<ExprPtr> BindCoalesce(const AstExpr& ast, std::vector<ExprPtr> args);
  Result<ExprPtr> BindOverlaps(const AstExpr& ast);
  Result<std::vector<ExprPtr>> BindAll(const std::vector<AstExprPtr>& asts);
  // Casts all to their common type.
  Result<std::vector<ExprPtr>> Unify(std::vector<ExprPtr> exprs, TextPosition at, const char* what);

  BindContext context_;
  const Scope& scope_;
  Hook hook_;
};

// A call of a registered function with implicit casts of its arguments.
Result<ExprPtr> MakeCall(const BindContext& context, const std::string& name, std::vector<ExprPtr> args,
                         TextPosition at);

// field of a ROW value.
Result<ExprPtr> MakeFieldAccess(const BindContext& context, ExprPtr row, const std::string& field,
                                TextPosition at);

// Casts for INSERT and UNION: only what SQL does without being asked.
Result<ExprPtr> ImplicitCast(ExprPtr expr, const DataType& to, TextPosition at, const std::string& what);

// Name a column gets from its expression, "" when it has none.
std::string ImpliedName(const AstExprPtr& ast);

}  // namespace penstock::sql
