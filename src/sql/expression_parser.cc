// Expressions, by precedence climbing. From loose to tight: OR; AND; NOT; comparisons, IS, BETWEEN, IN, LIKE,
// SIMILAR TO, OVERLAPS; + -; * / % ||; unary sign; postfix [i] and .field.
#include "sql/expression_parser.h"

#include <unordered_set>

#include "sql/parser.h"

namespace penstock::sql {

namespace {

AstExprPtr Node(AstKind kind, TextPosition at) {
  auto node = std::make_shared<AstExpr>();
  node->kind = kind;
  node->position = at;
  return node;
}

AstExprPtr Call(std::string name, TextPosition at, std::vector<AstExprPtr> args) {
  AstExprPtr node = Node(AstKind::kCall, at);
  node->name = std::move(name);
  node->args = std::move(args);
  return node;
}

AstExprPtr Symbol(const Token& token) {
  AstExprPtr node = Node(AstKind::kSymbol, token.position);
  node->name = token.upper;
  return node;
}

AstExprPtr Literal(Value value, DataType type, TextPosition at) {
  AstExprPtr node = Node(AstKind::kLiteral, at);
  node->value = std::move(value);
  node->type = std::move(type);
  return node;
}

AstExprPtr TextLiteral(std::string text, TextPosition at) {
  int points = 0;
  for (char c : text) points += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return Literal(Value::String(std::move(text)), DataType::Char(std::max(points, 0)), at);
}

Result<AstExprPtr> ParseOr(TokenStream& in);
Result<AstExprPtr> ParseAdditive(TokenStream& in);
Result<AstExprPtr> ParsePrimary(TokenStream& in);

// Rejects nesting that would overflow the stack.
class DepthGuard {
 public:
  explicit DepthGuard(TokenStream& in) : in_(in), ok_(in.Enter()) {}
  ~DepthGuard() { in_.Leave(); }
  bool ok() const { return ok_; }

