// TIMESTAMPADD and TIMESTAMPDIFF. Both take a unit, in the short form (DAY) or ODBC's (SQL_TSI_DAY).
#include <algorithm>

#include "expr/functions/register.h"
#include "expr/functions/time/time_value.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

bool Counts(TimeUnit unit) { return UnitNanos(unit) != 0 || UnitMonths(unit) != 0; }

// Fraction digits that adding such a unit can touch.
int DigitsOf(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kMillisecond: return 3;
    case TimeUnit::kMicrosecond: return 6;
    case TimeUnit::kNanosecond: return 9;
    default: return 0;
  }
}

// A DATE stays one under units of days; smaller units make it a TIMESTAMP.
DataType ShiftedType(TimeUnit unit, const DataType& type) {
  bool of_day = unit >= TimeUnit::kHour;
  int digits = DigitsOf(unit);
  switch (type.kind()) {
    case TypeKind::kDate: return of_day ? DataType::Timestamp(std::max(digits, 6)) : type;
    case TypeKind::kTime: return DataType::Time(std::max(type.precision(), std::min(digits, 3)));
    case TypeKind::kTimestampLtz: return DataType::TimestampLtz(std::max(type.precision(), digits));
    default: return DataType::Timestamp(std::max(type.precision(), digits));
  }
}

Result<Signature> ResolveAdd(std::span<const ArgInfo> args) {
  std::optional<TimeUnit> unit = args.size() == 3 ? UnitArgument(args[0]) : std::nullopt;
  bool count = args.size() == 3 && Matches(Family::kInteger, args[1].type);
  DataType type = args.size() == 3 ? args[2].type : DataType::Null();
  if (type.is(TypeKind::kNull)) type = DataType::Timestamp(6);
  if (!unit || !Counts(*unit) || !count || !type.is_datetime()) {
    return BadArguments("TIMESTAMPADD", "<unit>, <integer>, <date, time or timestamp>");
  }
  DataType result = WithNullability(ShiftedType(*unit, type), args.last(2), Nullability::kIfAnyArgument);
  DataType operand =
      type.is(TypeKind::kDate) && result.is_timestamp() ? result.WithNullable(type.nullable()) : type;
  return Signature{{args[0].type, DataType::BigInt().WithNullable(args[1].type.nullable()), operand}, result};
}

Kernel BindAdd(const CallSite& site) {
  TimeUnit unit = FindTimeUnit(site.constants[0].as_string()).value_or(TimeUnit::kDay);
  DataType from = site.args[2], to = site.result;
  const TimeZone* zone = site.context->zone;
  return [unit, from, to, zone](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    ColumnBuilder out(to);
    int64_t months = UnitMonths(unit);
    for (int64_t row = 0; row < rows; ++row) {
      if (args[1]->IsNull(row) || args[2]->IsNull(row)) {
        out.AppendNull();
        continue;
      }
      int64_t count = args[1]->At<int64_t>(row);
      // A fixed length is added to the instant, months to the local date.
      bool instant = from.is(TypeKind::kTimestampLtz) && months == 0;
      const TimeZone& reckoning = instant ? TimeZone::Utc() : *zone;
      int128_t nanos = LocalNanosAt(*args[2], row, from, reckoning);
      nanos =
          months != 0 ? AddMonthsToNanos(nanos, count * months) : nanos + int128_t(count) * UnitNanos(unit);
      out.AppendValue(FromLocalNanos(nanos, to, reckoning));
    }
    return out.Finish();
  };
}

