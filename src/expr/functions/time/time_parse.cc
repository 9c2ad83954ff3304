// From texts and numbers to dates and times: TO_DATE, TO_TIME, TO_TIMESTAMP, TO_TIMESTAMP_LTZ,
// UNIX_TIMESTAMP. A text that cannot be read gives NULL (UNIX_TIMESTAMP: the smallest BIGINT); a constant
// pattern or zone that is wrong is refused before the job runs.
#include <algorithm>
#include <cmath>
#include <limits>

#include "data/decimal.h"
#include "expr/functions/register.h"
#include "expr/functions/time/time_value.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"
#include "expr/time/time_pattern.h"
#include "expr/time/time_text.h"

namespace penstock {

namespace {

constexpr std::string_view kDefaultPattern = "yyyy-MM-dd HH:mm:ss";

const Value* LiteralText(const ArgInfo& arg) {
  return arg.type.is_character() && arg.literal != nullptr && !arg.literal->is_null() ? arg.literal : nullptr;
}

// A constant pattern must be one; its fraction digits go to `digits`.
Status CheckPattern(const ArgInfo& arg, PatternStyle style, int* digits = nullptr) {
  const Value* literal = LiteralText(arg);
  if (literal == nullptr) return Status::Ok();
  ASSIGN_OR_RETURN(TimePattern pattern, TimePattern::Compile(literal->as_string(), style));
  if (digits != nullptr) *digits = pattern.fraction_digits();
  return Status::Ok();
}

Status CheckZone(const ArgInfo& arg) {
  const Value* literal = LiteralText(arg);
  if (literal == nullptr) return Status::Ok();
  Result<const TimeZone*> zone = TimeZone::Find(literal->as_string());
  if (zone) return Status::Ok();
  return SqlError(ErrorNumber::kBadArguments, {},
                  "Invalid timezone for parsing TIMESTAMP_LTZ: " + literal->as_string());
}

// Texts in every place, `most` at most; patterns are checked as `style`.
Function::Resolve TextResolver(const char* name, size_t least, size_t most, DataType result,
                               PatternStyle style) {
  return [=](std::span<const ArgInfo> args) -> Result<Signature> {
    bool fits = args.size() >= least && args.size() <= most;
    for (const ArgInfo& arg : args) fits = fits && Matches(Family::kCharacter, arg.type);
    if (!fits)
      return BadArguments(name, most == 1 ? "<character string>" : "<character string> [, <pattern>]");
    if (args.size() > 1) RETURN_IF_ERROR(CheckPattern(args[1], style));
    Signature signature;
    for (const ArgInfo& arg : args) signature.args.push_back(CoerceTo(Family::kCharacter, arg.type));
    signature.result = result;
    return signature;
  };
}

// With a DateTimeFormatter first, then as java.sql.Timestamp reads.
std::optional<int128_t> ReadWithPattern(PatternCache& cache, std::string_view text,
                                        std::string_view pattern) {
  const TimePattern* compiled = cache.Get(pattern);
  if (compiled == nullptr) return std::nullopt;
  if (std::optional<ParsedTime> parsed = compiled->Parse(text)) return parsed->local_nanos;
  return ReadTimestampLoosely(text);
}

Kernel BindToTimestamp(const CallSite& site) {
  DataType type = site.result;
  auto write = [type](std::optional<int128_t> nanos) {
    return nanos ? TimestampFromNanos(*nanos, type) : Value::Null();
  };
  if (site.args.size() == 1) {
    return RowKernel<Value(std::string_view)>::Make(
        type, [write](std::string_view text) { return write(ReadTimestamp(text)); });
  }
  auto cache = std::make_shared<PatternCache>(PatternStyle::kFormatter);
  return RowKernel<Value(std::string_view, std::string_view)>::Make(
      type, [write, cache](std::string_view text, std::string_view pattern) {
        return write(ReadWithPattern(*cache, text, pattern));
      });
}

Kernel BindToDate(const CallSite& site) {
  if (site.args.size() == 1) {
    return RowKernel<std::optional<int32_t>(std::string_view)>::Make(
        site.result, [](std::string_view text) -> std::optional<int32_t> {
          std::optional<int64_t> days = ReadDate(text);
          return days ? std::optional(static_cast<int32_t>(*days)) : std::nullopt;
        });
  }
  auto cache = std::make_shared<PatternCache>(PatternStyle::kSimple);
  return RowKernel<std::optional<int32_t>(std::string_view, std::string_view)>::Make(
      site.result, [cache](std::string_view text, std::string_view pattern) -> std::optional<int32_t> {
        const TimePattern* compiled = cache->Get(pattern);
        std::optional<ParsedTime> parsed = compiled != nullptr ? compiled->Parse(text) : std::nullopt;
        if (!parsed) return std::nullopt;
        int128_t nanos = parsed->local_nanos - int128_t(parsed->offset_seconds.value_or(0)) * kNanosPerSecond;
        return static_cast<int32_t>(FloorDiv(nanos, int128_t(kNanosPerDay)));
      });
}

Kernel BindToTime(const CallSite& site) {
  return RowKernel<std::optional<int32_t>(std::string_view)>::Make(
      site.result, [](std::string_view text) -> std::optional<int32_t> {
        std::optional<int64_t> millis = ReadTime(text);
        return millis ? std::optional(static_cast<int32_t>(*millis)) : std::nullopt;
      });
}

// ---- TO_TIMESTAMP_LTZ ----

constexpr int kLeastPrecision = 3;

Status BadPrecision(int64_t precision) {
  return SqlError(
      ErrorNumber::kBadArguments, {},
      "Precision for TO_TIMESTAMP_LTZ must be between 0 and 9 but was " + std::to_string(precision) + ".");
}

Result<Signature> ResolveNumberToInstant(std::span<const ArgInfo> args) {
  int precision = kLeastPrecision;
  Signature signature;
  const DataType& number = args[0].type;
  DataType operand = number.is_integer() || number.is(TypeKind::kNull) ? DataType::BigInt()
                     : number.is_approximate()                         ? DataType::Double()
                                                                       : number;
  signature.args.push_back(operand.WithNullable(number.nullable()));
  if (args.size() == 2) {
    signature.args.push_back(DataType::Int().WithNullable(args[1].type.nullable()));
    const Value* literal = args[1].literal;
    if (literal != nullptr && !literal->is_null()) {
      if (literal->as_int() < 0 || literal->as_int() > 9) return BadPrecision(literal->as_int());
      precision = std::max(precision, static_cast<int>(literal->as_int()));
    }
  }
  signature.result = DataType::TimestampLtz(precision);
  return signature;
}

Result<Signature> ResolveTextToInstant(std::span<const ArgInfo> args) {
  int precision = kLeastPrecision;
  if (args.size() > 1) RETURN_IF_ERROR(CheckPattern(args[1], PatternStyle::kFormatter, &precision));
  if (args.size() > 2) RETURN_IF_ERROR(CheckZone(args[2]));
  Signature signature;
  for (const ArgInfo& arg : args) signature.args.push_back(CoerceTo(Family::kCharacter, arg.type));
  signature.result = DataType::TimestampLtz(std::max(precision, kLeastPrecision));
  return signature;
}

Result<Signature> ResolveInstant(std::span<const ArgInfo> args) {
  size_t count = args.size();
  bool numbers = count >= 1 && count <= 2 && Matches(Family::kNumeric, args[0].type) &&
                 (count == 1 || Matches(Family::kInteger, args[1].type));
  bool texts = count >= 1 && count <= 3;
  for (const ArgInfo& arg : args) texts = texts && Matches(Family::kCharacter, arg.type);
  if (texts) return ResolveTextToInstant(args);
  if (numbers) return ResolveNumberToInstant(args);
  return BadArguments("TO_TIMESTAMP_LTZ",
                      "<numeric> [, <precision>] or <character string> [, <pattern> [, <zone>]]");
}

int128_t UnitOf(int64_t precision) { return PowerOfTen(static_cast<int>(9 - precision)); }

// Years 0 to 9999 exist, others are NULL.
std::optional<int128_t> InRange(int128_t nanos) {
  constexpr int64_t kFirst = -62'167'219'200, kLast = 253'402'300'799;
  int128_t seconds = FloorDiv(nanos, int128_t(kNanosPerSecond));
  return seconds >= kFirst && seconds <= kLast ? std::optional(nanos) : std::nullopt;
}

std::optional<int128_t> InstantOfDouble(double value, int64_t precision) {
  // Seconds keep their milliseconds; everything else is cut to whole units.
  double units = precision < 3 ? value * std::pow(10.0, static_cast<double>(3 - precision)) : value;
  if (std::isnan(units) || std::fabs(units) > 9.2e18) return std::nullopt;
  int128_t whole = static_cast<int64_t>(units);
  return InRange(whole * UnitOf(std::max<int64_t>(precision, 3)));
}

std::optional<int128_t> InstantOf(const Column& column, int64_t row, const DataType& type,
                                  int64_t precision) {
  if (type.is(TypeKind::kDouble)) return InstantOfDouble(column.At<double>(row), precision);
  int128_t whole = type.is(TypeKind::kDecimal) ? column.At<int128_t>(row) / PowerOfTen(type.scale())
                                               : int128_t(column.At<int64_t>(row));
  if (whole > std::numeric_limits<int64_t>::max() || whole < std::numeric_limits<int64_t>::min())
    return std::nullopt;
  return InRange(whole * UnitOf(precision));
}

Kernel BindNumberToInstant(const CallSite& site) {
  DataType from = site.args[0], to = site.result;
  return [from, to](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    ColumnBuilder out(to);
    for (int64_t row = 0; row < rows; ++row) {
      if (args[0]->IsNull(row) || (args.size() > 1 && args[1]->IsNull(row))) {
        out.AppendNull();
        continue;
      }
      int64_t precision = args.size() > 1 ? args[1]->At<int32_t>(row) : kLeastPrecision;
      if (precision < 0 || precision > 9) return BadPrecision(precision);
      std::optional<int128_t> nanos = InstantOf(*args[0], row, from, precision);
      out.AppendValue(nanos ? TimestampFromNanos(*nanos, to) : Value::Null());
    }
    return out.Finish();
  };
}

Kernel BindInstant(const CallSite& site) {
  if (!site.args[0].is_character()) return BindNumberToInstant(site);
  DataType type = site.result;
  if (site.args.size() == 1) return BindToTimestamp(site);
  auto cache = std::make_shared<PatternCache>(PatternStyle::kFormatter);
  if (site.args.size() == 2) return BindToTimestamp(site);
  return RowKernel<Value(std::string_view, std::string_view, std::string_view)>::Make(
      type, [type, cache](std::string_view text, std::string_view pattern, std::string_view name) {
        std::optional<int128_t> local = ReadWithPattern(*cache, text, pattern);
        Result<const TimeZone*> zone = TimeZone::Find(name);
        return local && zone ? TimestampFromNanos((*zone)->ToUtcNanos(*local), type) : Value::Null();
      });
}

// ---- UNIX_TIMESTAMP ----

Result<Signature> ResolveUnixTimestamp(std::span<const ArgInfo> args) {
  DataType result = WithNullability(DataType::BigInt(), args, Nullability::kIfAnyArgument);
  if (args.size() == 1 && args[0].type.is_timestamp()) return Signature{{args[0].type}, result};
  return TextResolver("UNIX_TIMESTAMP", 1, 2, result, PatternStyle::kSimple)(args);
}

// Seconds of a timestamp, whose wall clock is taken for UTC.
Kernel TimestampSeconds(const CallSite& site) {
  return [type = site.args[0]](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    ColumnBuilder out(DataType::BigInt());
    for (int64_t row = 0; row < rows; ++row) {
      if (args[0]->IsNull(row)) {
        out.AppendNull();
      } else {
        int128_t nanos = LocalNanosAt(*args[0], row, type, TimeZone::Utc());
        out.Append(static_cast<int64_t>(nanos / kNanosPerSecond));
      }
    }
    return out.Finish();
  };
}

Kernel BindUnixTimestamp(const CallSite& site) {
  if (site.args[0].is_timestamp()) return TimestampSeconds(site);
  auto cache = std::make_shared<PatternCache>(PatternStyle::kSimple);
  const TimeZone* zone = site.context->zone;
  auto read = [cache, zone](std::string_view text, std::string_view pattern) -> int64_t {
    const TimePattern* compiled = cache->Get(pattern);
    std::optional<ParsedTime> parsed = compiled != nullptr ? compiled->Parse(text) : std::nullopt;
    if (!parsed) return std::numeric_limits<int64_t>::min();
    int128_t nanos = parsed->offset_seconds
                         ? parsed->local_nanos - int128_t(*parsed->offset_seconds) * kNanosPerSecond
                         : zone->ToUtcNanos(parsed->local_nanos);
    return static_cast<int64_t>(nanos / kNanosPerSecond);
  };
  if (site.args.size() == 2)
    return RowKernel<int64_t(std::string_view, std::string_view)>::Make(site.result, read);
  return RowKernel<int64_t(std::string_view)>::Make(
      site.result, [read](std::string_view text) { return read(text, kDefaultPattern); });
}

}  // namespace

void RegisterTimeParse(FunctionRegistry* registry) {
  constexpr PatternStyle kStrict = PatternStyle::kFormatter, kSimple = PatternStyle::kSimple;
  registry->Add("TO_DATE", TextResolver("TO_DATE", 1, 2, DataType::Date(), kSimple), BindToDate);
  registry->Add("TO_TIME", TextResolver("TO_TIME", 1, 1, DataType::Time(0), kSimple), BindToTime);
  registry->Add("TO_TIMESTAMP", TextResolver("TO_TIMESTAMP", 1, 2, DataType::Timestamp(3), kStrict),
                BindToTimestamp);
  registry->Add("TO_TIMESTAMP_LTZ", ResolveInstant, BindInstant).set_may_fail(true);
  registry->Add("UNIX_TIMESTAMP", ResolveUnixTimestamp, BindUnixTimestamp);
}

}  // namespace penstock
