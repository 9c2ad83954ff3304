// JsonParts: the parts of a JSON object or array as pieces of its text, found by simdjson On-Demand. What
// nobody wants is stepped over. Used by one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

// A field's value as JSON text; empty where it is null.
struct JsonPart {
  std::string key;  // without escapes; "" of an element
  std::string_view text;
};

class JsonParts {
 public:
  JsonParts();
  ~JsonParts();
  // The fields of an object, or the elements of an array, in their order; false and the reason in problem().
  // The texts point into `json`. REQUIRES: kDecodePadding bytes behind it may be read.
  bool Fields(std::string_view json, std::vector<JsonPart>* parts);
  bool Elements(std::string_view json, std::vector<JsonPart>* parts);
  // The text of a JSON string without its quotes and escapes, of another value as it stands. Valid until the
  // next call.
  bool Unquoted(std::string_view json, std::string_view* text);
  const std::string& problem() const { return problem_; }

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
  std::string problem_;
};

}  // namespace penstock
