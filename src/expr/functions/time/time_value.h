// What the functions of dates and times share: units by name, and values of any date or time type as a wall
// clock in nanoseconds and back.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "data/column.h"
#include "data/datetime.h"
#include "expr/function.h"

namespace penstock {

// From long to short; the order tells which are whole days.
enum class TimeUnit : uint8_t {
  kMillennium,
  kCentury,
  kDecade,
  kIsoYear,
  kYear,
  kQuarter,
  kMonth,
  kWeek,
  kDay,
  kDayOfYear,
  kDayOfWeek,
  kIsoDayOfWeek,
  kHour,
  kMinute,
  kSecond,
  kMillisecond,
  kMicrosecond,
  kNanosecond,
  kEpoch,
};

// "DAY", "DAYS", "SQL_TSI_DAY", "DOW"; upper case.
std::optional<TimeUnit> FindTimeUnit(std::string_view name);
// The unit that a symbol argument names.
std::optional<TimeUnit> UnitArgument(const ArgInfo& arg);
// Nanoseconds of WEEK, DAY and the units below; 0 for the longer ones.
int64_t UnitNanos(TimeUnit unit);
// Months of MONTH, QUARTER, YEAR, DECADE, CENTURY, MILLENNIUM; 0 for the others.
int64_t UnitMonths(TimeUnit unit);

// A DATE, TIME, TIMESTAMP or TIMESTAMP_LTZ as a wall clock; instants are shown in `zone`, TIME on 1970-01-01.
int128_t LocalNanosAt(const Column& column, int64_t row, const DataType& type, const TimeZone& zone);
// The reverse, truncated to the type.
Value FromLocalNanos(int128_t nanos, const DataType& type, const TimeZone& zone);
// TIMESTAMP or TIMESTAMP_LTZ from nanoseconds of its own reckoning (no zone).
Value TimestampFromNanos(int128_t nanos, const DataType& type);

// Adds months to the date of a wall clock, keeping its time of day.
int128_t AddMonthsToNanos(int128_t local_nanos, int64_t months);
// How many whole months lie between two wall clocks, negative when `to` is earlier.
int64_t MonthsBetween(int128_t from, int128_t to);

}  // namespace penstock
