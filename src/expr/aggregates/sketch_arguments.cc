// Literal arguments of sketches.
#include "expr/aggregates/sketch_arguments.h"

namespace penstock {

std::optional<double> AsNumber(const Value& literal, const DataType& type) {
  if (literal.is_null() || !type.is_numeric()) return std::nullopt;
  if (type.is_approximate()) return literal.as_double();
  if (type.is_integer()) return static_cast<double>(literal.as_int());
  auto number = static_cast<double>(literal.as_int128());
  for (int i = 0; i < type.scale(); ++i) number /= 10;
  return number;
}

Status CannotRetract(const std::string& function, const std::string& hint) {
  return SqlError(ErrorNumber::kUnsupported, {},
                  function + " cannot take rows back, and its input has retractions.", hint);
}

}  // namespace penstock
