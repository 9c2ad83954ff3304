// FLOOR(x TO unit) and CEIL(x TO unit) of dates, times and timestamps. Weeks begin on Sunday. As in Flink,
// units of months and longer look at the date only: a CEIL at a later hour of a unit's first day stays on
// that day, and decades, centuries and millennia always go on to the next.
#include "expr/functions/register.h"
#include "expr/functions/time/time_value.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

int64_t FloorDays(TimeUnit unit, int64_t days) {
  CivilDate date = CivilFromDays(days);
  switch (unit) {
    case TimeUnit::kMillennium: return DaysFromCivil({(date.year + 999) / 1000 * 1000 - 999, 1, 1});
    case TimeUnit::kCentury: return DaysFromCivil({(date.year + 99) / 100 * 100 - 99, 1, 1});
    case TimeUnit::kDecade: return DaysFromCivil({date.year / 10 * 10, 1, 1});
    case TimeUnit::kYear: return DaysFromCivil({date.year, 1, 1});
    case TimeUnit::kQuarter: return DaysFromCivil({date.year, (date.month - 1) / 3 * 3 + 1, 1});
    case TimeUnit::kMonth: return DaysFromCivil({date.year, date.month, 1});
    case TimeUnit::kWeek: return days - FloorMod(days + 4, int64_t{7});
    default: return days;
  }
}

int64_t CeilDays(TimeUnit unit, int64_t days) {
  int64_t floor = FloorDays(unit, days);
  if (unit == TimeUnit::kWeek) return floor == days ? days : floor + 7;
  if (unit == TimeUnit::kQuarter) {
    CivilDate date = CivilFromDays(days);
    return date.month == 1 && date.day == 1 ? days : AddMonths(floor, 3);
  }
  bool always = unit == TimeUnit::kDecade || unit == TimeUnit::kCentury || unit == TimeUnit::kMillennium;
  return floor == days && !always ? days : AddMonths(floor, UnitMonths(unit));
}

int128_t Round(TimeUnit unit, bool up, int128_t nanos) {
  if (unit < TimeUnit::kDay) {
    auto days = static_cast<int64_t>(FloorDiv(nanos, int128_t(kNanosPerDay)));
    return int128_t(up ? CeilDays(unit, days) : FloorDays(unit, days)) * kNanosPerDay;
  }
  int128_t length = UnitNanos(unit);
  int128_t floor = FloorDiv(nanos, length) * length;
  return up && floor != nanos ? floor + length : floor;
}

Kernel MakeRound(const CallSite& site, bool up) {
  TimeUnit unit = FindTimeUnit(site.constants[1].as_string()).value_or(TimeUnit::kDay);
  DataType type = site.args[0];
  const TimeZone* zone = site.context->zone;
  return [unit, up, type, zone](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    const Column& column = *args[0];
    ColumnBuilder out(type);
    for (int64_t row = 0; row < rows; ++row) {
      if (column.IsNull(row)) {
        out.AppendNull();
        continue;
      }
      int128_t rounded = Round(unit, up, LocalNanosAt(column, row, type, *zone));
      out.AppendValue(FromLocalNanos(rounded, type, *zone));
    }
    return out.Finish();
  };
}

Result<Signature> ResolveRound(const char* name, std::span<const ArgInfo> args) {
  std::optional<TimeUnit> unit = args.size() == 2 ? UnitArgument(args[1]) : std::nullopt;
  bool known = unit && (UnitNanos(*unit) != 0 || UnitMonths(*unit) != 0);
  DataType type = args.empty() ? DataType::Null() : args[0].type;
  if (type.is(TypeKind::kNull)) type = DataType::Timestamp(3);
  bool fits = type.is_datetime() && known && !(type.is(TypeKind::kTime) && *unit < TimeUnit::kHour);
  if (!fits) return BadArguments(name, "<date, time or timestamp> TO <unit>");
  DataType result = WithNullability(type.WithTimeAttribute(TimeAttribute::kNone), args.first(1),
                                    Nullability::kIfAnyArgument);
  return Signature{{type, args[1].type}, result};
}

}  // namespace

void RegisterTimeRound(FunctionRegistry* registry) {
  registry->Add(
      "FLOOR TO", [](std::span<const ArgInfo> args) { return ResolveRound("FLOOR", args); },
      [](const CallSite& site) { return MakeRound(site, false); });
  registry->Add(
      "CEIL TO", [](std::span<const ArgInfo> args) { return ResolveRound("CEIL", args); },
      [](const CallSite& site) { return MakeRound(site, true); });
}

}  // namespace penstock
