// Text of single values as Flink's json and csv formats read and write it: strict ISO dates and times, Java's
// lenient booleans and numbers. Shared by the formats; casts have rules of their own (expr/cast/cast.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "data/column_builder.h"
#include "data/data_type.h"

namespace penstock {

enum class TimestampStandard : uint8_t {
  kSql,      // 2020-12-30 12:13:14.123, with Z for TIMESTAMP_LTZ
  kIso8601,  // 2020-12-30T12:13:14.123, with Z for TIMESTAMP_LTZ; seconds may be missing
};

// "2020-12-30" to days; nullopt when it is not exactly that.
std::optional<int64_t> ParseIsoDate(std::string_view text);
// "12:13:14.123" to nanoseconds of the day; up to 9 fraction digits.
std::optional<int64_t> ParseIsoTime(std::string_view text, bool seconds_optional);
// Date and time with the standard's separator, and a Z at the end exactly if `zoned`; nanoseconds.
std::optional<int128_t> ParseStandardTimestamp(std::string_view text, TimestampStandard standard, bool zoned);
// Any decimal number that java.math.BigDecimal takes.
bool IsDecimalText(std::string_view text);

// Appends the value that a text stands for. False, and nothing is appended, when it stands for none. A
// DECIMAL that does not fit its type becomes NULL. REQUIRES: a scalar type.
bool AppendFromText(std::string_view text, const DataType& type, TimestampStandard standard,
                    ColumnBuilder* to);
// Appends an integer to a builder of any integer width; false when it does not fit.
bool AppendInteger(int64_t value, ColumnBuilder* to);

// Text of row `row` of a date, time or timestamp column.
void AppendTemporal(const Column& column, int64_t row, const DataType& type, TimestampStandard standard,
                    std::string* out);
// Text of a DECIMAL, FLOAT or DOUBLE. `plain`: no exponents (DECIMAL only).
void AppendNumber(const Column& column, int64_t row, const DataType& type, bool plain, std::string* out);
// Integers and intervals.
int64_t IntegerAt(const Column& column, int64_t row);

}  // namespace penstock
