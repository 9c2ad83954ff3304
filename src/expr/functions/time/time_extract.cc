// Fields of dates, times and intervals: EXTRACT(unit FROM x) and the functions named after a unit (YEAR,
// HOUR, DAYOFWEEK, ...). Days of the week count from Sunday = 1 (ISODOW: Monday = 1); weeks are ISO-8601
// weeks.
#include "expr/functions/register.h"
#include "expr/functions/time/time_value.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

struct IsoWeek {
  int64_t year = 0;
  int64_t week = 0;
};

// The week belongs to the year of its Thursday.
IsoWeek IsoWeekOf(int64_t days) {
  int64_t thursday = days - FloorMod(days + 3, int64_t{7}) + 3;
  int64_t year = CivilFromDays(thursday).year;
  return {year, (thursday - DaysFromCivil({year, 1, 1})) / 7 + 1};
}

// Centuries and millennia begin with a year 1; there is no century 0.
int64_t CountFromOne(int64_t year, int64_t length) {
  return year > 0 ? (year + length - 1) / length : (year - length + 1) / length;
}

int64_t DateField(TimeUnit unit, int64_t days) {
  CivilDate date = CivilFromDays(days);
  switch (unit) {
    case TimeUnit::kMillennium: return CountFromOne(date.year, 1000);
    case TimeUnit::kCentury: return CountFromOne(date.year, 100);
    case TimeUnit::kDecade: return FloorDiv(date.year, int64_t{10});
    case TimeUnit::kIsoYear: return IsoWeekOf(days).year;
    case TimeUnit::kYear: return date.year;
    case TimeUnit::kQuarter: return (date.month + 2) / 3;
    case TimeUnit::kMonth: return date.month;
    case TimeUnit::kWeek: return IsoWeekOf(days).week;
    case TimeUnit::kDay: return date.day;
    case TimeUnit::kDayOfYear: return days - DaysFromCivil({date.year, 1, 1}) + 1;
    case TimeUnit::kDayOfWeek: return FloorMod(days + 4, int64_t{7}) + 1;
    default: return FloorMod(days + 3, int64_t{7}) + 1;
  }
}

int64_t ClockField(TimeUnit unit, int64_t nanos_of_day) {
  switch (unit) {
    case TimeUnit::kHour: return nanos_of_day / kNanosPerSecond / 3600;
    case TimeUnit::kMinute: return nanos_of_day / kNanosPerSecond / 60 % 60;
    case TimeUnit::kSecond: return nanos_of_day / kNanosPerSecond % 60;
    default: return nanos_of_day % kNanosPerSecond / UnitNanos(unit);
  }
}

int64_t FieldOf(TimeUnit unit, int128_t local_nanos) {
  if (unit == TimeUnit::kEpoch) return static_cast<int64_t>(FloorDiv(local_nanos, int128_t(kNanosPerSecond)));
  if (unit < TimeUnit::kHour) {
    return DateField(unit, static_cast<int64_t>(FloorDiv(local_nanos, int128_t(kNanosPerDay))));
  }
  return ClockField(unit, static_cast<int64_t>(FloorMod(local_nanos, int128_t(kNanosPerDay))));
}

// Fields of an interval keep its sign.
int64_t IntervalField(TimeUnit unit, const DataType& type, int64_t value) {
  if (type.is(TypeKind::kIntervalYearMonth)) {
    switch (unit) {
      case TimeUnit::kMillennium: return value / 12000;
      case TimeUnit::kCentury: return value / 1200;
      case TimeUnit::kDecade: return value / 120;
      case TimeUnit::kYear: return value / 12;
      case TimeUnit::kQuarter: return value % 12 / 3 + 1;
      default: return value % 12;
    }
  }
  switch (unit) {
    case TimeUnit::kWeek: return value / kMillisPerDay / 7;
    case TimeUnit::kDay: return value / kMillisPerDay;
    case TimeUnit::kHour: return value / 3'600'000 % 24;
    case TimeUnit::kMinute: return value / 60'000 % 60;
    case TimeUnit::kSecond: return value / 1000 % 60;
    case TimeUnit::kMillisecond: return value % 1000;
    case TimeUnit::kMicrosecond: return value % 1000 * 1000;
    case TimeUnit::kNanosecond: return value % 1000 * 1'000'000;
    default: return value / 1000;
  }
}

