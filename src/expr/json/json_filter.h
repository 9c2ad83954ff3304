// The condition of a JSON path's filter, [?( ... )]: comparisons of paths and literals joined by &&, || and
// !.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "expr/functions/text/regexp_pattern.h"
#include "expr/json/json_path.h"

namespace penstock {

class JsonFilter {
 public:
  // `text` is what stands between "?(" and its closing bracket.
  static Result<std::shared_ptr<const JsonFilter>> Parse(std::string_view text);

  // @ is the element, $ the root of the document.
  bool Accepts(const JsonNode& element, const JsonNode& root, JsonDocument* arena) const;

 private:
  friend class JsonFilterParser;
  enum class Kind : uint8_t { kAnd, kOr, kNot, kExists, kCompare };
  enum class Operator : uint8_t {
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kMatches,
    kIn,
    kNotIn
  };
  struct Operand {
    std::shared_ptr<const JsonPath> path;  // null for a literal
    bool from_root = false;
    std::shared_ptr<JsonDocument> literal;
    std::shared_ptr<const std::string> literal_text;
    std::shared_ptr<const Regex> regex;
  };

  // Null where the path names nothing.
  static const JsonNode* Resolve(const Operand& operand, const JsonNode& element, const JsonNode& root,
                                 JsonDocument* arena);
  bool Compare(const JsonNode& element, const JsonNode& root, JsonDocument* arena) const;

  Kind kind_ = Kind::kExists;
  Operator operator_ = Operator::kEqual;
  std::vector<std::shared_ptr<const JsonFilter>> parts_;
  Operand left_, right_;
};

}  // namespace penstock
