// Function calls: arguments, those that keywords separate, the clauses of SQL/JSON functions, and what may
// follow the closing parenthesis (FILTER, WITHIN GROUP, OVER).
#include <unordered_set>

#include "sql/syntax/expression_parts.h"

namespace penstock::sql {

namespace {

// f(x FROM y FOR z), TRIM(BOTH a FROM b), EXTRACT(unit FROM x), CEIL(x TO unit), POSITION(a IN b), OVERLAY(a
// PLACING b FROM c FOR d): keyword-separated arguments become a list; keywords that matter become symbols.
Result<bool> ParseKeywordArguments(TokenStream& in, AstExpr* call) {
  const std::string& name = call->name;
  if (name == "EXTRACT") {
    call->args.push_back(NewSymbol(in.Take()));
    RETURN_IF_ERROR(in.Expect("FROM"));
    ASSIGN_OR_RETURN(AstExprPtr operand, ParseExpr(in));
    call->args.push_back(std::move(operand));
    return true;
  }
  if (name == "TIMESTAMPADD" || name == "TIMESTAMPDIFF") {
    if (in.Peek().kind != TokenKind::kWord) return in.Unexpected("a time unit");
    call->args.push_back(NewSymbol(in.Take()));
    RETURN_IF_ERROR(in.ExpectSymbol(","));
    return false;
  }
  if (name == "TRIM") {
    bool keyword = in.IsWord("BOTH") || in.IsWord("LEADING") || in.IsWord("TRAILING");
    if (keyword) call->args.push_back(NewSymbol(in.Take()));
    if (keyword && in.Accept("FROM")) {
      ASSIGN_OR_RETURN(AstExprPtr operand, ParseExpr(in));
      call->args.push_back(std::move(operand));
      return true;
    }
    ASSIGN_OR_RETURN(AstExprPtr first, ParseExpr(in));
    call->args.push_back(std::move(first));
    if (in.Accept("FROM")) {
      ASSIGN_OR_RETURN(AstExprPtr operand, ParseExpr(in));
      call->args.push_back(std::move(operand));
    }
    return true;
  }
  return false;
}

Status ParseSeparatedTail(TokenStream& in, AstExpr* call) {
  if (call->name == "CEIL" || call->name == "FLOOR" || call->name == "CEILING") {
    if (in.Accept("TO")) call->args.push_back(NewSymbol(in.Take()));
    return Status::Ok();
  }
  for (std::string_view keyword : {"PLACING", "IN", "FROM", "FOR", "USING"}) {
    if (!in.Accept(keyword)) continue;
    ASSIGN_OR_RETURN(AstExprPtr argument, ParseExpr(in));
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
      ASSIGN_OR_RETURN(AstExprPtr argument, ParseExpr(in));
      call->args.push_back(std::move(argument));
    } else if (token.upper == "RETURNING") {
      AstExprPtr node = NewSymbol(token);
      ASSIGN_OR_RETURN(node->type, ParseDataType(in));
      call->args.push_back(std::move(node));
      // RETURNING INT NULL ON EMPTY: the type took the NULL of the next clause.
      if (in.IsWord("ON"))
        call->args.push_back(NewSymbol(Token{TokenKind::kWord, "NULL", "NULL", token.position, 0, 0}));
    } else if (token.upper == "DEFAULT") {
      call->args.push_back(NewSymbol(token));
      ASSIGN_OR_RETURN(AstExprPtr argument, ParseAdditive(in));
      call->args.push_back(std::move(argument));
    } else {
      call->args.push_back(NewSymbol(token));
    }
  }
  return Status::Ok();
}

Result<AstExprPtr> ParseArgument(TokenStream& in, AstExpr* call) {
  if (IsJsonFunction(call->name) && in.IsWord("KEY") && !in.IsSymbol("(", 1)) {
    in.Take();
    return ParseExpr(in);
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
    AstExprPtr node = NewNode(AstKind::kDescriptor, in.position());
    in.Take();
    ASSIGN_OR_RETURN(node->path, in.IdentifierList());
    return node;
  }
  if (in.IsWord("DEFAULT")) {
    AstExprPtr node = NewNode(AstKind::kDefault, in.position());
    in.Take();
    return node;
  }
  if (StartsQuery(in)) {
    AstExprPtr node = NewNode(AstKind::kScalarQuery, in.position());
    ASSIGN_OR_RETURN(node->subquery, ParseQuery(in));
    return node;
  }
  if (call->name == "POSITION") return ParseAdditive(in);  // IN separates its arguments
  return ParseExpr(in);
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
    ASSIGN_OR_RETURN(call->filter, ParseExpr(in));
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

}  // namespace

Result<AstExprPtr> ParseFunctionCall(TokenStream& in) {
  const Token name = in.Take();
  AstExprPtr call = NewCall(name.kind == TokenKind::kQuoted ? name.text : name.upper, name.position, {});
  for (char& c : call->name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  RETURN_IF_ERROR(ParseArguments(in, call.get()));
  RETURN_IF_ERROR(ParseCallSuffix(in, call.get()));
  return call;
}
Result<AstExprPtr> ParseTableArgument(TokenStream& in) {
  AstExprPtr node = NewNode(AstKind::kTableArg, in.position());
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
}  // namespace penstock::sql