Kernel MakeExtract(TimeUnit unit, const DataType& type, const TimeZone* zone) {
  return [unit, type, zone](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    const Column& column = *args.back();
    ColumnBuilder out(DataType::BigInt());
    for (int64_t row = 0; row < rows; ++row) {
      if (column.IsNull(row)) {
        out.AppendNull();
      } else if (type.is_interval()) {
        int64_t value =
            type.is(TypeKind::kIntervalYearMonth) ? column.At<int32_t>(row) : column.At<int64_t>(row);
        out.Append(IntervalField(unit, type, value));
      } else if (unit == TimeUnit::kEpoch && type.is(TypeKind::kTimestampLtz)) {
        out.Append(FieldOf(unit, LocalNanosAt(column, row, type, TimeZone::Utc())));
      } else {
        out.Append(FieldOf(unit, LocalNanosAt(column, row, type, *zone)));
      }
    }
    return out.Finish();
  };
}

// TIME has no date; years and months have no days.
bool HasField(TimeUnit unit, const DataType& type) {
  if (type.is(TypeKind::kTime)) return unit >= TimeUnit::kHour;
  if (type.is(TypeKind::kIntervalYearMonth)) return UnitMonths(unit) != 0;
  if (type.is(TypeKind::kIntervalDayTime)) return UnitNanos(unit) != 0 || unit == TimeUnit::kEpoch;
  return type.is_datetime();
}

Result<Signature> ResolveField(TimeUnit unit, std::string_view name, std::span<const ArgInfo> args) {
  DataType type = args.back().type;
  if (type.is(TypeKind::kNull)) type = DataType::Timestamp(3);
  if (!HasField(unit, type)) return BadArguments(name, "<date, time, timestamp or interval with that field>");
  Signature signature;
  for (const ArgInfo& arg : args.first(args.size() - 1)) signature.args.push_back(arg.type);
  signature.args.push_back(type);
  signature.result = WithNullability(DataType::BigInt(), args.last(1), Nullability::kIfAnyArgument);
  return signature;
}

Result<Signature> ResolveExtract(std::span<const ArgInfo> args) {
  std::optional<TimeUnit> unit = args.size() == 2 ? UnitArgument(args[0]) : std::nullopt;
  if (!unit) return BadArguments("EXTRACT", "<unit> FROM <date, time, timestamp or interval>");
  return ResolveField(*unit, "EXTRACT", args);
}

void AddField(FunctionRegistry* registry, const char* name, TimeUnit unit) {
  registry->Add(
      name,
      [name, unit](std::span<const ArgInfo> args) -> Result<Signature> {
        if (args.size() != 1) return BadArguments(name, "<date, time or timestamp>");
        return ResolveField(unit, name, args);
      },
      [unit](const CallSite& site) { return MakeExtract(unit, site.args[0], site.context->zone); });
}

}  // namespace

void RegisterTimeExtract(FunctionRegistry* registry) {
  registry->Add("EXTRACT", ResolveExtract, [](const CallSite& site) {
    TimeUnit unit = FindTimeUnit(site.constants[0].as_string()).value_or(TimeUnit::kDay);
    return MakeExtract(unit, site.args[1], site.context->zone);
  });
  AddField(registry, "YEAR", TimeUnit::kYear);
  AddField(registry, "QUARTER", TimeUnit::kQuarter);
  AddField(registry, "MONTH", TimeUnit::kMonth);
  AddField(registry, "WEEK", TimeUnit::kWeek);
  AddField(registry, "DAYOFYEAR", TimeUnit::kDayOfYear);
  AddField(registry, "DAYOFMONTH", TimeUnit::kDay);
  AddField(registry, "DAYOFWEEK", TimeUnit::kDayOfWeek);
  AddField(registry, "HOUR", TimeUnit::kHour);
  AddField(registry, "MINUTE", TimeUnit::kMinute);
  AddField(registry, "SECOND", TimeUnit::kSecond);
}

}  // namespace penstock
