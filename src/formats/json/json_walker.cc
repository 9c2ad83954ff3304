// Walking tokens, step 2 of a record's way.
#include "formats/json/json_walker.h"

#include <charconv>
#include <cstring>
#include <optional>

#include "data/datetime.h"
#include "formats/text_values.h"

namespace penstock {

namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Four hexadecimal digits at `at`, -1 when they are none.
int32_t HexAt(std::string_view text, size_t at) {
  uint32_t value = 0;
  if (at + 4 > text.size()) return -1;
  auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 4, value, 16);
  return error == std::errc() && end == text.data() + at + 4 ? static_cast<int32_t>(value) : -1;
}

void AppendUtf8(uint32_t point, std::string* out) {
  auto byte = [out](uint32_t value) { *out += static_cast<char>(value); };
  if (point < 0x80) return byte(point);
  if (point < 0x800) {
    byte(0xc0 | point >> 6);
  } else if (point < 0x10000) {
    byte(0xe0 | point >> 12);
    byte(0x80 | (point >> 6 & 0x3f));
  } else {
    byte(0xf0 | point >> 18);
    byte(0x80 | (point >> 12 & 0x3f));
    byte(0x80 | (point >> 6 & 0x3f));
  }
  byte(0x80 | (point & 0x3f));
}

// The code point of the \u escape whose digits start at *at (two of them for a surrogate pair), -1 when it is
// none.
int64_t ReadEscapedPoint(std::string_view text, size_t* at) {
  int32_t first = HexAt(text, *at);
  *at += 4;
  if (first < 0xd800 || first > 0xdfff) return first;
  if (first > 0xdbff || text.substr(*at, 2) != "\\u") return -1;
  int32_t second = HexAt(text, *at + 2);
  *at += 6;
  if (second < 0xdc00 || second > 0xdfff) return -1;
  return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

bool Unescape(std::string_view text, std::string* out) {
  out->clear();
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      size_t end = std::min(text.find('\\', at), text.size());
      out->append(text, at, end - at);
      at = end;
      continue;
    }
    if (++at == text.size()) return false;
    char escape = text[at++];
    constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
    if (size_t i = kFrom.find(escape); i != std::string_view::npos) {
      *out += kTo[i];
    } else {
      int64_t point = escape == 'u' ? ReadEscapedPoint(text, &at) : -1;
      if (point < 0) return false;
      AppendUtf8(static_cast<uint32_t>(point), out);
    }
  }
  return true;
}

// An integer of at most 18 digits as the whole token.
bool ParseInteger(std::string_view token, int64_t* value) {
  bool negative = token.front() == '-';
  if (negative) token.remove_prefix(1);
  if (token.empty() || token.size() > 18 || (token.front() == '0' && token.size() > 1)) return false;
  int64_t number = 0;
  for (char c : token) {
    auto digit = static_cast<unsigned char>(c - '0');
    if (digit > 9) return false;
    number = number * 10 + digit;
  }
  *value = negative ? -number : number;
  return true;
}

// Two digits, or something above 99.
uint32_t TwoDigits(const char* text) {
  auto high = static_cast<unsigned char>(text[0] - '0'), low = static_cast<unsigned char>(text[1] - '0');
  return high > 9 || low > 9 ? 1000 : high * 10U + low;
}

}  // namespace

bool IsJsonNumber(std::string_view text) {
  size_t i = !text.empty() && text.front() == '-' ? 1 : 0;
  auto digits = [&] {
    size_t from = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i > from;
  };
  size_t whole = i;
  if (!digits() || (text[whole] == '0' && i > whole + 1)) return false;
  if (i < text.size() && text[i] == '.' && (++i, !digits())) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == text.size();
}

bool JsonWalker::CanRead(const JsonFields& root) {
  for (const JsonFields& child : root.children) {
    switch (child.type.kind()) {
      case TypeKind::kMap:
      case TypeKind::kMultiset:
      case TypeKind::kVariant:
      case TypeKind::kBitmap: return false;
      default:
        if (!CanRead(child)) return false;
    }
  }
  return true;
}

