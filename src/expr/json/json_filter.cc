// Parsing and evaluation of filters in JSON paths.
#include "expr/json/json_filter.h"

#include <cstdlib>

namespace penstock {

class JsonFilterParser {
 public:
  explicit JsonFilterParser(std::string_view text) : text_(text) {}

  Result<std::shared_ptr<const JsonFilter>> ParseAll() {
    ASSIGN_OR_RETURN(Ptr filter, Or());
    SkipSpace();
    if (at_ != text_.size()) return Bad();
    return filter;
  }

 private:
  using Ptr = std::shared_ptr<const JsonFilter>;
  using Operator = JsonFilter::Operator;

  Status Bad() const {
    return Status::InvalidData("Could not parse the filter [?(" + std::string(text_) + ")]");
  }
  void SkipSpace() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool Accept(std::string_view symbol) {
    SkipSpace();
    if (!text_.substr(at_).starts_with(symbol)) return false;
    at_ += symbol.size();
    return true;
  }

  static Ptr Join(JsonFilter::Kind kind, std::vector<Ptr> parts) {
    if (parts.size() == 1 && kind != JsonFilter::Kind::kNot) return parts[0];
    auto filter = std::make_shared<JsonFilter>();
    filter->kind_ = kind;
    filter->parts_ = std::move(parts);
    return filter;
  }

  Result<Ptr> Or() {
    if (++depth_ > 100) return Bad();
    std::vector<Ptr> parts;
    do {
      ASSIGN_OR_RETURN(Ptr part, And());
      parts.push_back(std::move(part));
    } while (Accept("||"));
    --depth_;
    return Join(JsonFilter::Kind::kOr, std::move(parts));
  }

  Result<Ptr> And() {
    std::vector<Ptr> parts;
    do {
      ASSIGN_OR_RETURN(Ptr part, Unary());
      parts.push_back(std::move(part));
    } while (Accept("&&"));
    return Join(JsonFilter::Kind::kAnd, std::move(parts));
  }

  Result<Ptr> Unary() {
    if (Accept("!")) {
      if (++depth_ > 100) return Bad();
      ASSIGN_OR_RETURN(Ptr part, Unary());
      --depth_;
      return Join(JsonFilter::Kind::kNot, {std::move(part)});
    }
    if (Accept("(")) {
      ASSIGN_OR_RETURN(Ptr inner, Or());
      if (!Accept(")")) return Bad();
      return inner;
    }
    return Comparison();
  }

  Result<Ptr> Comparison() {
    auto filter = std::make_shared<JsonFilter>();
    ASSIGN_OR_RETURN(filter->left_, Operand());
    static const struct {
      std::string_view text;
      Operator meant;
    } kOperators[] = {
        {"==", Operator::kEqual},        {"!=", Operator::kNotEqual}, {"<=", Operator::kLessEqual},
        {">=", Operator::kGreaterEqual}, {"=~", Operator::kMatches},  {"<", Operator::kLess},
        {">", Operator::kGreater},       {"nin ", Operator::kNotIn},  {"in ", Operator::kIn}};
    for (const auto& op : kOperators) {
      if (!Accept(op.text)) continue;
      filter->kind_ = JsonFilter::Kind::kCompare;
      filter->operator_ = op.meant;
      ASSIGN_OR_RETURN(filter->right_, Operand());
      if ((op.meant == Operator::kMatches) != (filter->right_.regex != nullptr)) return Bad();
      return Ptr(filter);
    }
    if (!filter->left_.path) return Bad();
    return Ptr(filter);
  }

  Result<JsonFilter::Operand> Operand() {
    SkipSpace();
    if (at_ >= text_.size()) return Bad();
    char c = text_[at_];
    if (c == '@' || c == '$') return PathOperand();
    if (c == '/') return RegexOperand();
    return LiteralOperand();
  }

  Result<JsonFilter::Operand> PathOperand() {
    size_t begin = at_;
    int brackets = 0;
    for (char quote = 0; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (quote != 0) {
        if (c == quote) quote = 0;
        continue;
      }
      if (brackets > 0 && (c == '\'' || c == '"')) quote = c;
      if (c == '[') ++brackets;
      if (c == ']' && brackets > 0) --brackets;
      if (c == '(' && text_.substr(at_, 2) == "()")
        ++at_;
      else if (brackets == 0 && std::string_view(" )=!<>&|").find(c) != std::string_view::npos)
        break;
    }
    std::string path(text_.substr(begin, at_ - begin));
    JsonFilter::Operand operand;
    operand.from_root = path[0] == '$';
    path[0] = '$';
    ASSIGN_OR_RETURN(JsonPath parsed, JsonPath::Parse(path));
    operand.path = std::make_shared<const JsonPath>(std::move(parsed));
    return operand;
  }

  // /pattern/ or /pattern/i
  Result<JsonFilter::Operand> RegexOperand() {
    std::string pattern;
    for (++at_; at_ < text_.size() && text_[at_] != '/'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '/') ++at_;
      pattern.push_back(text_[at_]);
    }
    if (at_ >= text_.size()) return Bad();
    ++at_;
    if (at_ < text_.size() && text_[at_] == 'i') {
      ++at_;
      pattern.insert(0, "(?i)");
    }
    JsonFilter::Operand operand;
    ASSIGN_OR_RETURN(std::unique_ptr<Regex> regex, Regex::CompileJava("\\A(?:" + pattern + ")\\z"));
    operand.regex = std::move(regex);
    return operand;
  }

