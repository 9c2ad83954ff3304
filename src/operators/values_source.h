// ValuesSource: constant rows as a bounded source: VALUES and queries without FROM.
#pragma once

#include "expr/expr.h"
#include "stream/source.h"

namespace penstock {

struct ValuesSourceSpec {
  std::vector<DataType> types;
  std::vector<std::vector<ExprPtr>> rows;  // expressions without inputs
  std::string Serialize() const;
  static Result<ValuesSourceSpec> Parse(std::string_view bytes);
};

Result<std::unique_ptr<Source>> MakeValuesSource(std::string_view spec);

}  // namespace penstock
