// Expressions, by precedence climbing. From loose to tight: OR; AND; NOT; comparisons, IS, BETWEEN, IN, LIKE,
// SIMILAR TO, OVERLAPS; + -; * / % ||; then what primary_parser.cc reads: unary sign, postfix, primaries.
#include "sql/syntax/expression_parser.h"

#include "sql/syntax/expression_parts.h"
#include "sql/syntax/parser.h"

namespace penstock::sql {

namespace {

Result<AstExprPtr> ParseMultiplicative(TokenStream& in) {
  ASSIGN_OR_RETURN(AstExprPtr left, ParseUnary(in));
  while (in.IsSymbol("*") || in.IsSymbol("/") || in.IsSymbol("%") || in.IsSymbol("||")) {
    const Token op = in.Take();
    ASSIGN_OR_RETURN(AstExprPtr right, ParseUnary(in));
    left = NewCall(op.text == "%" ? "MOD" : op.text, op.position, {std::move(left), std::move(right)});
    RETURN_IF_ERROR(NoteDepth(left));
  }
  return left;
}
}  // namespace

Result<AstExprPtr> ParseAdditive(TokenStream& in) {
  ASSIGN_OR_RETURN(AstExprPtr left, ParseMultiplicative(in));
  while (in.IsSymbol("+") || in.IsSymbol("-")) {
    const Token op = in.Take();
    ASSIGN_OR_RETURN(AstExprPtr right, ParseMultiplicative(in));
    left = NewCall(op.text, op.position, {std::move(left), std::move(right)});
    RETURN_IF_ERROR(NoteDepth(left));
  }
  return left;
}
namespace {

Result<AstExprPtr> Negate(AstExprPtr expr, bool negated) {
  if (!negated) return expr;
  TextPosition at = expr->position;
  return NewCall("NOT", at, {std::move(expr)});
}

Result<AstExprPtr> ParseIs(TokenStream& in, AstExprPtr left) {
  TextPosition at = in.position();
  in.Take();
  bool negated = in.Accept("NOT");
  std::string prefix = negated ? "IS NOT " : "IS ";
  for (const char* word : {"NULL", "TRUE", "FALSE", "UNKNOWN"}) {
    if (in.Accept(word)) return NewCall(prefix + word, at, {std::move(left)});
  }
  if (in.Accept("DISTINCT")) {
    RETURN_IF_ERROR(in.Expect("FROM"));
    ASSIGN_OR_RETURN(AstExprPtr right, ParseAdditive(in));
    return NewCall(prefix + "DISTINCT FROM", at, {std::move(left), std::move(right)});
  }
  if (in.Accept("JSON")) {
    std::string name = "IS JSON";
    for (const char* word : {"VALUE", "OBJECT", "ARRAY", "SCALAR"}) {
      if (in.Accept(word)) name += std::string(" ") + word;
    }
    return Negate(NewCall(name, at, {std::move(left)}), negated);
  }
  return in.Unexpected("NULL, TRUE, FALSE, UNKNOWN, DISTINCT FROM or JSON");
}

Result<AstExprPtr> ParseIn(TokenStream& in, AstExprPtr left, bool negated) {
  AstExprPtr node = NewNode(AstKind::kIn, in.position());
  in.Take();
  node->negated = negated;
  node->args.push_back(std::move(left));
  RETURN_IF_ERROR(in.ExpectSymbol("("));
  if (StartsQuery(in)) {
    ASSIGN_OR_RETURN(node->subquery, ParseQuery(in));
  } else {
    ASSIGN_OR_RETURN(std::vector<AstExprPtr> items, ParseExprList(in));
    for (AstExprPtr& item : items) node->args.push_back(std::move(item));
  }
  RETURN_IF_ERROR(in.ExpectSymbol(")"));
  return node;
}

Result<AstExprPtr> ParseBetween(TokenStream& in, AstExprPtr left, bool negated) {
  TextPosition at = in.position();
  in.Take();
  bool symmetric = in.Accept("SYMMETRIC");
  if (!symmetric) in.Accept("ASYMMETRIC");
  ASSIGN_OR_RETURN(AstExprPtr low, ParseAdditive(in));
  RETURN_IF_ERROR(in.Expect("AND"));
  ASSIGN_OR_RETURN(AstExprPtr high, ParseAdditive(in));
  auto within = [&](const AstExprPtr& a, const AstExprPtr& b) {
    return NewCall("AND", at, {NewCall(">=", at, {left, a}), NewCall("<=", at, {left, b})});
  };
  AstExprPtr test = within(low, high);
  if (symmetric) test = NewCall("OR", at, {test, within(high, low)});
  return Negate(test, negated);
}

Result<AstExprPtr> ParseLike(TokenStream& in, AstExprPtr left, bool negated) {
  TextPosition at = in.position();
  std::string name = in.Take().upper;
  if (name == "SIMILAR") {
    RETURN_IF_ERROR(in.Expect("TO"));
    name = "SIMILAR TO";
  }
  ASSIGN_OR_RETURN(AstExprPtr pattern, ParseAdditive(in));
  std::vector<AstExprPtr> args = {std::move(left), std::move(pattern)};
  if (in.Accept("ESCAPE")) {
    ASSIGN_OR_RETURN(AstExprPtr escape, ParseAdditive(in));
    args.push_back(std::move(escape));
  }
  return Negate(NewCall(name, at, std::move(args)), negated);
}

Result<AstExprPtr> ParseComparisonTail(TokenStream& in, AstExprPtr left) {
  const Token op = in.Take();
  std::string name = op.text == "!=" ? "<>" : op.text;
  if ((in.IsWord("ANY") || in.IsWord("SOME") || in.IsWord("ALL")) && in.IsSymbol("(", 1)) {
    AstExprPtr node = NewNode(AstKind::kQuantified, op.position);
    node->name = name + (in.Take().upper == "ALL" ? " ALL" : " SOME");
    in.Take();
    ASSIGN_OR_RETURN(node->subquery, ParseQuery(in));
    node->args.push_back(std::move(left));
    RETURN_IF_ERROR(in.ExpectSymbol(")"));
    return node;
  }
  ASSIGN_OR_RETURN(AstExprPtr right, ParseAdditive(in));
  return NewCall(name, op.position, {std::move(left), std::move(right)});
}

bool IsComparison(const TokenStream& in) {
  for (const char* symbol : {"=", "<>", "!=", "<", "<=", ">", ">="}) {
    if (in.IsSymbol(symbol)) return true;
  }
  return false;
}

Result<AstExprPtr> ParsePredicate(TokenStream& in) {
  ASSIGN_OR_RETURN(AstExprPtr left, ParseAdditive(in));
  while (true) {
    bool negated =
        in.IsWord("NOT") && (in.IsWord("IN", 1) || in.IsWord("BETWEEN", 1) || in.IsWord("LIKE", 1) ||
                             in.IsWord("SIMILAR", 1) || in.IsWord("RLIKE", 1));
    if (negated) in.Take();
    Result<AstExprPtr> next = left;
    if (in.IsWord("IN")) {
      next = ParseIn(in, left, negated);
    } else if (in.IsWord("BETWEEN")) {
      next = ParseBetween(in, left, negated);
    } else if (in.IsWord("LIKE") || in.IsWord("SIMILAR") || in.IsWord("RLIKE")) {
      next = ParseLike(in, left, negated);
    } else if (in.IsWord("IS")) {
      next = ParseIs(in, left);
    } else if (in.IsWord("OVERLAPS")) {
      TextPosition at = in.position();
      in.Take();
      ASSIGN_OR_RETURN(AstExprPtr right, ParseAdditive(in));
      next = NewCall("OVERLAPS", at, {left, std::move(right)});
    } else if (IsComparison(in)) {
      next = ParseComparisonTail(in, left);
    } else {
      return left;
    }
    if (!next) return next.error();
    left = *next;
    RETURN_IF_ERROR(NoteDepth(left));
  }
}

Result<AstExprPtr> ParseNot(TokenStream& in) {
  TextPosition at = in.position();
  if (in.IsWord("NOT") && !in.IsSymbol("(", 1)) {
    DepthGuard guard(in);
    if (!guard.ok()) return SqlError(ErrorNumber::kTooDeep, at, "expressions are nested too deeply");
    in.Take();
    ASSIGN_OR_RETURN(AstExprPtr operand, ParseNot(in));
    AstExprPtr call = NewCall("NOT", at, {std::move(operand)});
    RETURN_IF_ERROR(NoteDepth(call));
    return call;
  }
  if (in.Accept("NOT")) {
    ASSIGN_OR_RETURN(AstExprPtr operand, ParsePredicate(in));
    AstExprPtr call = NewCall("NOT", at, {std::move(operand)});
    RETURN_IF_ERROR(NoteDepth(call));
    return call;
  }
  return ParsePredicate(in);
}

// AND or OR over operands [begin, end): a few from left to right, many as halves, so that lists of any length
// give a shallow tree. Either way they are evaluated from left to right.
Result<AstExprPtr> Junction(const char* name, std::vector<AstExprPtr>& operands, size_t begin, size_t end) {
  constexpr size_t kFew = 16;
  AstExprPtr left = operands[begin];
  if (end - begin > kFew) {
    size_t middle = begin + (end - begin) / 2;
    ASSIGN_OR_RETURN(left, Junction(name, operands, begin, middle));
    ASSIGN_OR_RETURN(AstExprPtr right, Junction(name, operands, middle, end));
    left = NewCall(name, right->position, {left, right});
    RETURN_IF_ERROR(NoteDepth(left));
    return left;
  }
  for (size_t i = begin + 1; i < end; ++i) {
    left = NewCall(name, operands[i]->position, {left, operands[i]});
    RETURN_IF_ERROR(NoteDepth(left));
  }
  return left;
}

Result<AstExprPtr> ParseAnd(TokenStream& in) {
  std::vector<AstExprPtr> operands;
  do {
    ASSIGN_OR_RETURN(AstExprPtr operand, ParseNot(in));
    operands.push_back(std::move(operand));
  } while (in.Accept("AND"));
  return Junction("AND", operands, 0, operands.size());
}
}  // namespace

Result<AstExprPtr> ParseExpr(TokenStream& in) {
  std::vector<AstExprPtr> operands;
  do {
    ASSIGN_OR_RETURN(AstExprPtr operand, ParseAnd(in));
    operands.push_back(std::move(operand));
  } while (in.Accept("OR"));
  return Junction("OR", operands, 0, operands.size());
}
Result<std::vector<AstExprPtr>> ParseExprList(TokenStream& in) {
  std::vector<AstExprPtr> list;
  do {
    ASSIGN_OR_RETURN(AstExprPtr expr, ParseExpr(in));
    list.push_back(std::move(expr));
  } while (in.AcceptSymbol(","));
  return list;
}
Result<AstExprPtr> ParseExpression(std::string_view text) {
  ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(text));
  TokenStream in(std::move(tokens));
  ASSIGN_OR_RETURN(AstExprPtr expr, ParseExpr(in));
  if (!in.AtEnd()) return in.Unexpected("end of expression");
  return expr;
}

}  // namespace penstock::sql