 private:
  TokenStream& in_;
  bool ok_;
};

bool StartsQuery(const TokenStream& in, size_t ahead = 0) {
  return in.IsWord("SELECT", ahead) || in.IsWord("WITH", ahead) || in.IsWord("VALUES", ahead);
}

// NUMBER tokens: 12 is INT or BIGINT or DECIMAL by size, 1.5 is DECIMAL, 1e0 is DOUBLE. The binder reads the
// text.
AstExprPtr NumberLiteral(const Token& token) {
  AstExprPtr node = Node(AstKind::kLiteral, token.position);
  node->name = token.text;
  node->type = DataType::Decimal(38, 0);
  return node;
}

Result<AstExprPtr> ParseInterval(TokenStream& in) {
  TextPosition at = in.position();
  in.Take();
  int sign = in.AcceptSymbol("-") ? -1 : 1;
  if (sign > 0) in.AcceptSymbol("+");
  AstExprPtr node = Node(AstKind::kInterval, at);
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
  AstExprPtr node = Node(AstKind::kCase, in.position());
  in.Take();
  if (!in.IsWord("WHEN")) {
    ASSIGN_OR_RETURN(AstExprPtr operand, ParseOr(in));
    node->args.push_back(std::move(operand));
    node->has_operand = true;
  }
  while (in.Accept("WHEN")) {
    ASSIGN_OR_RETURN(AstExprPtr when, ParseOr(in));
    if (node->has_operand && in.IsSymbol(",")) {  // WHEN 1, 2 THEN
      AstExprPtr list = Node(AstKind::kIn, when->position);
      list->args = {nullptr, std::move(when)};
      while (in.AcceptSymbol(",")) {
        ASSIGN_OR_RETURN(AstExprPtr more, ParseOr(in));
        list->args.push_back(std::move(more));
      }
      when = std::move(list);
    }
    RETURN_IF_ERROR(in.Expect("THEN"));
    ASSIGN_OR_RETURN(AstExprPtr then, ParseOr(in));
    node->args.push_back(std::move(when));
    node->args.push_back(std::move(then));
  }
  if (node->args.size() < 2) return in.Unexpected("WHEN");
  if (in.Accept("ELSE")) {
    ASSIGN_OR_RETURN(AstExprPtr otherwise, ParseOr(in));
    node->args.push_back(std::move(otherwise));
    node->has_else = true;
  }
  RETURN_IF_ERROR(in.Expect("END"));
  return node;
}

Result<AstExprPtr> ParseCast(TokenStream& in) {
  AstExprPtr node = Node(AstKind::kCast, in.position());
  node->try_cast = in.Take().upper == "TRY_CAST";
  RETURN_IF_ERROR(in.ExpectSymbol("("));
  ASSIGN_OR_RETURN(AstExprPtr operand, ParseOr(in));
  node->args.push_back(std::move(operand));
  RETURN_IF_ERROR(in.Expect("AS"));
  ASSIGN_OR_RETURN(node->type, ParseDataType(in));
  RETURN_IF_ERROR(in.ExpectSymbol(")"));
  return node;
}

// f(x FROM y FOR z), TRIM(BOTH a FROM b), EXTRACT(unit FROM x), CEIL(x TO unit), POSITION(a IN b), OVERLAY(a
// PLACING b FROM c FOR d): keyword-separated arguments become a list; keywords that matter become symbols.
Result<bool> ParseKeywordArguments(TokenStream& in, AstExpr* call) {
  const std::string& name = call->name;
  if (name == "EXTRACT") {
    call->args.push_back(Symbol(in.Take()));
    RETURN_IF_ERROR(in.Expect("FROM"));
    ASSIGN_OR_RETURN(AstExprPtr operand, ParseOr(in));
    call->args.push_back(std::move(operand));
    return true;
  }
  if (name == "TIMESTAMPADD" || name == "TIMESTAMPDIFF") {
    if (in.Peek().kind != TokenKind::kWord) return in.Unexpected("a time unit");
    call->args.push_back(Symbol(in.Take()));
    RETURN_IF_ERROR(in.ExpectSymbol(","));
    return false;
  }
  if (name == "TRIM") {
    bool keyword = in.IsWord("BOTH") || in.IsWord("LEADING") || in.IsWord("TRAILING");
    if (keyword) call->args.push_back(Symbol(in.Take()));
    if (keyword && in.Accept("FROM")) {
      ASSIGN_OR_RETURN(AstExprPtr operand, ParseOr(in));
      call->args.push_back(std::move(operand));
      return true;
    }
    ASSIGN_OR_RETURN(AstExprPtr first, ParseOr(in));
    call->args.push_back(std::move(first));
    if (in.Accept("FROM")) {
      ASSIGN_OR_RETURN(AstExprPtr operand, ParseOr(in));
      call->args.push_back(std::move(operand));
    }
    return true;
  }
  return false;
}

Status ParseSeparatedTail(TokenStream& in, AstExpr* call) {
  if (call->name == "CEIL" || call->name == "FLOOR" || call->name == "CEILING") {
    if (in.Accept("TO")) call->args.push_back(Symbol(in.Take()));
    return Status::Ok();
  }
  for (std::string_view keyword : {"PLACING", "IN", "FROM", "FOR", "USING"}) {
    if (!in.Accept(keyword)) continue;
    ASSIGN_OR_RETURN(AstExprPtr argument, ParseOr(in));
    call->args.push_back(std::move(argument));
  }
  return Status::Ok();
}

bool HasSeparators(std::string_view name) {
  static const std::unordered_set<std::string_view> names = {"SUBSTRING", "POSITION", "OVERLAY",
                                                             "CEIL",      "CEILING",  "FLOOR"};
  return names.contains(name);
}

bool IsJsonFunction(std::string_view name) {
  static const std::unordered_set<std::string_view> names = {"JSON_VALUE",   "JSON_QUERY", "JSON_EXISTS",
                                                             "JSON_OBJECT",  "JSON_ARRAY", "JSON_OBJECTAGG",
                                                             "JSON_ARRAYAGG"};
  return names.contains(name);
}

// The keyword clauses of SQL/JSON functions ("NULL ON EMPTY", "RETURNING INT", "WITH WRAPPER") become
// symbols; a default value or a type follows its symbol as an argument of its own.
Status ParseJsonClauses(TokenStream& in, AstExpr* call) {
  while (!in.IsSymbol(")") && !in.IsSymbol(",") && !in.AtEnd()) {
    if (in.Peek().kind != TokenKind::kWord) return in.Unexpected("a clause of " + call->name);
    const Token token = in.Take();
    if (token.upper == "VALUE" || token.upper == "KEY") {
      ASSIGN_OR_RETURN(AstExprPtr argument, ParseOr(in));
      call->args.push_back(std::move(argument));
    } else if (token.upper == "RETURNING") {
      AstExprPtr node = Symbol(token);
      ASSIGN_OR_RETURN(node->type, ParseDataType(in));
      call->args.push_back(std::move(node));
      // RETURNING INT NULL ON EMPTY: the type took the NULL of the next clause.
      if (in.IsWord("ON"))
        call->args.push_back(Symbol(Token{TokenKind::kWord, "NULL", "NULL", token.position, 0, 0}));
    } else if (token.upper == "DEFAULT") {
      call->args.push_back(Symbol(token));
      ASSIGN_OR_RETURN(AstExprPtr argument, ParseAdditive(in));
      call->args.push_back(std::move(argument));
    } else {
      call->args.push_back(Symbol(token));
    }
  }
  return Status::Ok();
}

Result<AstExprPtr> ParseArgument(TokenStream& in, AstExpr* call) {
  if (IsJsonFunction(call->name) && in.IsWord("KEY") && !in.IsSymbol("(", 1)) {
    in.Take();
    return ParseOr(in);
  }
  if (in.IsWord("TABLE")) return ParseTableArgument(in);
  if (in.IsSymbol("(") && (in.IsWord("TABLE", 1) || StartsQuery(in, 1))) {
    if (in.IsWord("TABLE", 1)) {
      in.Take();
      ASSIGN_OR_RETURN(AstExprPtr table, ParseTableArgument(in));
      RETURN_IF_ERROR(in.ExpectSymbol(")"));
      return table;
    }
  }
  if (in.IsWord("DESCRIPTOR")) {
    AstExprPtr node = Node(AstKind::kDescriptor, in.position());
    in.Take();
    ASSIGN_OR_RETURN(node->path, in.IdentifierList());
    return node;
  }
  if (in.IsWord("DEFAULT")) {
    AstExprPtr node = Node(AstKind::kDefault, in.position());
    in.Take();
    return node;
  }
  if (StartsQuery(in)) {
    AstExprPtr node = Node(AstKind::kScalarQuery, in.position());
    ASSIGN_OR_RETURN(node->subquery, ParseQuery(in));
    return node;
  }
  if (call->name == "POSITION") return ParseAdditive(in);  // IN separates its arguments
  return ParseOr(in);
}

Status ParseArguments(TokenStream& in, AstExpr* call) {
  RETURN_IF_ERROR(in.ExpectSymbol("("));
  if (in.AcceptSymbol("*")) {
    call->star = true;
    return in.ExpectSymbol(")");
  }
  if (in.Accept("DISTINCT"))
    call->distinct = true;
  else
    in.Accept("ALL");
  if (in.AcceptSymbol(")")) return Status::Ok();
  ASSIGN_OR_RETURN(bool complete, ParseKeywordArguments(in, call));
  while (!complete) {
    std::string argument_name;
    if ((in.IsIdentifier() || in.Peek().kind == TokenKind::kWord) && in.IsSymbol("=>", 1)) {
      argument_name = in.Take().text;
      in.Take();
    }
    if (IsJsonFunction(call->name) && (in.IsWords({"NULL", "ON"}) || in.IsWords({"ABSENT", "ON"}))) {
      RETURN_IF_ERROR(ParseJsonClauses(in, call));
      break;
    }
    ASSIGN_OR_RETURN(AstExprPtr argument, ParseArgument(in, call));
    call->args.push_back(std::move(argument));
    call->arg_names.resize(call->args.size());
    call->arg_names.back() = std::move(argument_name);
    if (HasSeparators(call->name)) RETURN_IF_ERROR(ParseSeparatedTail(in, call));
    if (IsJsonFunction(call->name)) RETURN_IF_ERROR(ParseJsonClauses(in, call));
    if (!in.AcceptSymbol(",")) break;
  }
  call->ignore_nulls = !in.Accept({"RESPECT", "NULLS"}) && in.Accept({"IGNORE", "NULLS"});
  return in.ExpectSymbol(")");
}

Status ParseCallSuffix(TokenStream& in, AstExpr* call) {
  if (in.Accept({"WITHIN", "GROUP"})) {
    RETURN_IF_ERROR(in.ExpectSymbol("("));
    RETURN_IF_ERROR(in.Expect("ORDER"));
    RETURN_IF_ERROR(in.Expect("BY"));
    ASSIGN_OR_RETURN(call->within_order, ParseOrderBy(in));
    RETURN_IF_ERROR(in.ExpectSymbol(")"));
  }
  if (in.IsWord("FILTER") && in.IsSymbol("(", 1)) {
    in.Take();
    in.Take();
    RETURN_IF_ERROR(in.Expect("WHERE"));
    ASSIGN_OR_RETURN(call->filter, ParseOr(in));
    RETURN_IF_ERROR(in.ExpectSymbol(")"));
  }
  if (!in.Accept({"RESPECT", "NULLS"}) && in.Accept({"IGNORE", "NULLS"})) call->ignore_nulls = true;
  if (in.Accept("OVER")) {
    if (in.IsSymbol("(")) {
      ASSIGN_OR_RETURN(AstWindowSpec spec, ParseWindowSpec(in));
      call->over = std::move(spec);
    } else {
      AstWindowSpec spec;
      ASSIGN_OR_RETURN(spec.name, in.Identifier("a window name"));
      call->over = std::move(spec);
    }
  }
  return Status::Ok();
}

Result<AstExprPtr> ParseFunctionCall(TokenStream& in) {
  const Token name = in.Take();
  AstExprPtr call = Call(name.kind == TokenKind::kQuoted ? name.text : name.upper, name.position, {});
  for (char& c : call->name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  RETURN_IF_ERROR(ParseArguments(in, call.get()));
  RETURN_IF_ERROR(ParseCallSuffix(in, call.get()));
  return call;
}

Result<AstExprPtr> ParseParenthesised(TokenStream& in) {
  TextPosition at = in.position();
  in.Take();
  if (StartsQuery(in)) {
    AstExprPtr node = Node(AstKind::kScalarQuery, at);
    ASSIGN_OR_RETURN(node->subquery, ParseQuery(in));
    RETURN_IF_ERROR(in.ExpectSymbol(")"));
    return node;
  }
  ASSIGN_OR_RETURN(std::vector<AstExprPtr> items, ParseExprList(in));
  RETURN_IF_ERROR(in.ExpectSymbol(")"));
  if (items.size() == 1) return ParseTimeDifference(in, items[0]);
  AstExprPtr row = Node(AstKind::kRow, at);
  row->args = std::move(items);
  return row;
}

Result<AstExprPtr> ParseBracketed(TokenStream& in, AstKind kind) {
  AstExprPtr node = Node(kind, in.position());
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
  AstExprPtr node = Node(AstKind::kColumn, in.position());
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
  AstExprPtr node = Node(AstKind::kCall, in.position());
  node->name = "LITERAL " + in.Take().upper;
  const Token text = in.Take();
  node->args.push_back(TextLiteral(text.text, text.position));
  return node;
}

Result<AstExprPtr> ParseWordPrimary(TokenStream& in) {
  const Token& token = in.Peek();
  const std::string& word = token.upper;
  TextPosition at = token.position;
  if (word == "NULL") {
    in.Take();
    return Literal(Value::Null(), DataType::Null(), at);
  }
  if (word == "TRUE" || word == "FALSE") {
    bool value = in.Take().upper == "TRUE";
    return Literal(Value::Bool(value), DataType::Boolean(), at);
  }
  if (word == "UNKNOWN") {
    in.Take();
    return Literal(Value::Null(), DataType::Boolean(), at);
  }
  if (word == "CASE") return ParseCase(in);
  if (word == "CAST" || word == "TRY_CAST") return ParseCast(in);
  if (word == "INTERVAL") return ParseInterval(in);
  if ((word == "DATE" || word == "TIME" || word == "TIMESTAMP") && in.Peek(1).kind == TokenKind::kString) {
    return ParseTypedLiteral(in);
  }
  if (word == "EXISTS" || (word == "UNIQUE" && in.IsSymbol("(", 1))) {
    AstExprPtr node = Node(AstKind::kExists, at);
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
    AstExprPtr row = Node(AstKind::kRow, at);
    if (!in.IsSymbol(")")) {
      ASSIGN_OR_RETURN(row->args, ParseExprList(in));
    }
    RETURN_IF_ERROR(in.ExpectSymbol(")"));
    return row;
  }
  if (word == "DESCRIPTOR" && in.IsSymbol("(", 1)) {
    AstExprPtr node = Node(AstKind::kDescriptor, at);
    in.Take();
    ASSIGN_OR_RETURN(node->path, in.IdentifierList());
    return node;
  }
  if (in.IsSymbol("(", 1) &&
      (!IsReserved(word) || word == "LEFT" || word == "RIGHT" || word == "SET" || word == "GROUPING")) {
    return ParseFunctionCall(in);
  }
  if (IsNiladic(word)) return Call(in.Take().upper, at, {});
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
      return TextLiteral(std::move(text), at);
    }
    case TokenKind::kBinary: {
      std::string bytes = in.Take().text;
      int length = static_cast<int>(bytes.size());
      return Literal(Value::String(std::move(bytes)), DataType::Binary(length), at);
    }
    case TokenKind::kQuoted:
      if (in.IsSymbol("(", 1)) return ParseFunctionCall(in);
      return ParseColumn(in);
    case TokenKind::kWord: return ParseWordPrimary(in);
    case TokenKind::kSymbol:
      if (token.text == "(") return ParseParenthesised(in);
      if (token.text == "*") {
        in.Take();
        return Node(AstKind::kStar, at);
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
      AstExprPtr item = Node(AstKind::kItem, at);
      ASSIGN_OR_RETURN(AstExprPtr index, ParseOr(in));
      item->args = {std::move(expr), std::move(index)};
      RETURN_IF_ERROR(in.ExpectSymbol("]"));
      expr = std::move(item);
    } else if (in.IsSymbol(".") && expr->kind != AstKind::kStar) {
      in.Take();
      AstExprPtr field = Node(AstKind::kField, at);
      const Token& name = in.Peek();
      if (in.AcceptSymbol("*")) {
        field->path.push_back("*");
      } else if (name.kind == TokenKind::kWord || name.kind == TokenKind::kQuoted) {
        field->path.push_back(in.Take().text);
      } else {
        return in.Unexpected("a field name");
      }
      field->args = {std::move(expr)};
      expr = std::move(field);
    } else {
      return expr;
    }
  }
}

Result<AstExprPtr> ParseUnary(TokenStream& in) {
  DepthGuard guard(in);
  if (!guard.ok()) return SqlError(ErrorNumber::kTooDeep, in.position(), "expressions are nested too deeply");
  TextPosition at = in.position();
  if (in.AcceptSymbol("-")) {
    ASSIGN_OR_RETURN(AstExprPtr operand, ParseUnary(in));
    return Call("NEGATE", at, {std::move(operand)});
  }
  if (in.AcceptSymbol("+")) return ParseUnary(in);
  return ParsePostfix(in);
}

Result<AstExprPtr> ParseMultiplicative(TokenStream& in) {
  ASSIGN_OR_RETURN(AstExprPtr left, ParseUnary(in));
  while (in.IsSymbol("*") || in.IsSymbol("/") || in.IsSymbol("%") || in.IsSymbol("||")) {
    const Token op = in.Take();
    ASSIGN_OR_RETURN(AstExprPtr right, ParseUnary(in));
    left = Call(op.text == "%" ? "MOD" : op.text, op.position, {std::move(left), std::move(right)});
  }
  return left;
}

Result<AstExprPtr> ParseAdditive(TokenStream& in) {
  ASSIGN_OR_RETURN(AstExprPtr left, ParseMultiplicative(in));
  while (in.IsSymbol("+") || in.IsSymbol("-")) {
    const Token op = in.Take();
    ASSIGN_OR_RETURN(AstExprPtr right, ParseMultiplicative(in));
    left = Call(op.text, op.position, {std::move(left), std::move(right)});
  }
  return left;
}

Result<AstExprPtr> Negate(AstExprPtr expr, bool negated) {
  if (!negated) return expr;
  TextPosition at = expr->position;
  return Call("NOT", at, {std::move(expr)});
}

Result<AstExprPtr> ParseIs(TokenStream& in, AstExprPtr left) {
  TextPosition at = in.position();
  in.Take();
  bool negated = in.Accept("NOT");
  std::string prefix = negated ? "IS NOT " : "IS ";
  for (const char* word : {"NULL", "TRUE", "FALSE", "UNKNOWN"}) {
    if (in.Accept(word)) return Call(prefix + word, at, {std::move(left)});
  }
  if (in.Accept("DISTINCT")) {
    RETURN_IF_ERROR(in.Expect("FROM"));
    ASSIGN_OR_RETURN(AstExprPtr right, ParseAdditive(in));
    return Call(prefix + "DISTINCT FROM", at, {std::move(left), std::move(right)});
  }
  if (in.Accept("JSON")) {
    std::string name = "IS JSON";
    for (const char* word : {"VALUE", "OBJECT", "ARRAY", "SCALAR"}) {
      if (in.Accept(word)) name += std::string(" ") + word;
    }
    return Negate(Call(name, at, {std::move(left)}), negated);
  }
  return in.Unexpected("NULL, TRUE, FALSE, UNKNOWN, DISTINCT FROM or JSON");
}

Result<AstExprPtr> ParseIn(TokenStream& in, AstExprPtr left, bool negated) {
  AstExprPtr node = Node(AstKind::kIn, in.position());
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
    return Call("AND", at, {Call(">=", at, {left, a}), Call("<=", at, {left, b})});
  };
  AstExprPtr test = within(low, high);
  if (symmetric) test = Call("OR", at, {test, within(high, low)});
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
  return Negate(Call(name, at, std::move(args)), negated);
}

