// Dates, times and time zones: the calendar arithmetic and the text forms of SQL's date and time types. Local
// date times are nanoseconds since 1970-01-01T00:00 of a zoneless wall clock in 128 bits; columns hold
// microseconds where the precision allows (data_type.h). The calendar is the proleptic Gregorian one
// (ISO-8601), as java.time's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/int128.h"
#include "base/status.h"
#include "data/data_type.h"

namespace penstock {

inline constexpr int64_t kMillisPerDay = 86'400'000;
inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
inline constexpr int64_t kNanosPerSecond = 1'000'000'000;
inline constexpr int64_t kNanosPerDay = 86'400 * kNanosPerSecond;

struct CivilDate {
  int64_t year = 1970;
  int month = 1;  // 1..12
  int day = 1;    // 1..31
};

// Days since 1970-01-01. Source: Howard Hinnant, "chrono-compatible low-level date algorithms".
int64_t DaysFromCivil(CivilDate date);
CivilDate CivilFromDays(int64_t days);
bool IsLeapYear(int64_t year);
int DaysInMonth(int64_t year, int month);
// Adds months and clamps the day to the end of the month.
int64_t AddMonths(int64_t days, int64_t months);

// Floor division and remainder with the divisor's sign; b > 0.
inline int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
inline int64_t FloorMod(int64_t a, int64_t b) { return a % b + (a % b < 0 ? b : 0); }
inline int128_t FloorDiv(int128_t a, int128_t b) { return a / b - (a % b < 0 ? 1 : 0); }
inline int128_t FloorMod(int128_t a, int128_t b) { return a % b + (a % b < 0 ? b : 0); }

// A time zone by name: a region ("Europe/Berlin"), "UTC", "GMT+8", "+08:00". Looked up once and kept for the
// life of the process; safe to use from any thread.
class TimeZone {
 public:
  static Result<const TimeZone*> Find(std::string_view name);
  static const TimeZone& Utc();

  const std::string& name() const { return name_; }
  // Seconds to add to UTC to get local time.
  int64_t OffsetAtInstant(int64_t utc_seconds) const;
  // The same for a local time; in a gap the offset before it, in an overlap the earlier instant (as
  // java.time).
  int64_t OffsetAtLocal(int64_t local_seconds) const;

  int64_t ToLocalMicros(int64_t utc_micros) const;
  int64_t ToUtcMicros(int64_t local_micros) const;
  int128_t ToLocalNanos(int128_t utc_nanos) const;
  int128_t ToUtcNanos(int128_t local_nanos) const;

 private:
  std::string name_;
  const void* region_ = nullptr;  // date::time_zone, null for a fixed offset
  int64_t fixed_offset_ = 0;
};

// "2021-09-24"; years outside 0000..9999 with a sign, as java.time.
std::string FormatDate(int64_t days);
// "12:34:56" plus `digits` fraction digits.
std::string FormatTime(int64_t millis_of_day, int digits);
// "2021-09-24 12:34:56.100" with exactly `digits` fraction digits (truncated).
std::string FormatTimestamp(int128_t nanos, int digits, char separator = ' ');
// The same with as few fraction digits as needed.
std::string FormatTimestampShort(int128_t nanos, char separator = ' ');

// Lenient like Flink's cast: "2021-9-4", "2021", " 2021-09 " with one-digit parts; nullopt when unparsable.
std::optional<int64_t> ParseDate(std::string_view text);
// "12", "12:3", "12:34:56.789" to milliseconds of the day.
std::optional<int64_t> ParseTime(std::string_view text);
// A date, optionally followed by ' ' or 'T' and a time with up to 9 fraction digits; nanoseconds.
std::optional<int128_t> ParseTimestamp(std::string_view text);

// Converts between the stored form of TIMESTAMP(p) and nanoseconds.
inline int128_t TimestampToNanos(int128_t stored, int precision) {
  return precision <= 6 ? stored * 1000 : stored;
}
// Truncates to the precision (towards the past), and to the stored unit.
int128_t NanosToTimestamp(int128_t nanos, int precision);

// "+1-02" and "+1 12:00:00.000": the text of intervals.
std::string FormatYearMonthInterval(int64_t months);
std::string FormatDayTimeInterval(int64_t millis);

}  // namespace penstock
