// What the files of the expression parser share: making nodes, the levels of precedence that one part calls
// of another, and the guard against nesting that would overflow the stack. Internal to the parser.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sql/syntax/expression_parser.h"

namespace penstock::sql {

inline AstExprPtr NewNode(AstKind kind, TextPosition at) {
  auto node = std::make_shared<AstExpr>();
  node->kind = kind;
  node->position = at;
  return node;
}

inline AstExprPtr NewCall(std::string name, TextPosition at, std::vector<AstExprPtr> args) {
  AstExprPtr node = NewNode(AstKind::kCall, at);
  node->name = std::move(name);
  node->args = std::move(args);
  return node;
}

// Everything behind the parser walks expressions recursively: a tree this deep still fits the stack.
inline constexpr int kMaxExpressionDepth = 1000;

// Sets the depth of a node whose arguments are finished; an error where it is too deep.
inline Status NoteDepth(const AstExprPtr& node) {
  for (const AstExprPtr& arg : node->args) node->depth = std::max(node->depth, arg->depth + 1);
  if (node->depth <= kMaxExpressionDepth) return Status::Ok();
  return SqlError(ErrorNumber::kTooDeep, node->position,
                  "an expression is nested more than " + std::to_string(kMaxExpressionDepth) + " levels deep",
                  "a long chain of operators counts a level for each: split it, or use IN or CONCAT");
}

// A keyword used as an argument.
inline AstExprPtr NewSymbol(const Token& token) {
  AstExprPtr node = NewNode(AstKind::kSymbol, token.position);
  node->name = token.upper;
  return node;
}

// True where a sub-query begins.
inline bool StartsQuery(const TokenStream& in, size_t ahead = 0) {
  return in.IsWord("SELECT", ahead) || in.IsWord("WITH", ahead) || in.IsWord("VALUES", ahead);
}

// Counts one level of nesting while it lives.
class DepthGuard {
 public:
  explicit DepthGuard(TokenStream& in) : in_(in), ok_(in.Enter()) {}
  ~DepthGuard() { in_.Leave(); }
  bool ok() const { return ok_; }

 private:
  TokenStream& in_;
  bool ok_;
};

// Sums and what binds tighter: operands of predicates, frame bounds, defaults (expression_parser.cc).
Result<AstExprPtr> ParseAdditive(TokenStream& in);
// An optional sign, a primary and its [i] and .field (primary_parser.cc).
Result<AstExprPtr> ParseUnary(TokenStream& in);
// name(arguments) with FILTER, WITHIN GROUP and OVER (call_parser.cc).
Result<AstExprPtr> ParseFunctionCall(TokenStream& in);

}  // namespace penstock::sql
