// From dates and times to text: DATE_FORMAT, FROM_UNIXTIME, CONVERT_TZ. A timestamp is printed by java.time's
// formatter, a text or a number of seconds by SimpleDateFormat (expr/time/time_pattern.h).
#include "expr/functions/register.h"
#include "expr/functions/time/time_value.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"
#include "expr/time/time_pattern.h"

namespace penstock {

namespace {

constexpr std::string_view kDefaultPattern = "yyyy-MM-dd HH:mm:ss";

Result<Signature> ResolveDateFormat(std::span<const ArgInfo> args) {
  bool fits = args.size() == 2 && Matches(Family::kCharacter, args[1].type);
  if (fits) {
    const DataType& type = args[0].type;
    fits = Matches(Family::kCharacter, type) || type.is_timestamp() || type.is(TypeKind::kDate);
  }
  if (!fits) return BadArguments("DATE_FORMAT", "<timestamp or character string>, <pattern>");
  bool text = Matches(Family::kCharacter, args[0].type);
  const Value* literal = args[1].literal;
  if (literal != nullptr && !literal->is_null()) {
    PatternStyle style = args[0].type.is_timestamp() ? PatternStyle::kFormatter : PatternStyle::kSimple;
    Result<TimePattern> pattern = TimePattern::Compile(literal->as_string(), style);
    if (!pattern) return pattern.error();
  }
  DataType subject = text ? CoerceTo(Family::kCharacter, args[0].type) : args[0].type;
  DataType result =
      text ? DataType::String() : WithNullability(DataType::String(), args, Nullability::kIfAnyArgument);
  return Signature{{subject, CoerceTo(Family::kCharacter, args[1].type)}, result};
}

std::optional<std::string> Print(PatternCache& cache, std::string_view pattern, int128_t local,
                                 const TimeZone& zone) {
  const std::string* text = cache.Print(pattern, local, zone);
  return text != nullptr ? std::optional(*text) : std::nullopt;
}

Kernel FormatTimestampKernel(const CallSite& site) {
  DataType type = site.args[0];
  const TimeZone* zone = site.context->zone;
  // A DATE goes the way of texts.
  PatternStyle style = type.is_timestamp() ? PatternStyle::kFormatter : PatternStyle::kSimple;
  auto cache = std::make_shared<PatternCache>(style);
  return [type, zone, cache](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    ColumnBuilder out(DataType::String());
    for (int64_t row = 0; row < rows; ++row) {
      if (args[0]->IsNull(row) || args[1]->IsNull(row)) {
        out.AppendNull();
        continue;
      }
      int128_t local = LocalNanosAt(*args[0], row, type, *zone);
      const std::string* text = cache->Print(args[1]->StringAt(row), local, *zone);
      if (text != nullptr) {
        out.AppendString(*text);
      } else {
        out.AppendNull();
      }
    }
    return out.Finish();
  };
}

Kernel BindDateFormat(const CallSite& site) {
  if (!site.args[0].is_character()) return FormatTimestampKernel(site);
  auto cache = std::make_shared<PatternCache>(PatternStyle::kSimple);
  auto input = std::make_shared<PatternCache>(PatternStyle::kSimple);
  return RowKernel<std::optional<std::string>(std::string_view, std::string_view)>::Make(
      site.result,
      [cache, input](std::string_view text, std::string_view pattern) -> std::optional<std::string> {
        std::optional<ParsedTime> parsed = input->Get(kDefaultPattern)->Parse(text);
        if (!parsed) return std::nullopt;
        return Print(*cache, pattern, parsed->local_nanos, TimeZone::Utc());
      });
}

Result<Signature> ResolveFromUnixTime(std::span<const ArgInfo> args) {
  bool fits = !args.empty() && args.size() <= 2 && Matches(Family::kNumeric, args[0].type) &&
              (args.size() == 1 || Matches(Family::kCharacter, args[1].type));
  if (!fits) return BadArguments("FROM_UNIXTIME", "<numeric> [, <pattern>]");
  Signature signature{{CoerceTo(Family::kBigInt, args[0].type)}, DataType::String()};
  if (args.size() == 2) {
    signature.args.push_back(CoerceTo(Family::kCharacter, args[1].type));
    const Value* literal = args[1].literal;
    if (literal != nullptr && !literal->is_null()) {
      Result<TimePattern> pattern = TimePattern::Compile(literal->as_string(), PatternStyle::kSimple);
      if (!pattern) return pattern.error();
    }
  }
  signature.result = WithNullability(signature.result, args, Nullability::kIfAnyArgument);
  return signature;
}

Kernel BindFromUnixTime(const CallSite& site) {
  auto cache = std::make_shared<PatternCache>(PatternStyle::kSimple);
  const TimeZone* zone = site.context->zone;
  auto print = [cache, zone](int64_t seconds, std::string_view pattern) {
    return Print(*cache, pattern, zone->ToLocalNanos(int128_t(seconds) * kNanosPerSecond), *zone);
  };
  if (site.args.size() == 2) {
    return RowKernel<std::optional<std::string>(int64_t, std::string_view)>::Make(site.result, print);
  }
  return RowKernel<std::optional<std::string>(int64_t)>::Make(
      site.result, [print](int64_t seconds) { return print(seconds, kDefaultPattern); });
}

// An unknown zone is GMT, as java.util.TimeZone has it.
const TimeZone& ZoneOrUtc(std::string_view name) {
  Result<const TimeZone*> zone = TimeZone::Find(name);
  return zone ? **zone : TimeZone::Utc();
}

Kernel BindConvertZone(const CallSite& site) {
  auto cache = std::make_shared<PatternCache>(PatternStyle::kSimple);
  return RowKernel<std::optional<std::string>(std::string_view, std::string_view, std::string_view)>::Make(
      site.result,
      [cache](std::string_view text, std::string_view from,
              std::string_view to) -> std::optional<std::string> {
        std::optional<ParsedTime> parsed = cache->Get(kDefaultPattern)->Parse(text);
        if (!parsed) return std::nullopt;
        const TimeZone& target = ZoneOrUtc(to);
        int128_t local = target.ToLocalNanos(ZoneOrUtc(from).ToUtcNanos(parsed->local_nanos));
        return Print(*cache, kDefaultPattern, local, target);
      });
}

}  // namespace

void RegisterTimeFormat(FunctionRegistry* registry) {
  registry->Add("DATE_FORMAT", ResolveDateFormat, BindDateFormat);
  registry->Add("FROM_UNIXTIME", ResolveFromUnixTime, BindFromUnixTime);
  registry->Add("CONVERT_TZ",
                Fixed("CONVERT_TZ", {Family::kCharacter, Family::kCharacter, Family::kCharacter},
                      DataType::String(), Nullability::kAlways),
                BindConvertZone);
}

}  // namespace penstock
