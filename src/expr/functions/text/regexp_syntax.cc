// Java's regular expression syntax in PCRE2's. Most of it is the same; what differs is rewritten: character
// classes with unions and intersections, the names of properties, \uXXXX and octal escapes.
#include "expr/functions/text/regexp_pattern.h"
#include "expr/functions/text/text.h"

namespace penstock {

namespace {

using Text = std::string_view;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string HexEscape(uint32_t c) {
  char text[16];
  snprintf(text, sizeof(text), "\\x{%x}", c);
  return text;
}

class Translator {
 public:
  explicit Translator(Text in) : in_(in) {}

  Result<std::string> Run() {
    std::string out;
    while (at_ < in_.size()) {
      char c = in_[at_];
      if (c == '\\') {
        RETURN_IF_ERROR(Escape(&out, false));
      } else if (c == '[') {
        ++at_;
        ASSIGN_OR_RETURN(CharacterClass parsed, Class());
        out += parsed.Single();
      } else if (c == '(' && in_.substr(at_).starts_with("(?")) {
        Group(&out);
      } else {
        out.push_back(c);
        ++at_;
      }
    }
    return out;
  }

 private:
  // A class: plain items that fit into one pair of brackets, and parts that are patterns of one character.
  struct CharacterClass {
    bool negated = false;
    std::string items;
    std::vector<std::string> parts;

    // A pattern that matches one character of the class, not yet negated.
    std::string Positive() const {
      std::string set = items.empty() ? "" : "[" + items + "]";
      if (parts.empty()) return set.empty() ? "(?!)" : set;
      std::string out = "(?:" + set;
      for (const std::string& part : parts) out += (out.size() > 3 ? "|" : "") + part;
      return out + ")";
    }
    std::string Single() const {
      if (!negated) return Positive();
      if (parts.empty()) return items.empty() ? "(?s:.)" : "[^" + items + "]";
      return "(?:(?!" + Positive() + ")(?s:.))";
    }
  };

  Status Bad(const char* what) const {
    return Status::InvalidData(std::string(what) + " near index " + std::to_string(at_) + ": " +
                               std::string(in_));
  }

  // "(?<name>", "(?i)", "(?=": the same, but Java's flags d and u have no letter in PCRE2, and U is another.
  void Group(std::string* out) {
    out->append("(?");
    at_ += 2;
    size_t end = at_;
    while (end < in_.size() && Text("idmsuxU-").find(in_[end]) != Text::npos) ++end;
    if (end == at_ || end >= in_.size() || (in_[end] != ')' && in_[end] != ':')) return;
    for (; at_ < end; ++at_) {
      if (Text("imsx-").find(in_[at_]) != Text::npos) out->push_back(in_[at_]);
    }
  }

  // What follows a '[' up to its ']'.
  Result<CharacterClass> Class() {
    CharacterClass parsed;
    if (++depth_ > 50) return Bad("Character class nested too deeply");
    if (at_ < in_.size() && in_[at_] == '^') {
      parsed.negated = true;
      ++at_;
    }
    bool first = true;
    while (at_ < in_.size()) {
      char c = in_[at_];
      if (c == ']' && !first) {
        ++at_;
        --depth_;
        return parsed;
      }
      first = false;
      if (c == '[') {
        ++at_;
        ASSIGN_OR_RETURN(CharacterClass inner, Class());
        if (!inner.negated && inner.parts.empty()) {
          parsed.items += inner.items;
        } else {
          parsed.parts.push_back(inner.Single());
        }
      } else if (in_.substr(at_).starts_with("&&")) {
        at_ += 2;
        RETURN_IF_ERROR(Intersection(&parsed));
      } else if (c == '\\') {
        RETURN_IF_ERROR(Escape(&parsed.items, true));
      } else {
        size_t length = CodePointLength(in_, at_);
        parsed.items.append(in_.substr(at_, length));
        at_ += length;
      }
    }
    return Bad("Unclosed character class");
  }

  // left && right: `right` is everything up to the closing bracket, which stays.
  Status Intersection(CharacterClass* left) {
    bool only_left_empty = left->items.empty() && left->parts.empty();
    ASSIGN_OR_RETURN(CharacterClass right, Class());
    --at_;
    if (only_left_empty) {
      left->items = right.items;
      left->parts = right.parts;
      return Status::Ok();
    }
    std::string both = "(?:(?=" + left->Positive() + ")" + right.Single() + ")";
    left->items.clear();
    left->parts = {both};
    return Status::Ok();
  }

  // One escape, in a class or outside.
  Status Escape(std::string* out, bool in_class) {
    if (at_ + 1 >= in_.size()) return Bad("Unexpected internal error");
    char c = in_[at_ + 1];
    switch (c) {
      case 'u': return UnicodeEscape(out);
      case '0': return OctalEscape(out);
      case 'p':
      case 'P': return Property(out, c == 'P');
      case 'Q': return Quoted(out);
      default: break;
    }
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    // These are escapes in both syntaxes; any other letter is an error in Java.
    Text known = in_class ? Text("tnrfaedDsSwWhHvVcx") : Text("tnrfaedDsSwWhHvVcxbBAGzZRXk");
    if (letter && known.find(c) == Text::npos) return Bad("Illegal/unsupported escape sequence");
    size_t length = CodePointLength(in_, at_ + 1);
    if (static_cast<unsigned char>(c) >= 0x80) {
      out->append(in_.substr(at_ + 1, length));
    } else {
      out->append(in_.substr(at_, 2));
    }
    at_ += 1 + length;
    return Status::Ok();
  }

