// Text of rows as Flink's `print` sink writes them, which is Java's toString: "+I[1, a, 2020-10-10T00:00,
// null]".
#pragma once

#include <string>

#include "data/batch.h"
#include "data/data_type.h"

namespace penstock {

// Row `row` of the batch, its kind first.
std::string JavaRowText(const Batch& batch, int64_t row, const std::vector<DataType>& types);
// One value; "null" for NULL.
std::string JavaText(const Value& value, const DataType& type);

}  // namespace penstock
