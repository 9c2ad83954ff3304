// SQL values as JSON text, as JSON_STRING, JSON_OBJECT and the JSON aggregates write them.
#pragma once

#include <string>

#include "data/column.h"
#include "data/data_type.h"

namespace penstock {

// Whether values of the type have a JSON form: no dates, times and intervals, and maps by text only.
bool HasJsonForm(const DataType& type);

// Appends row `row` of a column of the type; "null" for NULL. Members of rows and maps are in the order of
// their names. REQUIRES: HasJsonForm(type).
void AppendValueJson(const Column& column, int64_t row, const DataType& type, std::string* out);

}  // namespace penstock
