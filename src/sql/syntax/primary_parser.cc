// The leaves of expressions: literals, columns, CASE, CAST, INTERVAL, brackets, sub-queries; and the postfix
// and unary operators right around them.
#include <algorithm>
#include <unordered_set>

#include "sql/syntax/expression_parts.h"

namespace penstock::sql {

namespace {

Result<AstExprPtr> ParsePrimary(TokenStream& in);

AstExprPtr NewLiteral(Value value, DataType type, TextPosition at) {
  AstExprPtr node = NewNode(AstKind::kLiteral, at);
  node->value = std::move(value);
  node->type = std::move(type);
  return node;
}

AstExprPtr NewText(std::string text, TextPosition at) {
  int points = 0;
  for (char c : text) points += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return NewLiteral(Value::String(std::move(text)), DataType::Char(std::max(points, 0)), at);
}
// NUMBER tokens: 12 is INT or BIGINT or DECIMAL by size, 1.5 is DECIMAL, 1e0 is DOUBLE. The binder reads the
// text.
AstExprPtr NumberLiteral(const Token& token) {
  AstExprPtr node = NewNode(AstKind::kLiteral, token.position);
  node->name = token.text;
  node->type = DataType::Decimal(38, 0);
  return node;
}

Result<AstExprPtr> ParseInterval(TokenStream& in) {
  TextPosition at = in.position();
  in.Take();
  int sign = in.AcceptSymbol("-") ? -1 : 1;
  if (sign > 0) in.AcceptSymbol("+");
  AstExprPtr node = NewNode(AstKind::kInterval, at);
  if (in.Peek().kind == TokenKind::kString) {
    node->value = Value::String(in.Take().text);
  } else {
    ASSIGN_OR_RETURN(AstExprPtr operand, ParsePrimary(in));
    node->args.push_back(std::move(operand));
  }
  node->negated = sign < 0;
  if (in.Peek().kind != TokenKind::kWord) return in.Unexpected("an interval unit");
  node->name = in.Take().upper;
  auto skip_precision = [&]() -> Status {
    if (!in.AcceptSymbol("(")) return Status::Ok();
    while (!in.AtEnd() && !in.IsSymbol(")")) in.Take();
    return in.ExpectSymbol(")");
  };
  RETURN_IF_ERROR(skip_precision());
  if (in.Accept("TO")) {
    if (in.Peek().kind != TokenKind::kWord) return in.Unexpected("an interval unit");
    node->name += " TO " + in.Take().upper;
    RETURN_IF_ERROR(skip_precision());
  }
  return node;
}

Result<AstExprPtr> ParseCase(TokenStream& in) {
  AstExprPtr node = NewNode(AstKind::kCase, in.position());
  in.Take();
  if (!in.IsWord("WHEN")) {
    ASSIGN_OR_RETURN(AstExprPtr operand, ParseExpr(in));
    node->args.push_back(std::move(operand));
    node->has_operand = true;
  }
  while (in.Accept("WHEN")) {
    ASSIGN_OR_RETURN(AstExprPtr when, ParseExpr(in));
    if (node->has_operand && in.IsSymbol(",")) {  // WHEN 1, 2 THEN
      AstExprPtr list = NewNode(AstKind::kIn, when->position);
      list->args = {nullptr, std::move(when)};
      while (in.AcceptSymbol(",")) {
        ASSIGN_OR_RETURN(AstExprPtr more, ParseExpr(in));
        list->args.push_back(std::move(more));
      }
      when = std::move(list);
    }
    RETURN_IF_ERROR(in.Expect("THEN"));
    ASSIGN_OR_RETURN(AstExprPtr then, ParseExpr(in));
    node->args.push_back(std::move(when));
    node->args.push_back(std::move(then));
  }
  if (node->args.size() < 2) return in.Unexpected("WHEN");
  if (in.Accept("ELSE")) {
    ASSIGN_OR_RETURN(AstExprPtr otherwise, ParseExpr(in));
    node->args.push_back(std::move(otherwise));
    node->has_else = true;
  }
  RETURN_IF_ERROR(in.Expect("END"));
  return node;
}

Result<AstExprPtr> ParseCast(TokenStream& in) {
  AstExprPtr node = NewNode(AstKind::kCast, in.position());
  node->try_cast = in.Take().upper == "TRY_CAST";
  RETURN_IF_ERROR(in.ExpectSymbol("("));
  ASSIGN_OR_RETURN(AstExprPtr operand, ParseExpr(in));
  node->args.push_back(std::move(operand));
  RETURN_IF_ERROR(in.Expect("AS"));
  ASSIGN_OR_RETURN(node->type, ParseDataType(in));
  RETURN_IF_ERROR(in.ExpectSymbol(")"));
  return node;
}
Result<AstExprPtr> ParseParenthesised(TokenStream& in) {
  TextPosition at = in.position();
  in.Take();
  if (StartsQuery(in)) {
    AstExprPtr node = NewNode(AstKind::kScalarQuery, at);
    ASSIGN_OR_RETURN(node->subquery, ParseQuery(in));
    RETURN_IF_ERROR(in.ExpectSymbol(")"));
    return node;
  }
  ASSIGN_OR_RETURN(std::vector<AstExprPtr> items, ParseExprList(in));
  RETURN_IF_ERROR(in.ExpectSymbol(")"));
  if (items.size() == 1) return ParseTimeDifference(in, items[0]);
  AstExprPtr row = NewNode(AstKind::kRow, at);
  row->args = std::move(items);
  return row;
}

Result<AstExprPtr> ParseBracketed(TokenStream& in, AstKind kind) {
  AstExprPtr node = NewNode(kind, in.position());
  in.Take();
  in.Take();
  if (!in.IsSymbol("]")) {
    ASSIGN_OR_RETURN(node->args, ParseExprList(in));
  }
  RETURN_IF_ERROR(in.ExpectSymbol("]"));
  return node;
}

bool IsNiladic(std::string_view upper) {
  static const std::unordered_set<std::string_view> names = {
      "CURRENT_DATE",          "CURRENT_TIME",    "CURRENT_TIMESTAMP", "LOCALTIME",    "LOCALTIMESTAMP",
      "CURRENT_ROW_TIMESTAMP", "CURRENT_CATALOG", "CURRENT_DATABASE",  "CURRENT_USER", "USER"};
  return names.contains(upper) && upper != "USER" && upper != "CURRENT_DATABASE";
}

Result<AstExprPtr> ParseColumn(TokenStream& in) {
  AstExprPtr node = NewNode(AstKind::kColumn, in.position());
  ASSIGN_OR_RETURN(std::string first, in.Identifier("an expression"));
  node->path.push_back(std::move(first));
  while (in.IsSymbol(".")) {
    if (in.IsSymbol("*", 1)) {
      in.Take();
      in.Take();
      node->kind = AstKind::kStar;
      return node;
    }
    in.Take();
    const Token& part = in.Peek();
    if (part.kind != TokenKind::kWord && part.kind != TokenKind::kQuoted)
      return in.Unexpected("a field name");
    node->path.push_back(in.Take().text);
  }
  return node;
}

// DATE '..', TIME '..', TIMESTAMP '..': text literals with a type, checked by the binder.
Result<AstExprPtr> ParseTypedLiteral(TokenStream& in) {
  AstExprPtr node = NewNode(AstKind::kCall, in.position());
  node->name = "LITERAL " + in.Take().upper;
  const Token text = in.Take();
  node->args.push_back(NewText(text.text, text.position));
  return node;
}

Result<AstExprPtr> ParseWordPrimary(TokenStream& in) {
  const Token& token = in.Peek();
  const std::string& word = token.upper;
  TextPosition at = token.position;
  if (word == "NULL") {
    in.Take();
    return NewLiteral(Value::Null(), DataType::Null(), at);
  }
  if (word == "TRUE" || word == "FALSE") {
    bool value = in.Take().upper == "TRUE";
    return NewLiteral(Value::Bool(value), DataType::Boolean(), at);
  }
  if (word == "UNKNOWN") {
    in.Take();
    return NewLiteral(Value::Null(), DataType::Boolean(), at);
  }
  if (word == "CASE") return ParseCase(in);
  if (word == "CAST" || word == "TRY_CAST") return ParseCast(in);
  if (word == "INTERVAL") return ParseInterval(in);
  if ((word == "DATE" || word == "TIME" || word == "TIMESTAMP") && in.Peek(1).kind == TokenKind::kString) {
    return ParseTypedLiteral(in);
  }
  if (word == "EXISTS" || (word == "UNIQUE" && in.IsSymbol("(", 1))) {
    AstExprPtr node = NewNode(AstKind::kExists, at);
    in.Take();
    RETURN_IF_ERROR(in.ExpectSymbol("("));
    ASSIGN_OR_RETURN(node->subquery, ParseQuery(in));
    RETURN_IF_ERROR(in.ExpectSymbol(")"));
    return node;
  }
  if (word == "ARRAY" && in.IsSymbol("[", 1)) return ParseBracketed(in, AstKind::kArray);
  if (word == "MAP" && in.IsSymbol("[", 1)) return ParseBracketed(in, AstKind::kMap);
  if (word == "ROW" && in.IsSymbol("(", 1)) {
    in.Take();
    in.Take();
    AstExprPtr row = NewNode(AstKind::kRow, at);
    if (!in.IsSymbol(")")) {
      ASSIGN_OR_RETURN(row->args, ParseExprList(in));
    }
    RETURN_IF_ERROR(in.ExpectSymbol(")"));
    return row;
  }
  if (word == "DESCRIPTOR" && in.IsSymbol("(", 1)) {
    AstExprPtr node = NewNode(AstKind::kDescriptor, at);
    in.Take();
    ASSIGN_OR_RETURN(node->path, in.IdentifierList());
    return node;
  }
  if (in.IsSymbol("(", 1) &&
      (!IsReserved(word) || word == "LEFT" || word == "RIGHT" || word == "SET" || word == "GROUPING")) {
    return ParseFunctionCall(in);
  }
  if (IsNiladic(word)) return NewCall(in.Take().upper, at, {});
  return ParseColumn(in);
}

Result<AstExprPtr> ParsePrimary(TokenStream& in) {
  const Token& token = in.Peek();
  TextPosition at = token.position;
  switch (token.kind) {
    case TokenKind::kNumber: return NumberLiteral(in.Take());
    case TokenKind::kString: {
      std::string text = in.Take().text;
      while (in.Peek().kind == TokenKind::kString)
        text += in.Take().text;  // 'a' 'b' on two lines is one literal
      return NewText(std::move(text), at);
    }
    case TokenKind::kBinary: {
      std::string bytes = in.Take().text;
      int length = static_cast<int>(bytes.size());
      return NewLiteral(Value::String(std::move(bytes)), DataType::Binary(length), at);
    }
    case TokenKind::kQuoted:
      if (in.IsSymbol("(", 1)) return ParseFunctionCall(in);
      return ParseColumn(in);
    case TokenKind::kWord: return ParseWordPrimary(in);
    case TokenKind::kSymbol:
      if (token.text == "(") return ParseParenthesised(in);
      if (token.text == "*") {
        in.Take();
        return NewNode(AstKind::kStar, at);
      }
      break;
    default: break;
  }
  return in.Unexpected("an expression");
}

Result<AstExprPtr> ParsePostfix(TokenStream& in) {
  ASSIGN_OR_RETURN(AstExprPtr expr, ParsePrimary(in));
  while (true) {
    TextPosition at = in.position();
    if (in.AcceptSymbol("[")) {
      AstExprPtr item = NewNode(AstKind::kItem, at);
      ASSIGN_OR_RETURN(AstExprPtr index, ParseExpr(in));
      item->args = {std::move(expr), std::move(index)};
      RETURN_IF_ERROR(NoteDepth(item));
      RETURN_IF_ERROR(in.ExpectSymbol("]"));
      expr = std::move(item);
    } else if (in.IsSymbol(".") && expr->kind != AstKind::kStar) {
      in.Take();
      AstExprPtr field = NewNode(AstKind::kField, at);
      const Token& name = in.Peek();
      if (in.AcceptSymbol("*")) {
        field->path.push_back("*");
      } else if (name.kind == TokenKind::kWord || name.kind == TokenKind::kQuoted) {
        field->path.push_back(in.Take().text);
      } else {
        return in.Unexpected("a field name");
      }
      field->args = {std::move(expr)};
      RETURN_IF_ERROR(NoteDepth(field));
      expr = std::move(field);
    } else {
      return expr;
    }
  }
}
}  // namespace

Result<AstExprPtr> ParseUnary(TokenStream& in) {
  DepthGuard guard(in);
  if (!guard.ok()) return SqlError(ErrorNumber::kTooDeep, in.position(), "expressions are nested too deeply");
  TextPosition at = in.position();
  if (in.AcceptSymbol("-")) {
    ASSIGN_OR_RETURN(AstExprPtr operand, ParseUnary(in));
    AstExprPtr call = NewCall("NEGATE", at, {std::move(operand)});
    RETURN_IF_ERROR(NoteDepth(call));
    return call;
  }
  if (in.AcceptSymbol("+")) return ParseUnary(in);
  ASSIGN_OR_RETURN(AstExprPtr expr, ParsePostfix(in));
  RETURN_IF_ERROR(NoteDepth(expr));
  return expr;
}
}  // namespace penstock::sql
