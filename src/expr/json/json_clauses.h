// The keyword clauses of SQL/JSON functions, read from the symbols that the parser passes as arguments:
// RETURNING type, NULL | ERROR | DEFAULT x | EMPTY ARRAY | ... ON EMPTY | ERROR, WITH .. WRAPPER.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "expr/function.h"

namespace penstock {

enum class JsonBehavior : uint8_t {
  kNull,
  kError,
  kDefault,
  kEmptyArray,
  kEmptyObject,
  kTrue,
  kFalse,
  kUnknown
};
enum class JsonWrapper : uint8_t { kWithout, kConditional, kUnconditional };

struct JsonClauses {
  std::optional<JsonBehavior> on_empty, on_error;
  size_t empty_default = 0, error_default = 0;  // the argument that holds DEFAULT's value
  size_t returning = 0;                         // the argument whose type is the wanted one, 0 for none
  JsonWrapper wrapper = JsonWrapper::kWithout;
};

// `keywords[i]` is the keyword at argument i, nullopt for any other argument. Clauses start at argument 2.
Result<JsonClauses> ReadJsonClauses(std::string_view function,
                                    const std::vector<std::optional<std::string>>& keywords);
std::vector<std::optional<std::string>> JsonKeywords(std::span<const ArgInfo> args);
std::vector<std::optional<std::string>> JsonKeywords(const CallSite& site);

}  // namespace penstock
