// JSON paths as the SQL/JSON functions of Flink read them (Jayway JsonPath): $.a.b, ['a'], [0], [-1], [0:2],
// [0,1], [*], .*, ..name, [?(@.x > 1 && @.y)], length(). A path is definite when it can name only one value.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "expr/json/json_document.h"

namespace penstock {

class JsonFilter;

class JsonPath {
 public:
  static Result<JsonPath> Parse(std::string_view text);

  bool definite() const { return definite_; }
  // Adds the values the path names, in document order. An error where a definite path meets a value of
  // another shape, or names nothing. `arena` keeps values that the path makes; it must be what `node` belongs
  // to.
  Status Evaluate(const JsonNode& node, JsonDocument* arena, std::vector<const JsonNode*>* found) const;
  const std::string& text() const { return text_; }

 private:
  friend class JsonPathParser;
  struct Step {
    enum class Kind : uint8_t { kNames, kWildcard, kIndices, kSlice, kFilter, kLength } kind;
    bool deep = false;
    std::vector<std::string> names = {};
    std::vector<int64_t> indices = {};
    std::optional<int64_t> from = {}, to = {};
    std::shared_ptr<const JsonFilter> filter = {};
  };
  struct Run;

  Status Walk(const JsonNode& node, size_t at, bool definite, Run* run) const;
  Status Apply(const JsonNode& node, size_t at, bool definite, Run* run) const;
  Status ApplyNames(const JsonNode& node, size_t at, bool definite, Run* run) const;
  Status ApplyIndices(const JsonNode& node, size_t at, bool definite, Run* run) const;
  Status ApplyFilter(const JsonNode& node, size_t at, bool definite, Run* run) const;

  std::string text_;
  std::vector<Step> steps_;
  bool definite_ = true;
};

// A path with its mode: "lax $.a", "strict $.a"; strict when none is named.
struct JsonPathSpec {
  bool lax = false;
  Result<JsonPath> path = Status::InvalidData("no path");
};
JsonPathSpec ParsePathSpec(std::string_view spec);

}  // namespace penstock
