// The lexer; a hand-written scanner over bytes. Columns are counted in code points.
#include "sql/syntax/lexer.h"

#include <array>
#include <cctype>

#include "base/strings.h"

namespace penstock::sql {

namespace {

bool IsWordStart(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80) != 0;
}
bool IsWordPart(char c) { return IsWordStart(c) || std::isdigit(static_cast<unsigned char>(c)) || c == '$'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

void AppendUtf8(uint32_t point, std::string* out) {
  if (point < 0x80) {
    out->push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out->push_back(static_cast<char>(0xc0 | point >> 6));
    out->push_back(static_cast<char>(0x80 | (point & 0x3f)));
  } else if (point < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | point >> 12));
    out->push_back(static_cast<char>(0x80 | (point >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (point & 0x3f)));
  } else {
    out->push_back(static_cast<char>(0xf0 | point >> 18));
    out->push_back(static_cast<char>(0x80 | (point >> 12 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (point >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (point & 0x3f)));
  }
}

class Scanner {
 public:
  Scanner(std::string_view text, TextPosition start) : text_(text), at_(start) {}

  Result<Token> Next() {
    RETURN_IF_ERROR(SkipBlanks());
    Token token;
    token.position = at_;
    token.begin = pos_;
    if (pos_ >= text_.size()) {
      token.end = pos_;
      return token;
    }
    RETURN_IF_ERROR(Scan(&token));
    token.end = pos_;
    return token;
  }

 private:
  char Peek(size_t ahead = 0) const { return pos_ + ahead < text_.size() ? text_[pos_ + ahead] : '\0'; }

  void Advance(size_t count = 1) {
    for (size_t i = 0; i < count && pos_ < text_.size(); ++i, ++pos_) {
      if (text_[pos_] == '\n') {
        ++at_.line;
        at_.column = 1;
      } else if ((text_[pos_] & 0xc0) != 0x80) {
        ++at_.column;
      }
    }
  }

  Status Unterminated(TextPosition from, const char* what) {
    pos_ = text_.size();
    return SqlError(ErrorNumber::kUnterminated, from, std::string("unterminated ") + what);
  }

  Status SkipBlanks() {
    while (pos_ < text_.size()) {
      if (std::isspace(static_cast<unsigned char>(Peek()))) {
        Advance();
      } else if (Peek() == '-' && Peek(1) == '-') {
        while (pos_ < text_.size() && Peek() != '\n') Advance();
      } else if (Peek() == '/' && Peek(1) == '*' && Peek(2) != '+') {
        TextPosition from = at_;
        size_t end = text_.find("*/", pos_ + 2);
        if (end == std::string_view::npos) return Unterminated(from, "comment");
        Advance(end + 2 - pos_);
      } else {
        break;
      }
    }
    return Status::Ok();
  }

  Status Scan(Token* token) {
    char c = Peek();
    if (c == '\'') return ScanQuoted('\'', TokenKind::kString, token);
    if (c == '`') return ScanQuoted('`', TokenKind::kQuoted, token);
    if (c == '"') return SqlErrorAndSkip("double quotes are not used for identifiers; use `back-ticks`");
    if ((c == 'x' || c == 'X') && Peek(1) == '\'') return ScanBinary(token);
    if ((c == 'u' || c == 'U') && Peek(1) == '&' && Peek(2) == '\'') return ScanUnicode(token);
    if (c == '_' && IsCharsetPrefix()) return ScanCharset(token);
    if ((c == 'n' || c == 'N') && Peek(1) == '\'') {
      Advance();
      return ScanQuoted('\'', TokenKind::kString, token);
    }
    if (IsWordStart(c)) return ScanWord(token);
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return ScanNumber(token);
    return ScanSymbol(token);
  }

  Status SqlErrorAndSkip(const char* message) {
    TextPosition at = at_;
    Advance();
    return SqlError(ErrorNumber::kSyntax, at, message);
  }

  Status ScanQuoted(char quote, TokenKind kind, Token* token) {
    TextPosition from = at_;
    token->kind = kind;
    Advance();
    while (true) {
      if (pos_ >= text_.size())
        return Unterminated(from, quote == '`' ? "quoted identifier" : "string literal");
      char c = Peek();
      if (c == quote) {
        if (Peek(1) != quote) break;
        Advance();
      }
      token->text.push_back(c);
      Advance();
    }
    Advance();
    return Status::Ok();
  }

  Status ScanBinary(Token* token) {
    TextPosition from = at_;
    Advance();
    RETURN_IF_ERROR(ScanQuoted('\'', TokenKind::kBinary, token));
    std::string bytes;
    int nibbles = 0, value = 0;
    for (char c : token->text) {
      if (!std::isxdigit(static_cast<unsigned char>(c))) {
        return SqlError(ErrorNumber::kBadLiteral, from, "a binary literal holds hexadecimal digits");
      }
      value = value * 16 + (IsDigit(c) ? c - '0' : std::toupper(c) - 'A' + 10);
      if (++nibbles % 2 == 0) {
        bytes.push_back(static_cast<char>(value));
        value = 0;
      }
    }
    if (nibbles % 2 != 0) {
      return SqlError(ErrorNumber::kBadLiteral, from, "a binary literal needs an even number of digits");
    }
    token->text = std::move(bytes);
    return Status::Ok();
  }

  bool IsCharsetPrefix() const {
    std::string_view rest = text_.substr(pos_);
    return rest.starts_with("_UTF16'") || rest.starts_with("_UTF8'") || rest.starts_with("_UTF16LE'");
  }
  Status ScanCharset(Token* token) {
    while (Peek() != '\'') Advance();
    return ScanQuoted('\'', TokenKind::kString, token);
  }

  Status ScanUnicode(Token* token) {
    TextPosition from = at_;
    Advance(2);
    RETURN_IF_ERROR(ScanQuoted('\'', TokenKind::kString, token));
    char escape = '\\';
    size_t saved = pos_;
    TextPosition saved_at = at_;
    RETURN_IF_ERROR(SkipBlanks());
    if (EqualsIgnoreCase(text_.substr(pos_, 7), "UESCAPE")) {
      Advance(7);
      RETURN_IF_ERROR(SkipBlanks());
      Token custom;
      if (Peek() != '\'') return SqlError(ErrorNumber::kSyntax, at_, "UESCAPE needs a character literal");
      RETURN_IF_ERROR(ScanQuoted('\'', TokenKind::kString, &custom));
      if (custom.text.size() != 1)
        return SqlError(ErrorNumber::kBadLiteral, from, "UESCAPE needs one character");
      escape = custom.text[0];
    } else {
      pos_ = saved;
      at_ = saved_at;
    }
    std::string out;
    const std::string& raw = token->text;
    for (size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != escape) {
        out.push_back(raw[i]);
      } else if (i + 1 < raw.size() && raw[i + 1] == escape) {
        out.push_back(raw[++i]);
      } else {
        if (i + 4 >= raw.size()) return SqlError(ErrorNumber::kBadLiteral, from, "bad Unicode escape");
        uint32_t point = 0;
        for (size_t k = 1; k <= 4; ++k) {
          char c = raw[i + k];
          if (!std::isxdigit(static_cast<unsigned char>(c))) {
            return SqlError(ErrorNumber::kBadLiteral, from, "bad Unicode escape");
          }
          point = point * 16 + static_cast<uint32_t>(IsDigit(c) ? c - '0' : std::toupper(c) - 'A' + 10);
        }
        AppendUtf8(point, &out);
        i += 4;
      }
    }
    token->text = std::move(out);
    return Status::Ok();
  }

  Status ScanWord(Token* token) {
    token->kind = TokenKind::kWord;
    size_t begin = pos_;
    while (pos_ < text_.size() && IsWordPart(Peek())) Advance();
    token->text = std::string(text_.substr(begin, pos_ - begin));
    token->upper = ToUpperAscii(token->text);
    return Status::Ok();
  }

  Status ScanNumber(Token* token) {
    token->kind = TokenKind::kNumber;
    size_t begin = pos_;
    while (IsDigit(Peek())) Advance();
    if (Peek() == '.') {
      Advance();
      while (IsDigit(Peek())) Advance();
    }
    if (Peek() == 'e' || Peek() == 'E') {
      size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 2 : 1;
      if (IsDigit(Peek(sign))) {
        Advance(sign);
        while (IsDigit(Peek())) Advance();
      }
    }
    token->text = std::string(text_.substr(begin, pos_ - begin));
    return Status::Ok();
  }

  Status ScanSymbol(Token* token) {
    static constexpr std::array<std::string_view, 9> kLong = {
        "/*+", "<>", "<=", ">=", "!=", "||", "=>", "->", "*/"};
    std::string_view rest = text_.substr(pos_);
    token->kind = TokenKind::kSymbol;
    token->text = std::string(rest.substr(0, 1));
    for (std::string_view symbol : kLong) {
      if (rest.starts_with(symbol)) {
        token->text = std::string(symbol);
        break;
      }
    }
    if (token->text == "*/" && !in_hint_) token->text = "*";
    if (token->text == "/*+") {
      token->kind = TokenKind::kHintStart;
      in_hint_ = true;
    } else if (token->text == "*/") {
      token->kind = TokenKind::kHintEnd;
      in_hint_ = false;
    } else if (std::string_view("()[]{}<>=+-*/%,.;:?|!^&").find(token->text[0]) == std::string_view::npos) {
      std::string message = "unexpected character '" + token->text + "'";
      TextPosition at = at_;
      Advance();
      return SqlError(ErrorNumber::kSyntax, at, message);
    }
    Advance(token->text.size());
    return Status::Ok();
  }

  std::string_view text_;
  size_t pos_ = 0;
  TextPosition at_;
  bool in_hint_ = false;
};

}  // namespace

Result<std::vector<Token>> Tokenize(std::string_view text, TextPosition start) {
  Scanner scanner(text, start);
  std::vector<Token> tokens;
  while (true) {
    ASSIGN_OR_RETURN(Token token, scanner.Next());
    bool end = token.kind == TokenKind::kEnd;
    tokens.push_back(std::move(token));
    if (end) return tokens;
  }
}

std::vector<StatementText> SplitStatements(std::string_view script) {
  std::vector<StatementText> statements;
  Scanner scanner(script, {1, 1});
  size_t begin = 0;
  TextPosition position;
  bool any = false, statement_set = false;
  std::string previous;
  auto flush = [&](size_t end) {
    if (any) statements.push_back({std::string(script.substr(begin, end - begin)), position});
    any = statement_set = false;
    previous.clear();
  };
  while (true) {
    Result<Token> next = scanner.Next();
    if (!next) {  // keep the text; parsing it reports the error
      if (!any) {
        any = true;
        position = next.error().position();
        begin = std::min(begin, script.size());
      }
      continue;
    }
    const Token& token = *next;
    if (token.kind == TokenKind::kEnd) {
      flush(script.size());
      return statements;
    }
    bool semicolon = token.kind == TokenKind::kSymbol && token.text == ";";
    if (semicolon && !statement_set) {
      flush(token.begin);
      continue;
    }
    if (!any) {
      any = true;
      begin = token.begin;
      position = token.position;
    }
    // BEGIN STATEMENT SET and [EXECUTE] STATEMENT SET BEGIN hold statements of their own up to END.
    if (token.upper == "BEGIN" && (previous == "SET" || token.begin == begin)) statement_set = true;
    if (token.upper == "END" && statement_set &&
        (previous == ";" || previous == "BEGIN" || previous == "SET")) {
      statement_set = false;
    }
    previous = token.kind == TokenKind::kWord ? token.upper : token.text;
  }
}

}  // namespace penstock::sql
