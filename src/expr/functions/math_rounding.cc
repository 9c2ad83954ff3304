// Functions of numbers that keep their type: ABS, SIGN, FLOOR, CEIL, ROUND and TRUNCATE. DECIMAL works on its
// unscaled value; doubles are rounded by their shortest decimal text, as Java's BigDecimal.valueOf does.
#include <charconv>
#include <cmath>

#include "data/decimal.h"
#include "data/value_text.h"
#include "expr/functions/register.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

enum class Step { kFloor, kCeil, kHalfUp, kDown };

// The quotient of an integer and 10^digits, rounded. REQUIRES: 0 <= digits.
int128_t DivideByTens(int128_t value, int digits, Step step) {
  if (digits > 38) return step == Step::kFloor && value < 0 ? -1 : step == Step::kCeil && value > 0 ? 1 : 0;
  int128_t unit = PowerOfTen(digits);
  int128_t quotient = value / unit, rest = value % unit;
  switch (step) {
    case Step::kFloor: return rest < 0 ? quotient - 1 : quotient;
    case Step::kCeil: return rest > 0 ? quotient + 1 : quotient;
    case Step::kDown: return quotient;
    case Step::kHalfUp: break;
  }
  int128_t magnitude = rest < 0 ? -rest : rest;
  if (magnitude >= unit - magnitude && magnitude != 0) quotient += value < 0 ? -1 : 1;
  return quotient;
}

// An integer rounded to 10^-digits for negative digits.
int128_t RoundInteger(int128_t value, int64_t digits, Step step) {
  if (digits >= 0) return value;
  if (digits < -38) return 0;
  return DivideByTens(value, static_cast<int>(-digits), step) * PowerOfTen(static_cast<int>(-digits));
}

// Through the shortest decimal text of the number, exactly.
double RoundDouble(double value, const std::string& text, int64_t digits, Step step) {
  if (!std::isfinite(value)) return value;
  std::string mantissa, exponent = "0";
  size_t e = text.find('E');
  mantissa = text.substr(0, e);
  if (e != std::string::npos) exponent = text.substr(e + 1);
  size_t point = mantissa.find('.');
  int64_t scale = -std::stol(exponent);
  if (point != std::string::npos) {
    scale += static_cast<int64_t>(mantissa.size() - point - 1);
    mantissa.erase(point, 1);
  }
  if (digits >= scale) return value;
  std::optional<int128_t> unscaled = ParseDecimal(mantissa, 38, 0);
  if (!unscaled) return value;
  int128_t rounded = DivideByTens(*unscaled, static_cast<int>(std::min<int64_t>(scale - digits, 39)), step);
  std::string out = ToString(rounded) + "E" + std::to_string(-digits);
  double result = 0;
  std::from_chars(out.data(), out.data() + out.size(), result);
  return result;
}

// The type of a rounded DECIMAL. Source: Flink's LogicalTypeMerging.findRoundDecimalType.
DataType RoundedDecimal(const DataType& type, int64_t digits) {
  if (digits >= type.scale()) return type;
  if (digits < 0) return DataType::Decimal(std::min(38, 1 + type.precision() - type.scale()), 0);
  int kept = static_cast<int>(digits);
  return DataType::Decimal(1 + type.precision() - type.scale() + kept, kept);
}

Function::Resolve ResolveRound(const char* name) {
  return [name](std::span<const ArgInfo> args) -> Result<Signature> {
    if (args.empty() || args.size() > 2 || !Matches(Family::kNumeric, args[0].type) ||
        (args.size() == 2 && !Matches(Family::kInteger, args[1].type)))
      return BadArguments(name, "<NUMERIC>[, <INTEGER>]");
    Signature signature;
    signature.args.push_back(CoerceTo(Family::kNumeric, args[0].type));
    if (args.size() == 2) signature.args.push_back(CoerceTo(Family::kInt, args[1].type));
    DataType result = signature.args[0];
    bool known = args.size() == 1 || (args[1].literal != nullptr && args[1].literal->is_int());
    if (result.is(TypeKind::kDecimal) && known)
      result = RoundedDecimal(result, args.size() == 1 ? 0 : args[1].literal->as_int());
    signature.result = WithNullability(result, args, Nullability::kIfAnyArgument);
    return signature;
  };
}

template <typename T>
Kernel RoundIntegers(const DataType& result, Step step) {
  return RowKernel<T(T, int32_t)>::Make(
      result, [step](T value, int32_t digits) { return static_cast<T>(RoundInteger(value, digits, step)); });
}

Kernel RoundDecimals(const CallSite& site, Step step) {
  int from = site.args[0].scale(), to = site.result.scale();
  return RowKernel<std::optional<int128_t>(int128_t, int32_t)>::Make(
      site.result,
      [from, to, step, precision = site.result.precision()](int128_t value,
                                                            int32_t digits) -> std::optional<int128_t> {
        int128_t rounded = value;
        int kept = from;  // scale of `rounded`
        if (digits < from) {
          rounded =
              DivideByTens(value, static_cast<int>(std::min<int64_t>(int64_t{from} - digits, 39)), step);
          kept = std::max(digits, -38);
        }
        if (kept < 0) {
          rounded *= PowerOfTen(-kept);
          kept = 0;
        }
        return RescaleDecimal(rounded, kept, precision, to);
      });
}