Result<AstExprPtr> ParseComparisonTail(TokenStream& in, AstExprPtr left) {
  const Token op = in.Take();
  std::string name = op.text == "!=" ? "<>" : op.text;
  if ((in.IsWord("ANY") || in.IsWord("SOME") || in.IsWord("ALL")) && in.IsSymbol("(", 1)) {
    AstExprPtr node = Node(AstKind::kQuantified, op.position);
    node->name = name + (in.Take().upper == "ALL" ? " ALL" : " SOME");
    in.Take();
    ASSIGN_OR_RETURN(node->subquery, ParseQuery(in));
    node->args.push_back(std::move(left));
    RETURN_IF_ERROR(in.ExpectSymbol(")"));
    return node;
  }
  ASSIGN_OR_RETURN(AstExprPtr right, ParseAdditive(in));
  return Call(name, op.position, {std::move(left), std::move(right)});
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
      next = Call("OVERLAPS", at, {left, std::move(right)});
    } else if (IsComparison(in)) {
      next = ParseComparisonTail(in, left);
    } else {
      return left;
    }
    if (!next) return next.error();
    left = *next;
  }
}

Result<AstExprPtr> ParseNot(TokenStream& in) {
  TextPosition at = in.position();
  if (in.IsWord("NOT") && !in.IsSymbol("(", 1)) {
    DepthGuard guard(in);
    if (!guard.ok()) return SqlError(ErrorNumber::kTooDeep, at, "expressions are nested too deeply");
    in.Take();
    ASSIGN_OR_RETURN(AstExprPtr operand, ParseNot(in));
    return Call("NOT", at, {std::move(operand)});
  }
  if (in.Accept("NOT")) {
    ASSIGN_OR_RETURN(AstExprPtr operand, ParsePredicate(in));
    return Call("NOT", at, {std::move(operand)});
  }
  return ParsePredicate(in);
}

