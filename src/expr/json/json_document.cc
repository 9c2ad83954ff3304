// Reading and writing JSON trees.
#include "expr/json/json_document.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "expr/functions/text/text.h"

namespace penstock {

const JsonNode* JsonNode::Member(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == key) return &items[i];
  }
  return nullptr;
}

// A recursive reader; every function returns false at the first thing that is no JSON.
class JsonDocument::Reader {
 public:
  Reader(std::string_view text, JsonDocument* document) : text_(text), document_(document) {}

  bool ReadRoot(JsonNode* node) {
    SkipSpace();
    if (!ReadValue(node)) return false;
    // A number or a word must not run into what follows.
    bool open_ended = node->is_number() || node->kind == JsonKind::kNull || node->kind == JsonKind::kBool;
    if (open_ended && at_ < text_.size() && !IsSpace(text_[at_])) return false;
    SkipSpace();
    document_->had_trailing_text_ = at_ < text_.size();
    return true;
  }

 private:
  static constexpr int kMaxDepth = 1000;
  static bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }

  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  bool Accept(char c) {
    SkipSpace();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool ReadValue(JsonNode* node) {
    SkipSpace();
    if (at_ >= text_.size() || depth_ > kMaxDepth) return false;
    switch (text_[at_]) {
      case '{': return ReadObject(node);
      case '[': return ReadArray(node);
      case '"': node->kind = JsonKind::kString; return ReadString(&node->text);
      case 't': node->boolean = true; [[fallthrough]];
      case 'f': node->kind = JsonKind::kBool; return ReadWord(node->boolean ? "true" : "false");
      case 'n': node->kind = JsonKind::kNull; return ReadWord("null");
      default: return ReadNumber(node);
    }
  }

  bool ReadWord(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  bool ReadDigits() {
    size_t begin = at_;
    while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
    return at_ > begin;
  }

  bool ReadNumber(JsonNode* node) {
    size_t begin = at_;
    node->kind = JsonKind::kInteger;
    if (text_[at_] == '-') ++at_;
    size_t first = at_;
    if (!ReadDigits() || (text_[first] == '0' && at_ - first > 1)) return false;
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      node->kind = JsonKind::kDecimal;
      if (!ReadDigits()) return false;
    }
    if (at_ < text_.size() && (text_[at_] | 32) == 'e') {
      ++at_;
      node->kind = JsonKind::kDecimal;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      if (!ReadDigits()) return false;
    }
    node->text = text_.substr(begin, at_ - begin);
    return true;
  }

  bool ReadString(std::string_view* value) {
    size_t begin = ++at_;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '"') {
        *value = text_.substr(begin, at_++ - begin);
        return true;
      }
      if (c == '\\') return ReadEscapedString(begin, value);
      if (static_cast<unsigned char>(c) < 0x20) return false;
    }
    return false;
  }

  // The slow way, from the first escape on.
  bool ReadEscapedString(size_t begin, std::string_view* value) {
    std::string decoded(text_.substr(begin, at_ - begin));
    while (at_ < text_.size()) {
      char c = text_[at_++];
      if (c == '"') {
        *value = document_->Keep(std::move(decoded));
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        decoded.push_back(c);
      } else if (!ReadEscape(&decoded)) {
        return false;
      }
    }
    return false;
  }

  bool ReadEscape(std::string* decoded) {
    if (at_ >= text_.size()) return false;
    char c = text_[at_++];
    static constexpr std::string_view kLetters = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    size_t known = kLetters.find(c);
    if (known != std::string_view::npos) {
      decoded->push_back(kMeant[known]);
      return true;
    }
    uint32_t unit = 0;
    if (c != 'u' || !ReadUnit(&unit)) return false;
    uint32_t low = 0;
    if (unit >= 0xd800 && unit < 0xdc00 && text_.substr(at_).starts_with("\\u")) {
      size_t back = at_;
      at_ += 2;
      if (!ReadUnit(&low)) return false;
      if (low >= 0xdc00 && low < 0xe000) {
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
      } else {
        at_ = back;
      }
    }
    AppendCodePoint(decoded, unit);
    return true;
  }

  bool ReadUnit(uint32_t* unit) {
    std::string_view digits = text_.substr(std::min(at_, text_.size()), 4);
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), *unit, 16);
    at_ += 4;
    return digits.size() == 4 && error == std::errc() && end == digits.data() + 4;
  }

  bool ReadArray(JsonNode* node) {
    node->kind = JsonKind::kArray;
    ++at_;
    if (Accept(']')) return true;
    ++depth_;
    do {
      if (!ReadValue(&node->items.emplace_back())) return false;
    } while (Accept(','));
    --depth_;
    return Accept(']');
  }

  bool ReadObject(JsonNode* node) {
    node->kind = JsonKind::kObject;
    ++at_;
    if (Accept('}')) return true;
    ++depth_;
    do {
      SkipSpace();
      std::string_view key;
      if (at_ >= text_.size() || text_[at_] != '"' || !ReadString(&key) || !Accept(':')) return false;
      node->keys.push_back(key);
      if (!ReadValue(&node->items.emplace_back())) return false;
    } while (Accept(','));
    --depth_;
    DropDuplicates(node);
    return Accept('}');
  }

  // Equal keys: the last value at the place of the first.
  void DropDuplicates(JsonNode* node) {
    size_t count = node->keys.size();
    std::vector<size_t> order(count);
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return node->keys[a] < node->keys[b]; });
    std::vector<bool> drop(count, false);
    bool any = false;
    for (size_t i = 1, first = 0; i < count; ++i) {
      if (node->keys[order[i]] != node->keys[order[first]]) {
        first = i;
        continue;
      }
      node->items[order[first]] = std::move(node->items[order[i]]);
      drop[order[i]] = any = true;
    }
    if (!any) return;
    document_->had_duplicates_ = true;
    size_t kept = 0;
    for (size_t i = 0; i < count; ++i) {
      if (drop[i]) continue;
      if (kept != i) {
        node->keys[kept] = node->keys[i];
        node->items[kept] = std::move(node->items[i]);
      }
      ++kept;
    }
    node->keys.resize(kept);
    node->items.resize(kept);
  }

  std::string_view text_;
  JsonDocument* document_;
  size_t at_ = 0;
  int depth_ = 0;
};

