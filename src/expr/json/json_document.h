// A JSON text as a tree, read with the leniency and the strictness of Flink's JSON functions (Jackson): the
// first value counts, what follows a complete string, array or object is not looked at; the last of equal
// keys wins; numbers keep their digits. Trees are written with the members of objects in the order of their
// keys.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

enum class JsonKind : uint8_t { kNull, kBool, kInteger, kDecimal, kString, kArray, kObject };

struct JsonNode {
  JsonKind kind = JsonKind::kNull;
  bool boolean = false;
  std::string_view text;               // of strings, without escapes; of numbers, as it was written
  std::vector<JsonNode> items;         // elements of an array, values of an object
  std::vector<std::string_view> keys;  // of an object, one per item

  bool is_scalar() const { return kind < JsonKind::kArray; }
  bool is_number() const { return kind == JsonKind::kInteger || kind == JsonKind::kDecimal; }
  // Null when there is none.
  const JsonNode* Member(std::string_view key) const;
};

class JsonDocument {
 public:
  // False when the text is no JSON. REQUIRES: the text outlives the document or its next Parse.
  bool Parse(std::string_view text);
  const JsonNode& root() const { return root_; }
  // Whether an object had two members of one name / something but white space follows the value.
  bool had_duplicates() const { return had_duplicates_; }
  bool had_trailing_text() const { return had_trailing_text_; }
  // Keeps a text as long as the parsed tree.
  std::string_view Keep(std::string text) { return kept_.emplace_back(std::move(text)); }
  // A value beside the tree, kept as long as it.
  JsonNode* MakeNode() { return &made_.emplace_back(); }

 private:
  class Reader;
  JsonNode root_;
  std::deque<std::string> kept_;
  std::deque<JsonNode> made_;
  bool had_duplicates_ = false;
  bool had_trailing_text_ = false;
};

// Appends a value without spaces.
void AppendJson(const JsonNode& node, std::string* out);
// "text" with escapes.
void AppendJsonString(std::string_view text, std::string* out);
// A number as java.math.BigDecimal prints it: "1E+3", "0.10".
std::string BigDecimalText(std::string_view number);
// A scalar as text: strings as they are, "null" for null.
std::string ScalarText(const JsonNode& node);

}  // namespace penstock
