// TokenStream: the parser's cursor over tokens, with the tests and errors all parts of the parser share.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "sql/syntax/lexer.h"

namespace penstock::sql {

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& Peek(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  const Token& Take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool AtEnd() const { return Peek().kind == TokenKind::kEnd; }
  TextPosition position() const { return Peek().position; }
  size_t mark() const { return at_; }
  void Rewind(size_t mark) { at_ = mark; }

  bool IsWord(std::string_view keyword, size_t ahead = 0) const {
    return Peek(ahead).kind == TokenKind::kWord && Peek(ahead).upper == keyword;
  }
  bool IsWords(std::initializer_list<std::string_view> keywords) const;
  bool IsSymbol(std::string_view symbol, size_t ahead = 0) const {
    return Peek(ahead).kind == TokenKind::kSymbol && Peek(ahead).text == symbol;
  }
  // Consume what is asked for if it comes next.
  bool Accept(std::string_view keyword);
  bool Accept(std::initializer_list<std::string_view> keywords);
  bool AcceptSymbol(std::string_view symbol);
  Status Expect(std::string_view keyword);
  Status ExpectSymbol(std::string_view symbol);

  // An identifier: quoted, or a word that is not reserved.
  bool IsIdentifier(size_t ahead = 0) const;
  Result<std::string> Identifier(std::string_view what);
  Result<std::vector<std::string>> Path(std::string_view what);
  Result<std::string> StringLiteral(std::string_view what);
  Result<std::vector<std::string>> IdentifierList();  // (a, b, c)

  // "unexpected x; expected y" at the next token.
  Status Unexpected(std::string_view expected) const;

  // Recursion guard: false when nesting is too deep.
  bool Enter() { return ++depth_ <= kMaxDepth; }
  void Leave() { --depth_; }
  static constexpr int kMaxDepth = 400;

 private:
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
};

// Words that cannot name a column or an alias without back-ticks.
bool IsReserved(std::string_view upper);

}  // namespace penstock::sql