Result<AstExprPtr> ParseAnd(TokenStream& in) {
  ASSIGN_OR_RETURN(AstExprPtr left, ParseNot(in));
  while (in.IsWord("AND")) {
    TextPosition at = in.position();
    in.Take();
    ASSIGN_OR_RETURN(AstExprPtr right, ParseNot(in));
    left = Call("AND", at, {std::move(left), std::move(right)});
  }
  return left;
}

Result<AstExprPtr> ParseOr(TokenStream& in) {
  ASSIGN_OR_RETURN(AstExprPtr left, ParseAnd(in));
  while (in.IsWord("OR")) {
    TextPosition at = in.position();
    in.Take();
    ASSIGN_OR_RETURN(AstExprPtr right, ParseAnd(in));
    left = Call("OR", at, {std::move(left), std::move(right)});
  }
  return left;
}

Status ParseFrameBound(TokenStream& in, FrameBound* bound, AstExprPtr* offset) {
  if (in.Accept({"UNBOUNDED", "PRECEDING"})) {
    *bound = FrameBound::kUnboundedPreceding;
  } else if (in.Accept({"UNBOUNDED", "FOLLOWING"})) {
    *bound = FrameBound::kUnboundedFollowing;
  } else if (in.Accept({"CURRENT", "ROW"})) {
    *bound = FrameBound::kCurrentRow;
  } else {
    ASSIGN_OR_RETURN(*offset, ParseAdditive(in));
    if (in.Accept("PRECEDING")) {
      *bound = FrameBound::kPreceding;
    } else if (in.Accept("FOLLOWING")) {
      *bound = FrameBound::kFollowing;
    } else {
      return in.Unexpected("PRECEDING or FOLLOWING");
    }
  }
  return Status::Ok();
}

}  // namespace