  Status UnicodeEscape(std::string* out) {
    uint32_t value = 0;
    if (!FourDigits(at_ + 2, &value)) return Bad("Illegal Unicode escape sequence");
    at_ += 6;
    uint32_t low = 0;
    bool pair = value >= 0xd800 && value < 0xdc00 && in_.substr(at_).starts_with("\\u") &&
                FourDigits(at_ + 2, &low) && low >= 0xdc00 && low < 0xe000;
    if (pair) {
      value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00);
      at_ += 6;
    }
    out->append(HexEscape(value));
    return Status::Ok();
  }

  bool FourDigits(size_t at, uint32_t* value) const {
    if (at + 4 > in_.size()) return false;
    *value = 0;
    for (size_t i = at; i < at + 4; ++i) {
      int digit = HexDigit(in_[i]);
      if (digit < 0) return false;
      *value = *value * 16 + static_cast<uint32_t>(digit);
    }
    return true;
  }

  // \0n, \0nn, \0mnn
  Status OctalEscape(std::string* out) {
    uint32_t value = 0;
    size_t at = at_ + 2;
    for (; at < in_.size() && at < at_ + 5 && in_[at] >= '0' && in_[at] <= '7'; ++at) {
      uint32_t next = value * 8 + static_cast<uint32_t>(in_[at] - '0');
      if (next > 0377) break;
      value = next;
    }
    if (at == at_ + 2) return Bad("Illegal octal escape sequence");
    at_ = at;
    out->append(HexEscape(value));
    return Status::Ok();
  }

  // \Q..\E: each character by itself, so that it works in classes too.
  Status Quoted(std::string* out) {
    size_t end = in_.find("\\E", at_ + 2);
    Text quoted = in_.substr(at_ + 2, end == Text::npos ? Text::npos : end - at_ - 2);
    for (Text piece : SplitCodePoints(quoted)) {
      auto byte = static_cast<unsigned char>(piece[0]);
      bool plain = byte >= 0x80 || (byte >= '0' && byte <= '9') || ((byte | 32) >= 'a' && (byte | 32) <= 'z');
      if (!plain) out->push_back('\\');
      out->append(piece);
    }
    at_ = end == Text::npos ? in_.size() : end + 2;
    return Status::Ok();
  }

  // \p{L}, \pL, \p{IsLatin}, \p{Alpha}, \p{javaUpperCase}; ASCII classes work inside and outside of brackets.
  Status Property(std::string* out, bool negated) {
    size_t at = at_ + 2;
    if (at >= in_.size()) return Bad("Illegal property");
    std::string name(in_.substr(at, 1));
    size_t end = at + 1;
    if (in_[at] == '{') {
      size_t close = in_.find('}', at);
      if (close == Text::npos) return Bad("Unclosed character family");
      name = std::string(in_.substr(at + 1, close - at - 1));
      end = close + 1;
    }
    at_ = end;
    static const struct {
      const char *java, *pcre;
    } kProperties[] = {{"Lower", "[:lower:]"},  {"Upper", "[:upper:]"},      {"ASCII", "[:ascii:]"},
                       {"Alpha", "[:alpha:]"},  {"Digit", "[:digit:]"},      {"Alnum", "[:alnum:]"},
                       {"Punct", "[:punct:]"},  {"Graph", "[:graph:]"},      {"Print", "[:print:]"},
                       {"Blank", "[:blank:]"},  {"Cntrl", "[:cntrl:]"},      {"XDigit", "[:xdigit:]"},
                       {"Space", "[:space:]"},  {"javaLowerCase", "Ll"},     {"javaUpperCase", "Lu"},
                       {"javaWhitespace", "Z"}, {"IsAlphabetic", "L"},       {"IsLetter", "L"},
                       {"IsDigit", "Nd"},       {"IsUppercase", "Lu"},       {"IsLowercase", "Ll"},
                       {"IsPunctuation", "P"},  {"IsWhite_Space", "Z"},      {"javaLetter", "L"},
                       {"javaDigit", "Nd"},     {"javaLetterOrDigit", "Xan"}};
    std::string pcre = name.starts_with("Is") ? name.substr(2) : name;
    for (const auto& property : kProperties) {
      if (name == property.java) pcre = property.pcre;
    }
    if (pcre.starts_with("[:")) {
      if (negated) pcre.insert(2, "^");
      out->append(depth_ > 0 ? pcre : "[" + pcre + "]");
    } else {
      if (pcre.starts_with("script=") || pcre.starts_with("sc=")) pcre = pcre.substr(pcre.find('=') + 1);
      out->append(negated ? "\\P{" : "\\p{").append(pcre).append("}");
    }
    return Status::Ok();
  }

  Text in_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<std::string> TranslateJavaRegex(std::string_view regex) { return Translator(regex).Run(); }

}  // namespace penstock
