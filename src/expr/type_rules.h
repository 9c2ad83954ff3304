// Rules of types: what two types have in common, what may be cast to what, and the result types of DECIMAL
// arithmetic. Source: Flink's LogicalTypeMerging, LogicalTypeCasts and FlinkTypeSystem as described in the
// dialect page of the Flink documentation.
#pragma once

#include <optional>
#include <span>

#include "data/data_type.h"

namespace penstock {

// The type that can hold the values of all given types (CASE, COALESCE, UNION, VALUES, arrays); nullopt when
// none.
std::optional<DataType> CommonType(std::span<const DataType> types);

// Numeric types only.
DataType DecimalForInteger(const DataType& type);
DataType AdditionType(const DataType& a, const DataType& b);
DataType MultiplicationType(const DataType& a, const DataType& b);
DataType DivisionType(const DataType& a, const DataType& b);
DataType ModuloType(const DataType& a, const DataType& b);
DataType SumType(const DataType& type);
DataType AverageType(const DataType& type);

// A value of `from` becomes `to` without the user asking (INSERT, arguments).
bool CanCastImplicitly(const DataType& from, const DataType& to);
// CAST(from AS to) is valid SQL.
bool CanCastExplicitly(const DataType& from, const DataType& to);

// The precision of a DECIMAL clipped to 38, keeping at least six fraction digits.
DataType ClipDecimal(int precision, int scale);

}  // namespace penstock