Result<AstExprPtr> ParseExpr(TokenStream& in) { return ParseOr(in); }

Result<std::vector<AstExprPtr>> ParseExprList(TokenStream& in) {
  std::vector<AstExprPtr> list;
  do {
    ASSIGN_OR_RETURN(AstExprPtr expr, ParseOr(in));
    list.push_back(std::move(expr));
  } while (in.AcceptSymbol(","));
  return list;
}

Result<std::vector<AstOrderItem>> ParseOrderBy(TokenStream& in) {
  std::vector<AstOrderItem> items;
  do {
    AstOrderItem item;
    ASSIGN_OR_RETURN(item.expr, ParseOr(in));
    if (in.Accept("DESC"))
      item.descending = true;
    else
      in.Accept("ASC");
    if (in.Accept({"NULLS", "FIRST"})) item.nulls_first = true;
    if (in.Accept({"NULLS", "LAST"})) item.nulls_first = false;
    items.push_back(std::move(item));
  } while (in.AcceptSymbol(","));
  return items;
}

Result<AstWindowSpec> ParseWindowSpec(TokenStream& in) {
  AstWindowSpec spec;
  RETURN_IF_ERROR(in.ExpectSymbol("("));
  if (in.Accept({"PARTITION", "BY"})) {
    ASSIGN_OR_RETURN(spec.partition_by, ParseExprList(in));
  }
  if (in.Accept({"ORDER", "BY"})) {
    ASSIGN_OR_RETURN(spec.order_by, ParseOrderBy(in));
  }
  if (in.IsWord("ROWS") || in.IsWord("RANGE")) {
    spec.has_frame = true;
    spec.rows = in.Take().upper == "ROWS";
    if (in.Accept("BETWEEN")) {
      RETURN_IF_ERROR(ParseFrameBound(in, &spec.start, &spec.start_offset));
      RETURN_IF_ERROR(in.Expect("AND"));
      RETURN_IF_ERROR(ParseFrameBound(in, &spec.end, &spec.end_offset));
    } else {
      RETURN_IF_ERROR(ParseFrameBound(in, &spec.start, &spec.start_offset));
    }
  }
  RETURN_IF_ERROR(in.ExpectSymbol(")"));
  return spec;
}

