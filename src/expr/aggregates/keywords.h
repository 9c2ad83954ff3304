// Keywords among the arguments of aggregates (IGNORE NULLS, ABSENT ON NULL): symbols that stand behind the
// values.
#pragma once

#include <algorithm>
#include <string_view>

#include "expr/aggregate.h"
#include "expr/signature.h"

namespace penstock {

// How many arguments are values; keywords come after them.
inline size_t CountArguments(std::span<const ArgInfo> args) {
  auto keyword = [](const ArgInfo& arg) { return arg.type.is(TypeKind::kSymbol); };
  return static_cast<size_t>(std::find_if(args.begin(), args.end(), keyword) - args.begin());
}

// The signature of the values' types with the keywords appended as they are.
inline Signature WithKeywords(std::vector<DataType> values, std::span<const ArgInfo> args, DataType result) {
  Signature signature{std::move(values), std::move(result)};
  for (size_t i = signature.args.size(); i < args.size(); ++i) signature.args.push_back(args[i].type);
  return signature;
}

inline bool HasKeyword(const AggregateSite& site, std::string_view word) {
  for (size_t i = 0; i < site.args.size(); ++i) {
    if (site.args[i].is(TypeKind::kSymbol) && !site.constants[i].is_null() &&
        site.constants[i].as_string() == word)
      return true;
  }
  return false;
}

}  // namespace penstock