  // A number, 'text', "text", true, false, null, or a list of them: JSON, but for the single quotes.
  Result<JsonFilter::Operand> LiteralOperand() {
    std::string json;
    int brackets = 0;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '\'' || c == '"') {
        size_t end = at_ + 1;
        while (end < text_.size() && text_[end] != c) end += text_[end] == '\\' ? 2 : 1;
        if (end >= text_.size()) return Bad();
        std::string inner;
        for (size_t i = at_ + 1; i < end; ++i) {
          if (text_[i] == '\\' && i + 1 < end) ++i;
          inner.push_back(text_[i]);
        }
        AppendJsonString(inner, &json);
        at_ = end;
        if (brackets == 0) {
          ++at_;
          break;
        }
        continue;
      }
      if (c == '[') ++brackets;
      if (brackets == 0 && std::string_view(" )=!<>&|").find(c) != std::string_view::npos) break;
      json.push_back(c);
      if (c == ']' && --brackets == 0) {
        ++at_;
        break;
      }
    }
    JsonFilter::Operand operand;
    operand.literal_text = std::make_shared<const std::string>(std::move(json));
    operand.literal = std::make_shared<JsonDocument>();
    if (!operand.literal->Parse(*operand.literal_text)) return Bad();
    return operand;
  }

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
};

Result<std::shared_ptr<const JsonFilter>> JsonFilter::Parse(std::string_view text) {
  return JsonFilterParser(text).ParseAll();
}

const JsonNode* JsonFilter::Resolve(const Operand& operand, const JsonNode& element, const JsonNode& root,
                                    JsonDocument* arena) {
  if (!operand.path) return operand.literal ? &operand.literal->root() : nullptr;
  std::vector<const JsonNode*> found;
  Status status = operand.path->Evaluate(operand.from_root ? root : element, arena, &found);
  return status.ok() && !found.empty() ? found[0] : nullptr;
}

namespace {

bool SameValue(const JsonNode& a, const JsonNode& b) {
  if (a.is_number() && b.is_number())
    return std::strtod(std::string(a.text).c_str(), nullptr) ==
           std::strtod(std::string(b.text).c_str(), nullptr);
  if (a.kind != b.kind) return false;
  std::string left, right;
  AppendJson(a, &left);
  AppendJson(b, &right);
  return left == right;
}

// Numbers and texts have an order; for others `comparable` becomes false.
int Order(const JsonNode& a, const JsonNode& b, bool* comparable) {
  *comparable = true;
  if (a.is_number() && b.is_number()) {
    double left = std::strtod(std::string(a.text).c_str(), nullptr);
    double right = std::strtod(std::string(b.text).c_str(), nullptr);
    return left < right ? -1 : left > right ? 1 : 0;
  }
  if (a.kind == JsonKind::kString && b.kind == JsonKind::kString) return a.text.compare(b.text);
  *comparable = false;
  return 0;
}

bool Contains(const JsonNode& list, const JsonNode& value) {
  for (const JsonNode& item : list.items) {
    if (SameValue(item, value)) return true;
  }
  return false;
}

}  // namespace

bool JsonFilter::Compare(const JsonNode& element, const JsonNode& root, JsonDocument* arena) const {
  const JsonNode* left = Resolve(left_, element, root, arena);
  if (operator_ == Operator::kMatches)
    return left != nullptr && left->kind == JsonKind::kString && right_.regex->Find(left->text, 0);
  const JsonNode* right = Resolve(right_, element, root, arena);
  if (left == nullptr || right == nullptr) return operator_ == Operator::kNotEqual;
  bool comparable = true;
  int order = Order(*left, *right, &comparable);
  switch (operator_) {
    case Operator::kEqual: return SameValue(*left, *right);
    case Operator::kNotEqual: return !SameValue(*left, *right);
    case Operator::kLess: return comparable && order < 0;
    case Operator::kLessEqual: return comparable && order <= 0;
    case Operator::kGreater: return comparable && order > 0;
    case Operator::kGreaterEqual: return comparable && order >= 0;
    case Operator::kIn: return Contains(*right, *left);
    case Operator::kNotIn: return !Contains(*right, *left);
    case Operator::kMatches: break;
  }
  return false;
}

bool JsonFilter::Accepts(const JsonNode& element, const JsonNode& root, JsonDocument* arena) const {
  switch (kind_) {
    case Kind::kAnd:
      for (const auto& part : parts_) {
        if (!part->Accepts(element, root, arena)) return false;
      }
      return true;
    case Kind::kOr:
      for (const auto& part : parts_) {
        if (part->Accepts(element, root, arena)) return true;
      }
      return false;
    case Kind::kNot: return !parts_[0]->Accepts(element, root, arena);
    case Kind::kExists: return Resolve(left_, element, root, arena) != nullptr;
    case Kind::kCompare: return Compare(element, root, arena);
  }
  return false;
}

}  // namespace penstock
