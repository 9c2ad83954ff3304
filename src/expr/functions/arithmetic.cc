// The arithmetic operators + - * / MOD and unary minus: numbers, and dates and times with intervals. Integers
// wrap; DECIMAL overflow is NULL; division of integers by zero fails, of floats gives Infinity or NaN.
#include "data/datetime.h"
#include "data/decimal.h"
#include "expr/cast/cast.h"
#include "expr/functions/register.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"
#include "expr/type_rules.h"
#include "expr/vector_kernel.h"

#include <cmath>

namespace penstock {

namespace {

enum class Op { kAdd, kSubtract, kMultiply, kDivide, kModulo };

template <Op op, typename T>
T Apply(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if constexpr (op == Op::kAdd) return a + b;
    if constexpr (op == Op::kSubtract) return a - b;
    if constexpr (op == Op::kMultiply) return a * b;
    if constexpr (op == Op::kDivide) return a / b;
    return std::fmod(a, b);
  } else {
    using U = std::make_unsigned_t<T>;
    if constexpr (op == Op::kAdd) return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
    if constexpr (op == Op::kSubtract) return static_cast<T>(static_cast<U>(a) - static_cast<U>(b));
    if constexpr (op == Op::kMultiply)
      return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    if (b == -1) return op == Op::kDivide ? static_cast<T>(U(0) - static_cast<U>(a)) : T(0);
    return op == Op::kDivide ? static_cast<T>(a / b) : static_cast<T>(a % b);
  }
}

Status DivisionByZero() { return Status::InvalidData("Division by zero").WithNumber(ErrorNumber::kRuntime); }

template <Op op, typename T>
Kernel NumberKernel(Physical physical) {
  if constexpr (std::is_integral_v<T> && (op == Op::kDivide || op == Op::kModulo)) {
    return [physical](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
      for (int64_t i = 0; i < (args[1]->constant() ? std::min<int64_t>(rows, 1) : rows); ++i) {
        if (!args[0]->IsNull(i) && !args[1]->IsNull(i) && args[1]->At<T>(i) == 0) return DivisionByZero();
      }
      // A zero divisor of a NULL row must not trap: it counts as 1.
      return MapBinary<T, T, T>(args, rows, physical,
                                [](T a, T b) { return Apply<op, T>(a, b == 0 ? T(1) : b); });
    };
  } else {
    return [physical](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
      return MapBinary<T, T, T>(args, rows, physical, [](T a, T b) { return Apply<op, T>(a, b); });
    };
  }
}

template <Op op>
Kernel DecimalKernel(const CallSite& site) {
  DataType a = site.args[0], b = site.args[1], r = site.result;
  return RowKernel<Result<std::optional<int128_t>>(int128_t, int128_t)>::Make(
      site.result, [a, b, r](int128_t x, int128_t y) -> Result<std::optional<int128_t>> {
        if constexpr (op == Op::kAdd)
          return AddDecimals(x, a.scale(), y, b.scale(), r.precision(), r.scale());
        if constexpr (op == Op::kSubtract)
          return AddDecimals(x, a.scale(), -y, b.scale(), r.precision(), r.scale());
        if constexpr (op == Op::kMultiply)
          return MultiplyDecimals(x, a.scale(), y, b.scale(), r.precision(), r.scale());
        if (y == 0) return DivisionByZero();
        if constexpr (op == Op::kDivide)
          return DivideDecimals(x, a.scale(), y, b.scale(), r.precision(), r.scale());
        return ModDecimals(x, a.scale(), y, b.scale(), r.precision(), r.scale());
      });
}

template <Op op>
Kernel BindNumbers(const CallSite& site) {
  switch (site.args[0].physical()) {
    case Physical::kInt8: return NumberKernel<op, int8_t>(Physical::kInt8);
    case Physical::kInt16: return NumberKernel<op, int16_t>(Physical::kInt16);
    case Physical::kInt32: return NumberKernel<op, int32_t>(Physical::kInt32);
    case Physical::kInt64: return NumberKernel<op, int64_t>(Physical::kInt64);
    case Physical::kFloat: return NumberKernel<op, float>(Physical::kFloat);
    case Physical::kDouble: return NumberKernel<op, double>(Physical::kDouble);
    default: return DecimalKernel<op>(site);
  }
}

// Adds an interval (second argument) to a date, time or timestamp.
Kernel BindShift(const CallSite& site, int64_t sign) {
  DataType type = site.args[0];
  bool months = site.args[1].is(TypeKind::kIntervalYearMonth);
  bool wide = type.physical() == Physical::kInt128;
  const TimeZone* zone = type.is(TypeKind::kTimestampLtz) ? site.context->zone : &TimeZone::Utc();
  if (!months && type.is_timestamp() && !wide) {
    return [sign](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
      return MapBinary<int64_t, int64_t, int64_t>(
          args, rows, Physical::kInt64, [sign](int64_t a, int64_t b) { return a + sign * b * 1000; });
    };
  }
  auto shift = [type, months, sign, zone](const Value& at, const Value& by) -> Value {
    int64_t amount = sign * by.as_int();
    if (type.is(TypeKind::kTime))
      return Value::Int(FloorMod(at.as_int() + (months ? 0 : amount), kMillisPerDay));
    if (type.is(TypeKind::kDate)) {
      return Value::Int(months ? AddMonths(at.as_int(), amount)
                               : at.as_int() + FloorDiv(amount, kMillisPerDay));
    }
    int128_t stored = at.is_int() ? int128_t(at.as_int()) : at.as_int128();
    int128_t nanos = TimestampToNanos(stored, type.precision());
    if (months) {
      int128_t local = zone->ToLocalNanos(nanos);
      int128_t of_day = FloorMod(local, int128_t(kNanosPerDay));
      auto days = static_cast<int64_t>(FloorDiv(local, int128_t(kNanosPerDay)));
      nanos = zone->ToUtcNanos(int128_t(AddMonths(days, amount)) * kNanosPerDay + of_day);
    } else {
      nanos += int128_t(amount) * 1'000'000;
    }
    int128_t out = NanosToTimestamp(nanos, type.precision());
    return type.precision() <= 6 ? Value::Int(static_cast<int64_t>(out)) : Value::Int128(out);
  };
  return RowKernel<Value(Value, Value)>::Make(site.result, shift);
}

template <Op op>
Kernel Bind(const CallSite& site) {
  int64_t sign = op == Op::kSubtract ? -1 : 1;
  if (site.args[0].is_datetime()) return BindShift(site, sign);
  if (site.args[0].is_numeric() && site.args[1].is_interval()) {  // the interval comes first in the kernels
    CallSite swapped = site;
    std::swap(swapped.args[0], swapped.args[1]);
    return [kernel = Bind<op>(swapped)](std::span<const ColumnPtr> args, int64_t rows) {
      ColumnPtr both[] = {args[1], args[0]};
      return kernel(both, rows);
    };
  }
  if (site.args[0].is(TypeKind::kIntervalYearMonth) && site.args[1].is_numeric()) {
    return [](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
      return MapBinary<int32_t, int64_t, int32_t>(args, rows, Physical::kInt32, [](int32_t a, int64_t b) {
        return static_cast<int32_t>(op == Op::kMultiply ? a * b : b == 0 ? 0 : a / b);
      });
    };
  }
  if (op != Op::kModulo || site.args[0].SameAs(site.result) || site.result.is(TypeKind::kDecimal))
    return BindNumbers<op>(site);
  // The remainder of a wider dividend is narrowed.
  Result<Kernel> narrow = MakeCast(site.args[0], site.result, *site.context, false);
  CHECK(narrow.has_value());
  return [wide = BindNumbers<op>(site), narrow = *narrow](std::span<const ColumnPtr> args,
                                                          int64_t rows) -> Result<ColumnPtr> {
    ASSIGN_OR_RETURN(ColumnPtr remainder, wide(args, rows));
    return narrow(std::span(&remainder, 1), rows);
  };
}

Status NotApplicable(const char* symbol, std::span<const ArgInfo> args) {
  return SqlError(ErrorNumber::kTypeMismatch, {},
                  std::string("Cannot apply '") + symbol + "' to arguments of type '" +
                      args[0].type.ToString() + "' and '" + args[1].type.ToString() + "'");
}

DataType ResultOf(Op op, const DataType& a, const DataType& b) {
  switch (op) {
    case Op::kAdd:
    case Op::kSubtract: return AdditionType(a, b);
    case Op::kMultiply: return MultiplicationType(a, b);
    case Op::kDivide: return DivisionType(a, b);
    case Op::kModulo: return ModuloType(a, b);
  }
  return a;
}

// Operands are cast to the type the kernel works on: the result for int and float, their own DECIMAL
// otherwise.
Signature NumberSignature(Op op, std::span<const ArgInfo> args) {
  DataType a = args[0].type, b = args[1].type;
  DataType result = ResultOf(op, a, b);
  Signature signature;
  signature.result = WithNullability(result, args, Nullability::kIfAnyArgument);
  for (const DataType& type : {a, b}) {
    DataType operand = result.is(TypeKind::kDecimal) ? DecimalForInteger(type) : result;
    if (op == Op::kModulo && result.is_integer()) operand = a.kind() >= b.kind() ? a : b;
    signature.args.push_back(operand.WithNullable(type.nullable()));
  }
  // The remainder has the divisor's type, in which it always fits.
  if (op == Op::kModulo && result.is_integer()) signature.result = b.WithNullable(AnyNullable(args));
  return signature;
}

template <Op op>
Result<Signature> Resolve(const char* symbol, std::span<const ArgInfo> given) {
  if (given.size() != 2) return BadArguments(symbol, "<numeric>, <numeric>");
  std::vector<ArgInfo> args(given.begin(), given.end());
  // An untyped NULL takes the other side's type.
  for (int i : {0, 1}) {
    DataType& type = args[static_cast<size_t>(i)].type;
    const DataType& other = args[static_cast<size_t>(1 - i)].type;
    if (type.is(TypeKind::kNull))
      type = other.is(TypeKind::kNull) ? DataType::Int() : other.WithNullable(true);
  }
  const DataType &a = args[0].type, &b = args[1].type;
  bool nullable = a.nullable() || b.nullable();
  if (a.is_numeric() && b.is_numeric()) return NumberSignature(op, args);
  if constexpr (op == Op::kAdd || op == Op::kSubtract) {
    if (a.is_datetime() && b.is_interval()) {
      // Arithmetic on a time attribute gives a plain timestamp.
      DataType plain = a.WithTimeAttribute(TimeAttribute::kNone);
      // A DATE and an interval with hours make a TIMESTAMP.
      const Value* interval = args[1].literal;
      bool hours = a.is(TypeKind::kDate) && b.is(TypeKind::kIntervalDayTime) && interval != nullptr &&
                   !interval->is_null() && interval->as_int() % kMillisPerDay != 0;
      if (hours) plain = DataType::Timestamp(6);
      return Signature{{hours ? plain.WithNullable(a.nullable()) : a, b}, plain.WithNullable(nullable)};
    }
    if (a.is_interval() && b.kind() == a.kind()) return Signature{{a, b}, a.WithNullable(nullable)};
  }
  if constexpr (op == Op::kMultiply || op == Op::kDivide) {
    if (a.is_interval() && b.is_numeric()) {
      return Signature{{a, DataType::BigInt().WithNullable(b.nullable())}, a.WithNullable(nullable)};
    }
    if (op == Op::kMultiply && a.is_numeric() && b.is_interval()) {
      return Signature{{DataType::BigInt().WithNullable(a.nullable()), b}, b.WithNullable(nullable)};
    }
  }
  return NotApplicable(symbol, args);
}

template <Op op>
void AddOperator(FunctionRegistry* registry, const char* name) {
  registry
      ->Add(
          name, [name](std::span<const ArgInfo> args) { return Resolve<op>(name, args); }, Bind<op>)
      .set_may_fail(op == Op::kDivide || op == Op::kModulo);
}

Kernel BindNegate(const CallSite& site) {
  switch (site.result.physical()) {
    case Physical::kFloat: return RowKernel<float(float)>::Make(site.result, [](float v) { return -v; });
    case Physical::kDouble: return RowKernel<double(double)>::Make(site.result, [](double v) { return -v; });
    case Physical::kInt8:
      return RowKernel<int8_t(int8_t)>::Make(site.result,
                                             [](int8_t v) { return Apply<Op::kSubtract, int8_t>(0, v); });
    case Physical::kInt16:
      return RowKernel<int16_t(int16_t)>::Make(site.result,
                                               [](int16_t v) { return Apply<Op::kSubtract, int16_t>(0, v); });
    case Physical::kInt32:
      return RowKernel<int32_t(int32_t)>::Make(site.result,
                                               [](int32_t v) { return Apply<Op::kSubtract, int32_t>(0, v); });
    case Physical::kInt64:
      return RowKernel<int64_t(int64_t)>::Make(site.result,
                                               [](int64_t v) { return Apply<Op::kSubtract, int64_t>(0, v); });
    default: return RowKernel<int128_t(int128_t)>::Make(site.result, [](int128_t v) { return -v; });
  }
}

Result<Signature> ResolveNegate(std::span<const ArgInfo> args) {
  if (args.size() != 1 || !(args[0].type.is_numeric() || args[0].type.is_interval())) {
    return BadArguments("-", "<numeric or interval>");
  }
  return Signature{{args[0].type}, args[0].type};
}

}  // namespace

void RegisterArithmetic(FunctionRegistry* registry) {
  AddOperator<Op::kAdd>(registry, "+");
  AddOperator<Op::kSubtract>(registry, "-");
  AddOperator<Op::kMultiply>(registry, "*");
  AddOperator<Op::kDivide>(registry, "/");
  AddOperator<Op::kModulo>(registry, "MOD");
  registry->Alias("%", "MOD");
  registry->Add("NEGATE", ResolveNegate, BindNegate);
}

}  // namespace penstock
