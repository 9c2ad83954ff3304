// What the files of the cast module share: the loop over rows, and the kernels by source of the value. A
// conversion of one value is a function from a row of a column to std::optional of the target: nullopt means
// "cannot be converted", an error under CAST and NULL under TRY_CAST; DECIMAL overflow is NULL under both.
#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "data/column_builder.h"
#include "expr/cast/cast.h"
#include "expr/row_kernel.h"

namespace penstock {

Status CannotCast(const DataType& from, const DataType& to, const Value& value);

// A kernel from `convert(const Column&, row) -> optional<R>`.
template <typename F>
Kernel CastKernel(const DataType& from, const DataType& to, bool nulls_on_error, F convert) {
  return [from, to, nulls_on_error, convert](std::span<const ColumnPtr> args,
                                             int64_t rows) -> Result<ColumnPtr> {
    const Column& column = *args[0];
    ColumnBuilder out(to);
    for (int64_t row = 0; row < rows; ++row) {
      if (column.IsNull(row)) {
        out.AppendNull();
        continue;
      }
      auto converted = convert(column, row);
      if (!converted && !nulls_on_error) return CannotCast(from, to, column.ValueAt(row));
      WriteResult(out, converted);
    }
    return out.Finish();
  };
}

// Like CastKernel, but nullopt is NULL even under CAST (DECIMAL overflow).
template <typename F>
Kernel NullingCast(const DataType& from, const DataType& to, F convert) {
  return CastKernel(from, to, true, std::move(convert));
}

// Java's narrowing of floating point: NaN is 0, the rest saturates at int or long, then narrows by wrapping.
template <typename To>
To NarrowDouble(double value) {
  if (std::isnan(value)) return 0;
  if constexpr (sizeof(To) < 8) {
    if (value >= 2147483647.0) return static_cast<To>(std::numeric_limits<int32_t>::max());
    if (value <= -2147483648.0) return static_cast<To>(std::numeric_limits<int32_t>::min());
    return static_cast<To>(static_cast<int32_t>(value));
  }
  if (value >= 9223372036854775807.0) return static_cast<To>(std::numeric_limits<int64_t>::max());
  if (value <= -9223372036854775808.0) return static_cast<To>(std::numeric_limits<int64_t>::min());
  return static_cast<To>(value);
}

// Calls `f` with a zero of the C++ type behind a numeric type other than DECIMAL.
template <typename F>
auto DispatchNumber(Physical physical, F f) {
  switch (physical) {
    case Physical::kInt8: return f(int8_t{});
    case Physical::kInt16: return f(int16_t{});
    case Physical::kInt32: return f(int32_t{});
    case Physical::kFloat: return f(float{});
    case Physical::kDouble: return f(double{});
    default: return f(int64_t{});
  }
}

// cast_number.cc: among numbers, BOOLEAN and intervals. Null where there is no such cast.
Kernel CastNumber(const DataType& from, const DataType& to);
// cast_parse.cc: from text to anything but text and bytes.
Kernel CastFromText(const DataType& from, const DataType& to, const EvalContext& context, bool nulls);
// cast_text.cc: to CHAR and VARCHAR, between text and bytes, of BITMAP to bytes.
Kernel CastToText(const DataType& from, const DataType& to, const EvalContext& context, bool nulls);
Kernel CastToBinary(const DataType& from, const DataType& to, const EvalContext& context);
// cast_time.cc: among dates, times and timestamps.
Kernel CastTime(const DataType& from, const DataType& to, const EvalContext& context);
// json/cast_variant.cc: from VARIANT to a scalar type.
Kernel CastFromVariant(const DataType& from, const DataType& to, const EvalContext& context, bool nulls);

// Parts that are needed on their own.
std::optional<bool> ParseBoolean(std::string_view text);
std::string FitText(std::string text, const DataType& to);
int64_t TruncateTime(int64_t millis, int precision);

}  // namespace penstock