Kernel BindRoundPair(const CallSite& site, Step step) {
  switch (site.args[0].physical()) {
    case Physical::kInt8: return RoundIntegers<int8_t>(site.result, step);
    case Physical::kInt16: return RoundIntegers<int16_t>(site.result, step);
    case Physical::kInt32: return RoundIntegers<int32_t>(site.result, step);
    case Physical::kInt64: return RoundIntegers<int64_t>(site.result, step);
    case Physical::kInt128: return RoundDecimals(site, step);
    case Physical::kFloat:
      return RowKernel<float(float, int32_t)>::Make(site.result, [step](float v, int32_t digits) {
        return static_cast<float>(RoundDouble(v, FormatFloat(v), digits, step));
      });
    default: break;
  }
  return RowKernel<double(double, int32_t)>::Make(site.result, [step](double v, int32_t digits) {
    return RoundDouble(v, FormatDouble(v), digits, step);
  });
}

template <Step step>
Kernel BindRound(const CallSite& site) {
  Kernel pair = BindRoundPair(site, step);
  if (site.args.size() == 2) return pair;
  return [pair = std::move(pair)](std::span<const ColumnPtr> args, int64_t rows) {
    ColumnPtr both[] = {args[0], Column::Constant(DataType::Int(), Value::Int(0), rows)};
    return pair(both, rows);
  };
}

// FLOOR(x) and CEIL(x) of numbers; FLOOR(x TO unit) is another function: FLOOR TO.
template <Step step>
Result<Signature> ResolveFloor(std::span<const ArgInfo> args) {
  const char* name = step == Step::kFloor ? "FLOOR" : "CEIL";
  if (args.size() != 1 || !Matches(Family::kNumeric, args[0].type)) return BadArguments(name, "<NUMERIC>");
  DataType type = CoerceTo(Family::kNumeric, args[0].type);
  DataType result = type;
  if (type.is(TypeKind::kDecimal)) result = DataType::Decimal(type.precision(), 0);
  return Signature{{type}, WithNullability(result, args, Nullability::kIfAnyArgument)};
}

template <Step step>
Kernel BindFloor(const CallSite& site) {
  auto whole = [](auto v) { return step == Step::kFloor ? std::floor(v) : std::ceil(v); };
  switch (site.args[0].physical()) {
    case Physical::kFloat: return RowKernel<float(float)>::Make(site.result, whole);
    case Physical::kDouble: return RowKernel<double(double)>::Make(site.result, whole);
    case Physical::kInt128: {
      int scale = site.args[0].scale();
      return RowKernel<std::optional<int128_t>(int128_t)>::Make(
          site.result, [scale, precision = site.result.precision()](int128_t v) -> std::optional<int128_t> {
            int128_t rounded = DivideByTens(v, scale, step);
            if (!FitsPrecision(rounded, precision)) return std::nullopt;
            return rounded;
          });
    }
    default: break;
  }
  return [](std::span<const ColumnPtr> args, int64_t) -> Result<ColumnPtr> { return args[0]; };
}

template <typename Op>
Kernel BindSameType(const CallSite& site) {
  switch (site.args[0].physical()) {
    case Physical::kInt8: return RowKernel<int8_t(int8_t)>::Make(site.result, Op{});
    case Physical::kInt16: return RowKernel<int16_t(int16_t)>::Make(site.result, Op{});
    case Physical::kInt32: return RowKernel<int32_t(int32_t)>::Make(site.result, Op{});
    case Physical::kInt64: return RowKernel<int64_t(int64_t)>::Make(site.result, Op{});
    case Physical::kFloat: return RowKernel<float(float)>::Make(site.result, Op{});
    case Physical::kDouble: return RowKernel<double(double)>::Make(site.result, Op{});
    default: return RowKernel<int128_t(int128_t)>::Make(site.result, Op{});
  }
}

struct Absolute {
  template <typename T>
  T operator()(T v) const {
    if constexpr (std::is_floating_point_v<T>) return std::fabs(v);
    return v < 0 ? static_cast<T>(T(0) - v) : v;
  }
};

struct SignOf {
  template <typename T>
  T operator()(T v) const {
    return v > 0 ? T(1) : v < 0 ? T(-1) : v;
  }
};

Kernel BindSign(const CallSite& site) {
  if (!site.args[0].is(TypeKind::kDecimal)) return BindSameType<SignOf>(site);
  int128_t one = PowerOfTen(site.result.scale());
  return RowKernel<int128_t(int128_t)>::Make(site.result, [one](int128_t v) -> int128_t {
    return v > 0 ? one : v < 0 ? -one : int128_t(0);
  });
}

Result<Signature> ResolveAbs(std::span<const ArgInfo> args) {
  bool fits = args.size() == 1 && (Matches(Family::kNumeric, args[0].type) || args[0].type.is_interval());
  if (!fits) return BadArguments("ABS", "<NUMERIC>");
  DataType type = CoerceTo(Family::kNumeric, args[0].type);
  return Signature{{type}, type};
}

Result<Signature> ResolveSign(std::span<const ArgInfo> args) {
  if (args.size() != 1 || !Matches(Family::kNumeric, args[0].type)) return BadArguments("SIGN", "<NUMERIC>");
  DataType type = CoerceTo(Family::kNumeric, args[0].type);
  return Signature{{type}, type};
}

}  // namespace

void RegisterRounding(FunctionRegistry* registry) {
  registry->Add("ABS", ResolveAbs, BindSameType<Absolute>);
  registry->Add("SIGN", ResolveSign, BindSign);
  registry->Add("FLOOR", ResolveFloor<Step::kFloor>, BindFloor<Step::kFloor>);
  registry->Add("CEIL", ResolveFloor<Step::kCeil>, BindFloor<Step::kCeil>);
  registry->Alias("CEILING", "CEIL");
  registry->Add("ROUND", ResolveRound("ROUND"), BindRound<Step::kHalfUp>);
  registry->Add("TRUNCATE", ResolveRound("TRUNCATE"), BindRound<Step::kDown>);
}

}  // namespace penstock
