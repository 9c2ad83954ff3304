// Arguments of sketch aggregates that say how good and how big a sketch is: literal numbers.
#pragma once

#include <optional>
#include <string>

#include "expr/aggregate.h"

namespace penstock {

// A literal as a number; nullopt where it is none.
std::optional<double> AsNumber(const Value& literal, const DataType& type);
inline std::optional<double> LiteralNumber(const ArgInfo& arg) {
  return arg.literal == nullptr ? std::nullopt : AsNumber(*arg.literal, arg.type);
}
inline std::optional<double> ConstantNumber(const AggregateSite& site, size_t arg) {
  return arg < site.args.size() ? AsNumber(site.constants[arg], site.args[arg]) : std::nullopt;
}

// Sketches that cannot forget a value refuse input with retractions.
Status CannotRetract(const std::string& function, const std::string& hint);

}  // namespace penstock