Result<AstExprPtr> ParseTableArgument(TokenStream& in) {
  AstExprPtr node = Node(AstKind::kTableArg, in.position());
  RETURN_IF_ERROR(in.Expect("TABLE"));
  if (in.AcceptSymbol("(")) {
    ASSIGN_OR_RETURN(node->subquery, ParseQuery(in));
    RETURN_IF_ERROR(in.ExpectSymbol(")"));
  } else {
    ASSIGN_OR_RETURN(node->path, in.Path("a table name"));
  }
  if (in.Accept({"PARTITION", "BY"})) {
    bool bracket = in.AcceptSymbol("(");
    // Without brackets a comma may as well start the next argument: only a plain column that is followed by
    // another comma or the end of the clause belongs to the list.
    do {
      ASSIGN_OR_RETURN(AstExprPtr key, ParseExpr(in));
      node->partition_by.push_back(std::move(key));
    } while ((bracket ||
              (in.IsSymbol(",") && in.IsIdentifier(1) && !in.IsSymbol("(", 2) && !in.IsSymbol("=>", 2))) &&
             in.AcceptSymbol(","));
    if (bracket) RETURN_IF_ERROR(in.ExpectSymbol(")"));
  }
  if (in.Accept({"ORDER", "BY"})) {
    ASSIGN_OR_RETURN(node->order_by, ParseOrderBy(in));
  }
  return node;
}

Result<AstExprPtr> ParseExpression(std::string_view text) {
  ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(text));
  TokenStream in(std::move(tokens));
  ASSIGN_OR_RETURN(AstExprPtr expr, ParseExpr(in));
  if (!in.AtEnd()) return in.Unexpected("end of expression");
  return expr;
}

}  // namespace penstock::sql