bool JsonWalker::Start(std::string_view lines) {
  at_ = 0;
  if (!structure_.Scan(lines)) return false;
  text_ = lines.data();
  tokens_ = structure_.tokens();
  count_ = structure_.count();
  return true;
}

bool JsonWalker::ReadLine(size_t begin, size_t end, std::vector<ColumnBuilder>& builders) {
  while (at_ < count_ && tokens_[at_] < begin) ++at_;
  if (Take() != '{' || !ReadObject(root_, [&](size_t i) -> ColumnBuilder& { return builders[i]; }))
    return false;
  return tokens_[at_ - 1] < end && tokens_[at_] >= end;
}

void JsonWalker::Settle(std::vector<ColumnBuilder>& builders) {
  for (size_t i = 0; i < root_.children.size(); ++i) {
    if (root_.children[i].nulls > 0) SettleNode(root_.children[i], builders[i]);
  }
}

void JsonWalker::SettleNode(JsonFields& node, ColumnBuilder& to) const {
  to.AppendRange(*null_, 0, node.nulls);
  node.nulls = 0;
}

namespace {
void AppendNull(JsonFields& node, ColumnBuilder& to) {
  if (node.defers_nulls) {
    ++node.nulls;
  } else {
    to.AppendNull();
  }
}
}  // namespace

std::string_view JsonWalker::Token() const {
  const char* begin = text_ + tokens_[at_];
  const char* end = text_ + tokens_[at_ + 1];
  while (end > begin + 1 && IsBlank(end[-1])) --end;
  return {begin, static_cast<size_t>(end - begin)};
}

// The child that the key at the cursor names, -1 for none, -2 for a key that needs the careful reader.
int JsonWalker::FindChild(JsonFields& node, size_t position) {
  const char* key = text_ + tokens_[at_] + 1;
  if (position < node.order.size()) {
    const JsonFields::Expected& expected = node.order[position];
    if (tokens_[at_ + 1] - tokens_[at_] >= expected.name.size() + 2 && expected.Matches(key))
      return expected.child;
  }
  std::string_view token = Token();
  if (token.size() < 2 || token.back() != '"') return -2;
  token = token.substr(1, token.size() - 2);
  if (token.find('\\') != std::string_view::npos) return -2;
  return node.Learn(token, position);
}

template <typename BuilderAt>
bool JsonWalker::ReadObject(JsonFields& node, const BuilderAt& builder_at) {
  uint64_t round = ++node.round;
  size_t found = 0;
  if (Peek() == '}') {
    ++at_;
  } else {
    for (size_t position = 0;; ++position) {
      if (Peek() != '"') return false;
      int child = FindChild(node, position);
      ++at_;
      if (child < -1 || Take() != ':') return false;
      if (child < 0) {
        if (!SkipValue()) return false;
      } else {
        auto index = static_cast<size_t>(child);
        if (node.seen[index] == round) return false;
        node.seen[index] = round;
        ++found;
        if (!ReadValue(node.children[index], builder_at(index))) return false;
      }
      char next = Take();
      if (next == '}') break;
      if (next != ',') return false;
    }
  }
  if (found == node.children.size()) return true;
  if (options_.fail_on_missing_field) return false;
  for (size_t i = 0; i < node.children.size(); ++i) {
    if (node.seen[i] != round) AppendNull(node.children[i], builder_at(i));
  }
  return true;
}

bool JsonWalker::SkipValue() {
  size_t depth = 0;
  do {
    switch (Take()) {
      case '{':
      case '[': ++depth; break;
      case '}':
      case ']':
        if (depth-- == 0) return false;
        break;
      case ':':
      case ',':
        if (depth == 0) return false;
        break;
      case '\0': return false;
      default: break;
    }
  } while (depth > 0);
  return true;
}

