// Arguments of the SQL/JSON functions. What the parser keeps in a symbol becomes arguments that the
// functions' resolvers understand: the type after RETURNING is a NULL of that type, and an argument of a
// constructor that is JSON already has the symbol RAW before it.
#include <algorithm>
#include <utility>

#include "sql/binder.h"

namespace penstock::sql {

namespace {

bool IsConstructor(const std::string& name) {
  return name == "JSON_OBJECT" || name == "JSON_ARRAY" || name == "JSON_STRING";
}

bool IsJsonCall(const AstExpr& ast) {
  return ast.kind == AstKind::kCall &&
         (ast.name == "JSON_OBJECT" || ast.name == "JSON_ARRAY" || ast.name == "JSON");
}

}  // namespace

Result<std::vector<ExprPtr>> ExprBinder::BindArguments(const AstExpr& ast) {
  bool inside_constructor = std::exchange(inside_json_, false);
  if (ast.name == "JSON" && !inside_constructor) {
    return SqlError(ErrorNumber::kBadArguments, ast.position,
                    "JSON() is supported only as an argument of JSON_OBJECT and JSON_ARRAY");
  }
  std::vector<ExprPtr> args;
  for (const AstExprPtr& node : ast.args) {
    if (IsConstructor(ast.name) && IsJsonCall(*node)) {
      args.push_back(Expr::Literal(Value::String("RAW"), DataType::Symbol()));
      inside_json_ = true;
    }
    ASSIGN_OR_RETURN(ExprPtr arg, Bind(node));
    inside_json_ = false;
    args.push_back(std::move(arg));
    if (node->kind == AstKind::kSymbol && node->name == "RETURNING") args.push_back(Expr::NullOf(node->type));
  }
  return args;
}

}  // namespace penstock::sql