Result<Signature> ResolveDifference(std::span<const ArgInfo> args) {
  std::optional<TimeUnit> unit = args.size() == 3 ? UnitArgument(args[0]) : std::nullopt;
  bool times = args.size() == 3 && Matches(Family::kDatetime, args[1].type) &&
               Matches(Family::kDatetime, args[2].type);
  if (!unit || !Counts(*unit) || !times) {
    return BadArguments("TIMESTAMPDIFF", "<unit>, <date, time or timestamp>, <date, time or timestamp>");
  }
  Signature signature{{args[0].type}, {}};
  for (const ArgInfo& arg : args.last(2)) signature.args.push_back(CoerceTo(Family::kDatetime, arg.type));
  signature.result = WithNullability(DataType::Int(), args.last(2), Nullability::kIfAnyArgument);
  return signature;
}

Kernel BindDifference(const CallSite& site) {
  TimeUnit unit = FindTimeUnit(site.constants[0].as_string()).value_or(TimeUnit::kDay);
  DataType first = site.args[1], second = site.args[2];
  int64_t months = UnitMonths(unit);
  bool instants = first.is(TypeKind::kTimestampLtz) && second.is(TypeKind::kTimestampLtz) && months == 0;
  const TimeZone* zone = instants ? &TimeZone::Utc() : site.context->zone;
  return [=](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    ColumnBuilder out(DataType::Int());
    for (int64_t row = 0; row < rows; ++row) {
      if (args[1]->IsNull(row) || args[2]->IsNull(row)) {
        out.AppendNull();
        continue;
      }
      int128_t from = LocalNanosAt(*args[1], row, first, *zone);
      int128_t to = LocalNanosAt(*args[2], row, second, *zone);
      int128_t units =
          months != 0 ? int128_t(MonthsBetween(from, to) / months) : (to - from) / UnitNanos(unit);
      out.Append(static_cast<int32_t>(static_cast<int64_t>(units)));
    }
    return out.Finish();
  };
}

// (a - b) unit: the arguments are a, b and the unit; the result counts months or milliseconds.
Result<Signature> ResolveMinus(std::span<const ArgInfo> args) {
  std::optional<TimeUnit> unit = args.size() == 3 ? UnitArgument(args[2]) : std::nullopt;
  bool times = args.size() == 3 && Matches(Family::kDatetime, args[0].type) &&
               Matches(Family::kDatetime, args[1].type);
  if (!unit || !Counts(*unit) || !times) {
    return BadArguments("-", "<date, time or timestamp>, <date, time or timestamp>");
  }
  DataType result = UnitMonths(*unit) != 0 ? DataType::IntervalYearMonth() : DataType::IntervalDayTime();
  return Signature{
      {CoerceTo(Family::kDatetime, args[0].type), CoerceTo(Family::kDatetime, args[1].type), args[2].type},
      WithNullability(result, args.first(2), Nullability::kIfAnyArgument)};
}

Kernel BindMinus(const CallSite& site) {
  DataType first = site.args[0], second = site.args[1], result = site.result;
  bool months = result.is(TypeKind::kIntervalYearMonth);
  bool instants = first.is(TypeKind::kTimestampLtz) && second.is(TypeKind::kTimestampLtz) && !months;
  const TimeZone* zone = instants ? &TimeZone::Utc() : site.context->zone;
  return [=](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    ColumnBuilder out(result);
    for (int64_t row = 0; row < rows; ++row) {
      if (args[0]->IsNull(row) || args[1]->IsNull(row)) {
        out.AppendNull();
        continue;
      }
      int128_t to = LocalNanosAt(*args[0], row, first, *zone);
      int128_t from = LocalNanosAt(*args[1], row, second, *zone);
      int64_t length = months ? MonthsBetween(from, to) : static_cast<int64_t>((to - from) / 1'000'000);
      out.AppendValue(Value::Int(length));
    }
    return out.Finish();
  };
}

}  // namespace

void RegisterTimeArithmetic(FunctionRegistry* registry) {
  registry->Add("TIMESTAMPADD", ResolveAdd, BindAdd);
  registry->Add("TIMESTAMPDIFF", ResolveDifference, BindDifference);
  registry->Add("MINUS TIME", ResolveMinus, BindMinus);
}

}  // namespace penstock