bool JsonWalker::ReadValue(JsonFields& node, ColumnBuilder& to) {
  if (at_ >= count_) return false;
  std::string_view token = Token();
  if (token.front() == 'n') {
    if (token != "null") return false;
    ++at_;
    AppendNull(node, to);
    return true;
  }
  if (node.type.is(TypeKind::kRow)) return token.front() == '{' && ReadRow(node, to);
  if (node.type.is(TypeKind::kArray)) return token.front() == '[' && ReadArray(node, to);
  ++at_;
  if (token.front() != '"') return ReadBare(node, token, to);
  if (token.size() < 2 || token.back() != '"') return false;
  return ReadString(node, token.substr(1, token.size() - 2), to);
}

bool JsonWalker::ReadRow(JsonFields& node, ColumnBuilder& to) {
  ++at_;
  if (node.nulls > 0) SettleNode(node, to);
  if (!ReadObject(node, [&](size_t i) -> ColumnBuilder& { return to.child(i); })) return false;
  to.CloseRow();
  return true;
}

bool JsonWalker::ReadArray(JsonFields& node, ColumnBuilder& to) {
  ++at_;
  if (Peek() == ']') {
    ++at_;
    to.CloseList();
    return true;
  }
  for (char next = ','; next != ']'; next = Take()) {
    if (next != ',' || !ReadValue(node.children[0], to.child(0))) return false;
  }
  to.CloseList();
  return true;
}

bool JsonWalker::ReadString(const JsonFields& node, std::string_view text, ColumnBuilder& to) {
  if (std::memchr(text.data(), '\\', text.size()) != nullptr) {
    if (!Unescape(text, &scratch_)) return false;
    text = scratch_;
  }
  if (node.type.is_character()) {
    to.AppendString(text);
    return true;
  }
  if (node.type.is(TypeKind::kTimestamp) && ReadTimestamp(node.type, text, to)) return true;
  return AppendFromText(text, node.type, options_.timestamps, &to);
}

// "2020-12-30 12:13:14.123", the text of most event times; the day is often that of the row before.
bool JsonWalker::ReadTimestamp(const DataType& type, std::string_view text, ColumnBuilder& to) {
  char separator = options_.timestamps == TimestampStandard::kIso8601 ? 'T' : ' ';
  if (text.size() != 23 || type.precision() < 3 || type.precision() > 6 || text[10] != separator ||
      text[13] != ':' || text[16] != ':' || text[19] != '.') {
    return false;
  }
  if (std::memcmp(text.data(), date_, sizeof(date_)) != 0) {
    std::optional<int64_t> days = ParseIsoDate(text.substr(0, 10));
    if (!days) return false;
    std::memcpy(date_, text.data(), sizeof(date_));
    date_micros_ = *days * (kNanosPerDay / 1000);
  }
  uint32_t hour = TwoDigits(&text[11]), minute = TwoDigits(&text[14]), second = TwoDigits(&text[17]);
  uint32_t tens = TwoDigits(&text[20]);
  auto last = static_cast<unsigned char>(text[22] - '0');
  if (hour > 23 || minute > 59 || second > 59 || tens > 99 || last > 9) return false;
  int64_t seconds = (hour * 60 + minute) * 60 + second;
  to.Append(date_micros_ + seconds * 1'000'000 + (tens * 10 + last) * 1000);
  return true;
}

// Numbers, true and false.
bool JsonWalker::ReadBare(const JsonFields& node, std::string_view token, ColumnBuilder& to) {
  if (node.type.is(TypeKind::kBoolean) && (token == "true" || token == "false")) {
    to.Append<uint8_t>(token == "true" ? 1 : 0);
    return true;
  }
  if (node.type.is_integer()) {
    int64_t value = 0;
    if (ParseInteger(token, &value)) return AppendInteger(value, &to);
  }
  if (!IsJsonNumber(token) || node.type.is_datetime() || node.type.is_binary()) return false;
  if (node.type.is(TypeKind::kDouble)) {
    double value = 0;
    auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
    if (error != std::errc() || end != token.data() + token.size()) return false;
    to.Append(value);
    return true;
  }
  return AppendFromText(token, node.type, options_.timestamps, &to);
}

}  // namespace penstock
