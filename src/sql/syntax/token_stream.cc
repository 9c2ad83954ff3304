// The parser's cursor.
#include "sql/syntax/token_stream.h"

#include <algorithm>
#include <unordered_set>

namespace penstock::sql {

bool IsReserved(std::string_view upper) {
  // Calcite's reserved words that would be ambiguous in the places where we read identifiers.
  static const auto* words = new std::unordered_set<std::string_view>{"ALL",
                                                                      "AND",
                                                                      "ANY",
                                                                      "ARRAY",
                                                                      "AS",
                                                                      "ASYMMETRIC",
                                                                      "BETWEEN",
                                                                      "BOTH",
                                                                      "BY",
                                                                      "CASE",
                                                                      "CAST",
                                                                      "CREATE",
                                                                      "CROSS",
                                                                      "CUBE",
                                                                      "CURRENT",
                                                                      "DEFAULT",
                                                                      "DELETE",
                                                                      "DESCRIBE",
                                                                      "DISTINCT",
                                                                      "DROP",
                                                                      "ELSE",
                                                                      "END",
                                                                      "ESCAPE",
                                                                      "EXCEPT",
                                                                      "EXISTS",
                                                                      "FALSE",
                                                                      "FETCH",
                                                                      "FOR",
                                                                      "FROM",
                                                                      "FULL",
                                                                      "GROUP",
                                                                      "GROUPING",
                                                                      "HAVING",
                                                                      "IN",
                                                                      "INNER",
                                                                      "INSERT",
                                                                      "INTERSECT",
                                                                      "INTERVAL",
                                                                      "INTO",
                                                                      "IS",
                                                                      "JOIN",
                                                                      "LATERAL",
                                                                      "LEADING",
                                                                      "LEFT",
                                                                      "LIKE",
                                                                      "LIMIT",
                                                                      "MATCH_RECOGNIZE",
                                                                      "MINUS",
                                                                      "NATURAL",
                                                                      "NOT",
                                                                      "NULL",
                                                                      "OFFSET",
                                                                      "ON",
                                                                      "OR",
                                                                      "ORDER",
                                                                      "OUTER",
                                                                      "OVER",
                                                                      "PARTITION",
                                                                      "QUALIFY",
                                                                      "RIGHT",
                                                                      "ROLLUP",
                                                                      "ROW",
                                                                      "ROWS",
                                                                      "SELECT",
                                                                      "SET",
                                                                      "SIMILAR",
                                                                      "SOME",
                                                                      "SYMMETRIC",
                                                                      "TABLE",
                                                                      "TABLESAMPLE",
                                                                      "THEN",
                                                                      "TO",
                                                                      "TRAILING",
                                                                      "TRUE",
                                                                      "UNION",
                                                                      "UNIQUE",
                                                                      "UNKNOWN",
                                                                      "UNNEST",
                                                                      "USING",
                                                                      "VALUES",
                                                                      "WHEN",
                                                                      "WHERE",
                                                                      "WINDOW",
                                                                      "WITH",
                                                                      "WITHIN",
                                                                      "WITHOUT"};
  return words->contains(upper);
}

bool TokenStream::IsWords(std::initializer_list<std::string_view> keywords) const {
  size_t ahead = 0;
  return std::all_of(keywords.begin(), keywords.end(),
                     [&](std::string_view word) { return IsWord(word, ahead++); });
}

bool TokenStream::Accept(std::string_view keyword) {
  if (!IsWord(keyword)) return false;
  Take();
  return true;
}

bool TokenStream::Accept(std::initializer_list<std::string_view> keywords) {
  if (!IsWords(keywords)) return false;
  for (size_t i = 0; i < keywords.size(); ++i) Take();
  return true;
}

bool TokenStream::AcceptSymbol(std::string_view symbol) {
  if (!IsSymbol(symbol)) return false;
  Take();
  return true;
}

Status TokenStream::Expect(std::string_view keyword) {
  return Accept(keyword) ? Status::Ok() : Unexpected(keyword);
}

Status TokenStream::ExpectSymbol(std::string_view symbol) {
  return AcceptSymbol(symbol) ? Status::Ok() : Unexpected("'" + std::string(symbol) + "'");
}

bool TokenStream::IsIdentifier(size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.kind == TokenKind::kQuoted || (token.kind == TokenKind::kWord && !IsReserved(token.upper));
}

Result<std::string> TokenStream::Identifier(std::string_view what) {
  if (!IsIdentifier()) return Unexpected(what);
  return Take().text;
}

Result<std::vector<std::string>> TokenStream::Path(std::string_view what) {
  std::vector<std::string> path;
  do {
    ASSIGN_OR_RETURN(std::string part, Identifier(what));
    path.push_back(std::move(part));
  } while (AcceptSymbol("."));
  return path;
}

Result<std::string> TokenStream::StringLiteral(std::string_view what) {
  if (Peek().kind != TokenKind::kString) return Unexpected(what);
  return Take().text;
}

Result<std::vector<std::string>> TokenStream::IdentifierList() {
  std::vector<std::string> names;
  RETURN_IF_ERROR(ExpectSymbol("("));
  do {
    ASSIGN_OR_RETURN(std::string name, Identifier("a column name"));
    names.push_back(std::move(name));
  } while (AcceptSymbol(","));
  RETURN_IF_ERROR(ExpectSymbol(")"));
  return names;
}

Status TokenStream::Unexpected(std::string_view expected) const {
  const Token& token = Peek();
  std::string found = token.kind == TokenKind::kEnd ? "end of statement" : "'" + token.text + "'";
  std::string hint;
  if (token.kind == TokenKind::kWord && IsReserved(token.upper)) {
    hint = "'" + token.text + "' is a reserved word; write it in back-ticks to use it as a name";
  }
  return SqlError(ErrorNumber::kSyntax, token.position,
                  "unexpected " + found + "; expected " + std::string(expected), hint);
}

}  // namespace penstock::sql
