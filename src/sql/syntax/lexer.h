// Lexer: SQL text to tokens with positions, and a script to statements. Quoting follows Calcite with
// back-ticks: 'text' with '' inside, U&'..', x'..', `identifier`, -- and /* */ comments; /*+ starts a hint.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace penstock::sql {

enum class TokenKind : unsigned char {
  kEnd,
  kWord,       // unquoted identifier or keyword; text as written
  kQuoted,     // `identifier`, unquoted text
  kString,     // 'text', unescaped
  kBinary,     // x'0aff' as bytes
  kNumber,     // 12, 1.5, 1e3
  kSymbol,     // an operator or bracket
  kHintStart,  // /*+
  kHintEnd,    // the */ of a hint
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;
  std::string upper;      // upper-case text of a word, for keyword tests
  TextPosition position;  // in the whole script
  size_t begin = 0;       // byte offsets in the text given to Tokenize
  size_t end = 0;
};

// All tokens, ended by kEnd. `start` is the position of text[0] in its script.
Result<std::vector<Token>> Tokenize(std::string_view text, TextPosition start = {1, 1});

// A statement's text inside a script, without its semicolon.
struct StatementText {
  std::string text;
  TextPosition position;
};

// Splits at each ; outside of quotes, comments and BEGIN .. END; empty statements are skipped. Never fails:
// what cannot be lexed becomes a statement that fails when it is parsed.
std::vector<StatementText> SplitStatements(std::string_view script);

}  // namespace penstock::sql
