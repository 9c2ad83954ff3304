// Arguments of the SQL/JSON functions.
#include "sql/binder/json_binder.h"

namespace penstock::sql {

namespace {

bool IsConstructor(const std::string& name) {
  return name == "JSON_OBJECT" || name == "JSON_ARRAY" || name == "JSON_STRING";
}

bool IsJsonCall(const AstExpr& ast) {
  return ast.kind == AstKind::kCall &&
         (ast.name == "JSON_OBJECT" || ast.name == "JSON_ARRAY" || ast.name == "JSON");
}

// JSON(text), which is no function anywhere else.
Result<ExprPtr> BindJsonText(ExprBinder* binder, const AstExpr& ast) {
  std::vector<ExprPtr> args;
  for (const AstExprPtr& node : ast.args) {
    ASSIGN_OR_RETURN(ExprPtr arg, binder->Bind(node));
    args.push_back(std::move(arg));
  }
  return MakeCall(binder->context(), "JSON", std::move(args), ast.position);
}

}  // namespace

Result<std::vector<ExprPtr>> BindJsonArguments(ExprBinder* binder, const AstExpr& ast) {
  std::vector<ExprPtr> args;
  for (const AstExprPtr& node : ast.args) {
    bool raw = IsConstructor(ast.name) && IsJsonCall(*node);
    if (raw) args.push_back(Expr::Literal(Value::String("RAW"), DataType::Symbol()));
    bool text = raw && node->name == "JSON";
    ASSIGN_OR_RETURN(ExprPtr arg, text ? BindJsonText(binder, *node) : binder->Bind(node));
    args.push_back(std::move(arg));
    if (node->kind == AstKind::kSymbol && node->name == "RETURNING") args.push_back(Expr::NullOf(node->type));
  }
  return args;
}

}  // namespace penstock::sql
