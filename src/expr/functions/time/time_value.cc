// Units and conversions shared by the functions of dates and times.
#include "expr/functions/time/time_value.h"

#include <map>

namespace penstock {

std::optional<TimeUnit> FindTimeUnit(std::string_view name) {
  static const std::map<std::string_view, TimeUnit> kUnits = {{"MILLENNIUM", TimeUnit::kMillennium},
                                                              {"CENTURY", TimeUnit::kCentury},
                                                              {"DECADE", TimeUnit::kDecade},
                                                              {"ISOYEAR", TimeUnit::kIsoYear},
                                                              {"YEAR", TimeUnit::kYear},
                                                              {"QUARTER", TimeUnit::kQuarter},
                                                              {"MONTH", TimeUnit::kMonth},
                                                              {"WEEK", TimeUnit::kWeek},
                                                              {"DAY", TimeUnit::kDay},
                                                              {"DOY", TimeUnit::kDayOfYear},
                                                              {"DOW", TimeUnit::kDayOfWeek},
                                                              {"ISODOW", TimeUnit::kIsoDayOfWeek},
                                                              {"HOUR", TimeUnit::kHour},
                                                              {"MINUTE", TimeUnit::kMinute},
                                                              {"SECOND", TimeUnit::kSecond},
                                                              {"MILLISECOND", TimeUnit::kMillisecond},
                                                              {"MICROSECOND", TimeUnit::kMicrosecond},
                                                              {"FRAC_SECOND", TimeUnit::kMicrosecond},
                                                              {"NANOSECOND", TimeUnit::kNanosecond},
                                                              {"EPOCH", TimeUnit::kEpoch}};
  if (name.starts_with("SQL_TSI_")) name.remove_prefix(8);
  auto it = kUnits.find(name);
  if (it == kUnits.end() && name.size() > 1 && name.back() == 'S')
    it = kUnits.find(name.substr(0, name.size() - 1));
  return it == kUnits.end() ? std::nullopt : std::optional(it->second);
}

std::optional<TimeUnit> UnitArgument(const ArgInfo& arg) {
  if (!arg.type.is(TypeKind::kSymbol) || arg.literal == nullptr || arg.literal->is_null())
    return std::nullopt;
  return FindTimeUnit(arg.literal->as_string());
}

int64_t UnitNanos(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kWeek: return 7 * kNanosPerDay;
    case TimeUnit::kDay: return kNanosPerDay;
    case TimeUnit::kHour: return 3600 * kNanosPerSecond;
    case TimeUnit::kMinute: return 60 * kNanosPerSecond;
    case TimeUnit::kSecond: return kNanosPerSecond;
    case TimeUnit::kMillisecond: return 1'000'000;
    case TimeUnit::kMicrosecond: return 1000;
    case TimeUnit::kNanosecond: return 1;
    default: return 0;
  }
}

int64_t UnitMonths(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kMonth: return 1;
    case TimeUnit::kQuarter: return 3;
    case TimeUnit::kYear: return 12;
    case TimeUnit::kDecade: return 120;
    case TimeUnit::kCentury: return 1200;
    case TimeUnit::kMillennium: return 12000;
    default: return 0;
  }
}

int128_t LocalNanosAt(const Column& column, int64_t row, const DataType& type, const TimeZone& zone) {
  switch (type.kind()) {
    case TypeKind::kDate: return int128_t(column.At<int32_t>(row)) * kNanosPerDay;
    case TypeKind::kTime: return int128_t(column.At<int32_t>(row)) * 1'000'000;
    default: break;
  }
  int128_t stored = type.precision() <= 6 ? int128_t(column.At<int64_t>(row)) : column.At<int128_t>(row);
  int128_t nanos = TimestampToNanos(stored, type.precision());
  return type.is(TypeKind::kTimestampLtz) ? zone.ToLocalNanos(nanos) : nanos;
}

Value TimestampFromNanos(int128_t nanos, const DataType& type) {
  int128_t stored = NanosToTimestamp(nanos, type.precision());
  return type.precision() <= 6 ? Value::Int(static_cast<int64_t>(stored)) : Value::Int128(stored);
}

Value FromLocalNanos(int128_t nanos, const DataType& type, const TimeZone& zone) {
  switch (type.kind()) {
    case TypeKind::kDate: return Value::Int(static_cast<int64_t>(FloorDiv(nanos, int128_t(kNanosPerDay))));
    case TypeKind::kTime:
      return Value::Int(static_cast<int64_t>(FloorMod(nanos, int128_t(kNanosPerDay)) / 1'000'000));
    case TypeKind::kTimestampLtz: return TimestampFromNanos(zone.ToUtcNanos(nanos), type);
    default: return TimestampFromNanos(nanos, type);
  }
}

int128_t AddMonthsToNanos(int128_t local_nanos, int64_t months) {
  auto days = static_cast<int64_t>(FloorDiv(local_nanos, int128_t(kNanosPerDay)));
  return int128_t(AddMonths(days, months)) * kNanosPerDay + FloorMod(local_nanos, int128_t(kNanosPerDay));
}

int64_t MonthsBetween(int128_t from, int128_t to) {
  if (to < from) return -MonthsBetween(to, from);
  CivilDate first = CivilFromDays(static_cast<int64_t>(FloorDiv(from, int128_t(kNanosPerDay))));
  CivilDate last = CivilFromDays(static_cast<int64_t>(FloorDiv(to, int128_t(kNanosPerDay))));
  int64_t months = (last.year - first.year) * 12 + last.month - first.month;
  return AddMonthsToNanos(from, months) > to ? months - 1 : months;
}

}  // namespace penstock