bool JsonDocument::Parse(std::string_view text) {
  root_ = {};
  kept_.clear();
  made_.clear();
  had_duplicates_ = had_trailing_text_ = false;
  return Reader(text, this).ReadRoot(&root_);
}

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  for (char c : text) {
    switch (c) {
      case '"': out->append("\\\""); break;
      case '\\': out->append("\\\\"); break;
      case '\b': out->append("\\b"); break;
      case '\f': out->append("\\f"); break;
      case '\n': out->append("\\n"); break;
      case '\r': out->append("\\r"); break;
      case '\t': out->append("\\t"); break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out->append("\\u00").push_back(c < 0x10 ? '0' : '1');
          out->push_back("0123456789ABCDEF"[c & 15]);
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

std::string BigDecimalText(std::string_view number) {
  bool negative = !number.empty() && number[0] == '-';
  if (negative) number.remove_prefix(1);
  int64_t exponent = 0;
  size_t e = number.find_first_of("eE");
  if (e != std::string_view::npos) {
    std::string_view digits = number.substr(e + 1);
    if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
    auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (parsed.ec != std::errc()) exponent = 0;
    number = number.substr(0, e);
  }
  size_t point = number.find('.');
  std::string digits(number.substr(0, point));
  int64_t scale = -exponent;
  if (point != std::string_view::npos) {
    digits.append(number.substr(point + 1));
    scale += static_cast<int64_t>(number.size() - point - 1);
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  std::string sign = negative && digits != "0" ? "-" : "";
  auto length = static_cast<int64_t>(digits.size());
  int64_t adjusted = length - 1 - scale;
  if (scale == 0) return sign + digits;
  if (scale > 0 && adjusted >= -6) {
    if (length <= scale) digits.insert(0, static_cast<size_t>(scale - length + 1), '0');
    digits.insert(digits.size() - static_cast<size_t>(scale), 1, '.');
    return sign + digits;
  }
  if (length > 1) digits.insert(1, 1, '.');
  if (adjusted == 0) return sign + digits;
  return sign + digits + "E" + (adjusted > 0 ? "+" : "") + std::to_string(adjusted);
}

std::string ScalarText(const JsonNode& node) {
  switch (node.kind) {
    case JsonKind::kNull: return "null";
    case JsonKind::kBool: return node.boolean ? "true" : "false";
    case JsonKind::kInteger: return node.text == "-0" ? "0" : std::string(node.text);
    case JsonKind::kDecimal: return BigDecimalText(node.text);
    default: return std::string(node.text);
  }
}

void AppendJson(const JsonNode& node, std::string* out) {
  switch (node.kind) {
    case JsonKind::kString: AppendJsonString(node.text, out); return;
    case JsonKind::kArray:
      out->push_back('[');
      for (size_t i = 0; i < node.items.size(); ++i) {
        if (i > 0) out->push_back(',');
        AppendJson(node.items[i], out);
      }
      out->push_back(']');
      return;
    case JsonKind::kObject: {
      std::vector<size_t> order(node.keys.size());
      std::iota(order.begin(), order.end(), size_t{0});
      std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return node.keys[a] < node.keys[b]; });
      out->push_back('{');
      for (size_t i = 0; i < order.size(); ++i) {
        if (i > 0) out->push_back(',');
        AppendJsonString(node.keys[order[i]], out);
        out->push_back(':');
        AppendJson(node.items[order[i]], out);
      }
      out->push_back('}');
      return;
    }
    default: out->append(ScalarText(node));
  }
}

}  // namespace penstock
