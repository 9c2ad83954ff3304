// Conversion between Columns and Arrow arrays, for all types that Parquet can hold. Validity turns from bytes
// to bits and back, DECIMAL from 128-bit integers, timestamps to and from any unit. Included only in this
// folder.
#pragma once

#include <arrow/api.h>

#include <memory>

#include "base/status.h"
#include "data/column.h"
#include "data/column_builder.h"
#include "data/data_type.h"

namespace penstock {

Status FromArrowStatus(const arrow::Status& status);

// The Arrow type that a column of that type is written as.
std::shared_ptr<arrow::DataType> ToArrowType(const DataType& type);
// Checks that values of `from` can be read as `to`.
Status CheckReadable(const arrow::DataType& from, const DataType& to, const std::string& name);

// Appends rows [begin, begin + count) of a column to an Arrow builder of ToArrowType(type).
Status AppendToArrow(const Column& column, int64_t begin, int64_t count, const DataType& type,
                     arrow::ArrayBuilder* builder);
// Appends one row of an Arrow array. REQUIRES: CheckReadable.
void AppendFromArrow(const arrow::Array& array, int64_t row, const DataType& type, ColumnBuilder* to);

}  // namespace penstock
