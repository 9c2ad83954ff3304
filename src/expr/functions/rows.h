// What several functions need of ROW columns: building them and reading one field.
#pragma once

#include <span>

#include "base/status.h"
#include "data/column.h"

namespace penstock {

// The type of an access to a field: nullable if the row or the field is.
DataType FieldType(const DataType& row, size_t index);
// The values of a field, NULL where the row is. `type` is FieldType's.
Result<ColumnPtr> FieldColumn(const ColumnPtr& row, size_t index, const DataType& type, int64_t rows);
// Rows that are never NULL, made of one column per field.
ColumnPtr MakeRows(std::span<const ColumnPtr> fields, int64_t rows);

}  // namespace penstock
