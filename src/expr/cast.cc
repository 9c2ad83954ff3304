// Casts, by source and target. A conversion of one value is a function from the source's C++ type to
// std::optional of the target's: nullopt means "cannot be converted", which is an error under CAST and NULL
// under TRY_CAST; DECIMAL overflow is NULL under both.
#include "expr/cast.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "base/strings.h"
#include "data/column_builder.h"
#include "data/decimal.h"
#include "data/value_text.h"
#include "expr/row_kernel.h"
#include "expr/type_rules.h"

namespace penstock {

namespace {

Status CannotCast(const DataType& from, const DataType& to, const Value& value) {
  return SqlError(ErrorNumber::kBadCast, {},
                  fmt::format("cannot cast {} '{}' to {}", from.ToString(),
                              ValueToText(value, from, TimeZone::Utc()), to.WithNullable(true).ToString()));
}

// A kernel from `convert(const Column&, row) -> optional<R>`.
template <typename F>
Kernel CastKernel(const DataType& from, const DataType& to, bool nulls_on_error, F convert) {
  return [from, to, nulls_on_error, convert](std::span<const ColumnPtr> args,
                                             int64_t rows) -> Result<ColumnPtr> {
    const Column& column = *args[0];
    ColumnBuilder out(to);
    for (int64_t row = 0; row < rows; ++row) {
      if (column.IsNull(row)) {
        out.AppendNull();
        continue;
      }
      auto converted = convert(column, row);
      if (!converted && !nulls_on_error) return CannotCast(from, to, column.ValueAt(row));
      WriteResult(out, converted);
    }
    return out.Finish();
  };
}

// Like CastKernel, but nullopt is NULL even under CAST (DECIMAL overflow).
template <typename F>
Kernel NullingCast(const DataType& from, const DataType& to, F convert) {
  return CastKernel(from, to, true, std::move(convert));
}

// Java's narrowing of floating point: NaN is 0, the rest saturates at long, then narrows by wrapping.
template <typename To>
To NarrowDouble(double value) {
  if (std::isnan(value)) return 0;
  if constexpr (sizeof(To) < 8) {
    if (value >= 2147483647.0) return static_cast<To>(std::numeric_limits<int32_t>::max());
    if (value <= -2147483648.0) return static_cast<To>(std::numeric_limits<int32_t>::min());
    return static_cast<To>(static_cast<int32_t>(value));
  }
  if (value >= 9223372036854775807.0) return static_cast<To>(std::numeric_limits<int64_t>::max());
  if (value <= -9223372036854775808.0) return static_cast<To>(std::numeric_limits<int64_t>::min());
  return static_cast<To>(value);
}

template <typename From, typename To>
Kernel NumberToNumber(const DataType& to) {
  return [to](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    const Column& column = *args[0];
    auto count = static_cast<size_t>(column.constant() ? 1 : rows);
    auto values = std::make_shared<Buffer>(count * sizeof(To));
    const From* in = column.values<From>();
    To* out = values->template as<To>();
    for (size_t i = 0; i < count; ++i) {
      if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
        out[i] = NarrowDouble<To>(in[i]);
      } else {
        out[i] = static_cast<To>(in[i]);
      }
    }
    std::shared_ptr<Buffer> validity;
    if (column.has_validity()) {
      validity = std::make_shared<Buffer>(count);
      std::memcpy(validity->data(), column.validity(), count);
    }
    ColumnPtr result = Column::Fixed(to.physical(), static_cast<int64_t>(count), values, validity);
    if (!column.constant()) return result;
    return Column::Constant(to, result->ValueAt(0), rows);
  };
}

template <typename F>
auto DispatchNumber(Physical physical, F f) {
  switch (physical) {
    case Physical::kInt8: return f(int8_t{});
    case Physical::kInt16: return f(int16_t{});
    case Physical::kInt32: return f(int32_t{});
    case Physical::kFloat: return f(float{});
    case Physical::kDouble: return f(double{});
    default: return f(int64_t{});
  }
}

template <typename From>
Kernel NumberToDecimal(const DataType& from, const DataType& to) {
  return NullingCast(from, to, [to](const Column& column, int64_t row) -> std::optional<int128_t> {
    if constexpr (std::is_floating_point_v<From>) {
      if constexpr (sizeof(From) == 4) {
        return ParseDecimal(FormatFloat(column.At<float>(row)), to.precision(), to.scale());
      }
      return DecimalFromDouble(column.At<From>(row), to.precision(), to.scale());
    } else {
      return RescaleDecimal(column.At<From>(row), 0, to.precision(), to.scale());
    }
  });
}

Kernel DecimalToNumber(const DataType& from, const DataType& to) {
  return DispatchNumber(to.physical(), [&](auto tag) -> Kernel {
    using To = decltype(tag);
    int scale = from.scale();
    return NullingCast(from, to, [scale](const Column& column, int64_t row) -> std::optional<To> {
      int128_t unscaled = column.At<int128_t>(row);
      if constexpr (std::is_floating_point_v<To>) {
        return static_cast<To>(DecimalToDouble(unscaled, scale));
      } else {
        return static_cast<To>(unscaled / PowerOfTen(scale));
      }
    });
  });
}

Kernel NumberToAny(const DataType& from, const DataType& to) {
  if (from.is(TypeKind::kDecimal)) {
    if (!to.is(TypeKind::kDecimal)) return DecimalToNumber(from, to);
    return NullingCast(from, to, [from, to](const Column& column, int64_t row) {
      return RescaleDecimal(column.At<int128_t>(row), from.scale(), to.precision(), to.scale());
    });
  }
  return DispatchNumber(from.physical(), [&](auto source) -> Kernel {
    using From = decltype(source);
    if (to.is(TypeKind::kDecimal)) return NumberToDecimal<From>(from, to);
    return DispatchNumber(to.physical(),
                          [&](auto target) { return NumberToNumber<From, decltype(target)>(to); });
  });
}

Kernel NumberToBoolean(const DataType& from, const DataType& to) {
  return CastKernel(from, to, false, [](const Column& column, int64_t row) -> std::optional<bool> {
    Value value = column.ValueAt(row);
    if (value.is_int()) return value.as_int() != 0;
    return column.physical() == Physical::kInt128 ? value.as_int128() != 0 : value.as_double() != 0;
  });
}

Kernel BooleanToNumber(const DataType& from, const DataType& to) {
  return CastKernel(from, to, false, [to](const Column& column, int64_t row) -> std::optional<Value> {
    int64_t bit = column.At<uint8_t>(row);
    if (to.is(TypeKind::kDecimal)) {
      std::optional<int128_t> unscaled = RescaleDecimal(bit, 0, to.precision(), to.scale());
      return unscaled ? Value::Int128(*unscaled) : Value::Null();
    }
    return to.is_approximate() ? Value::Double(static_cast<double>(bit)) : Value::Int(bit);
  });
}

std::optional<bool> ParseBoolean(std::string_view text) {
  for (std::string_view yes : {"t", "true", "y", "yes", "1"}) {
    if (EqualsIgnoreCase(text, yes)) return true;
  }
  for (std::string_view no : {"f", "false", "n", "no", "0"}) {
    if (EqualsIgnoreCase(text, no)) return false;
  }
  return std::nullopt;
}

// Integers as Flink parses them: an optional sign, digits, and a fraction that is cut off.
template <typename T>
std::optional<T> ParseInteger(std::string_view text) {
  text = TrimSpace(text);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  T value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  std::string_view rest = text.substr(static_cast<size_t>(end - text.data()));
  if (rest.empty()) return value;
  if (rest.front() != '.') return std::nullopt;
  for (char c : rest.substr(1)) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  return value;
}

template <typename T>
std::optional<T> ParseFloat(std::string_view text) {
  text = TrimSpace(text);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  if (!text.empty() &&
      (text.back() == 'd' || text.back() == 'f' || text.back() == 'D' || text.back() == 'F')) {
    if (text != "inf") text.remove_suffix(1);
  }
  if (text == "NaN") return std::numeric_limits<T>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<T>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<T>::infinity();
  if (text.empty() || text.find_first_of("infnaINFNAxX") != std::string_view::npos) return std::nullopt;
  T value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    bool tiny = text.find("e-") != std::string_view::npos || text.find("E-") != std::string_view::npos;
    T limit = tiny ? T(0) : std::numeric_limits<T>::infinity();
    return text.front() == '-' ? -limit : limit;
  }
  return error == std::errc() ? std::optional<T>(value) : std::nullopt;
}

// Writes nanoseconds in the stored form of TIMESTAMP(p).
Value TimestampValue(int128_t nanos, const DataType& type) {
  int128_t stored = NanosToTimestamp(nanos, type.precision());
  return type.precision() <= 6 ? Value::Int(static_cast<int64_t>(stored)) : Value::Int128(stored);
}

int128_t NanosAt(const Column& column, int64_t row, const DataType& type) {
  int128_t stored = type.precision() <= 6 ? int128_t(column.At<int64_t>(row)) : column.At<int128_t>(row);
  return TimestampToNanos(stored, type.precision());
}

int64_t TruncateTime(int64_t millis, int precision) {
  int64_t unit = precision >= 3 ? 1 : precision == 2 ? 10 : precision == 1 ? 100 : 1000;
  return millis / unit * unit;
}

Kernel TextToTimestamp(const DataType& from, const DataType& to, const TimeZone* zone, bool nulls) {
  bool local = to.is(TypeKind::kTimestampLtz);
  return CastKernel(from, to, nulls,
                    [to, zone, local](const Column& column, int64_t row) -> std::optional<Value> {
                      std::optional<int128_t> nanos = ParseTimestamp(column.StringAt(row));
                      if (!nanos) return std::nullopt;
                      return TimestampValue(local ? zone->ToUtcNanos(*nanos) : *nanos, to);
                    });
}

Kernel TextToAny(const DataType& from, const DataType& to, const EvalContext& context, bool nulls) {
  switch (to.kind()) {
    case TypeKind::kBoolean:
      return CastKernel(from, to, nulls, [](const Column& c, int64_t row) {
        return ParseBoolean(TrimSpace(c.StringAt(row)));
      });
    case TypeKind::kTinyInt:
      return CastKernel(from, to, nulls,
                        [](const Column& c, int64_t row) { return ParseInteger<int8_t>(c.StringAt(row)); });
    case TypeKind::kSmallInt:
      return CastKernel(from, to, nulls,
                        [](const Column& c, int64_t row) { return ParseInteger<int16_t>(c.StringAt(row)); });
    case TypeKind::kInt:
      return CastKernel(from, to, nulls,
                        [](const Column& c, int64_t row) { return ParseInteger<int32_t>(c.StringAt(row)); });
    case TypeKind::kBigInt:
      return CastKernel(from, to, nulls,
                        [](const Column& c, int64_t row) { return ParseInteger<int64_t>(c.StringAt(row)); });
    case TypeKind::kFloat:
      return CastKernel(from, to, nulls,
                        [](const Column& c, int64_t row) { return ParseFloat<float>(c.StringAt(row)); });
    case TypeKind::kDouble:
      return CastKernel(from, to, nulls,
                        [](const Column& c, int64_t row) { return ParseFloat<double>(c.StringAt(row)); });
    case TypeKind::kDecimal:
      return CastKernel(from, to, nulls, [to](const Column& c, int64_t row) -> std::optional<Value> {
        std::string_view text = c.StringAt(row);
        if (std::optional<int128_t> v = ParseDecimal(text, to.precision(), to.scale()))
          return Value::Int128(*v);
        // A number that does not fit is NULL; text that is no number fails.
        if (ParseFloat<double>(text)) return Value::Null();
        return std::nullopt;
      });
    case TypeKind::kDate:
      return CastKernel(from, to, nulls, [](const Column& c, int64_t row) -> std::optional<int32_t> {
        std::optional<int64_t> days = ParseDate(c.StringAt(row));
        return days ? std::optional<int32_t>(static_cast<int32_t>(*days)) : std::nullopt;
      });
    case TypeKind::kTime:
      return CastKernel(from, to, nulls, [to](const Column& c, int64_t row) -> std::optional<int32_t> {
        std::optional<int64_t> millis = ParseTime(c.StringAt(row));
        if (!millis) return std::nullopt;
        return static_cast<int32_t>(TruncateTime(*millis, to.precision()));
      });
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz: return TextToTimestamp(from, to, context.zone, nulls);
    default: return nullptr;
  }
}

// Cuts or pads to a CHAR/VARCHAR length counted in code points.
std::string FitText(std::string text, const DataType& to, bool pad) {
  if (to.length() == DataType::kMaxLength) return text;
  size_t points = 0, at = 0;
  auto limit = static_cast<size_t>(to.length());
  while (at < text.size() && points < limit) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
    ++points;
  }
  text.resize(at);
  if (pad && to.is(TypeKind::kChar) && points < limit) text.append(limit - points, ' ');
  return text;
}

Kernel AnyToText(const DataType& from, const DataType& to, const EvalContext& context) {
  const TimeZone* zone = context.zone;
  if (from.is_character() && to.length() == DataType::kMaxLength) {
    return [](std::span<const ColumnPtr> args, int64_t) -> Result<ColumnPtr> { return args[0]; };
  }
  return CastKernel(from, to, false,
                    [from, to, zone](const Column& column, int64_t row) -> std::optional<std::string> {
                      if (from.is_character() || from.is_binary())
                        return FitText(std::string(column.StringAt(row)), to, true);
                      return FitText(ValueToText(column.ValueAt(row), from, *zone), to, true);
                    });
}

std::string FitBytes(std::string bytes, const DataType& to) {
  auto limit = static_cast<size_t>(to.length());
  if (bytes.size() > limit || to.is(TypeKind::kBinary)) bytes.resize(limit, '\0');
  return bytes;
}

Kernel TextToBinary(const DataType& from, const DataType& to) {
  return CastKernel(from, to, false, [to](const Column& column, int64_t row) -> std::optional<std::string> {
    return FitBytes(std::string(column.StringAt(row)), to);
  });
}

Kernel DatetimeToAny(const DataType& from, const DataType& to, const TimeZone* zone) {
  return CastKernel(
      from, to, false, [from, to, zone](const Column& column, int64_t row) -> std::optional<Value> {
        int128_t nanos = 0;  // local wall clock
        bool utc = false;    // nanos is an instant instead
        switch (from.kind()) {
          case TypeKind::kDate: nanos = int128_t(column.At<int32_t>(row)) * kNanosPerDay; break;
          case TypeKind::kTime: nanos = int128_t(column.At<int32_t>(row)) * 1'000'000; break;
          case TypeKind::kTimestampLtz: utc = true; [[fallthrough]];
          default: nanos = NanosAt(column, row, from);
        }
        if (to.is(TypeKind::kTimestampLtz)) return TimestampValue(utc ? nanos : zone->ToUtcNanos(nanos), to);
        if (utc) nanos = zone->ToLocalNanos(nanos);
        switch (to.kind()) {
          case TypeKind::kDate:
            return Value::Int(static_cast<int64_t>(FloorDiv(nanos, int128_t(kNanosPerDay))));
          case TypeKind::kTime:
            return Value::Int(TruncateTime(
                static_cast<int64_t>(FloorMod(nanos, int128_t(kNanosPerDay)) / 1'000'000), to.precision()));
          default: return TimestampValue(nanos, to);
        }
      });
}

Kernel IntervalToAny(const DataType& from, const DataType& to) {
  return CastKernel(from, to, false, [](const Column& column, int64_t row) -> std::optional<Value> {
    return column.ValueAt(row);
  });
}

Result<Kernel> NestedCast(const DataType& from, const DataType& to, const EvalContext& context, bool nulls) {
  std::vector<Kernel> kernels;
  for (size_t i = 0; i < to.fields().size(); ++i) {
    ASSIGN_OR_RETURN(Kernel kernel, MakeCast(from.fields()[i].type, to.fields()[i].type, context, nulls));
    kernels.push_back(std::move(kernel));
  }
  return Kernel([kernels](std::span<const ColumnPtr> args, int64_t) -> Result<ColumnPtr> {
    ColumnPtr column = Column::Flatten(args[0]);
    std::vector<ColumnPtr> children;
    for (size_t i = 0; i < column->children().size(); ++i) {
      const ColumnPtr& child = column->child(i);
      if (i >= kernels.size()) {  // the counts of a MULTISET
        children.push_back(child);
        continue;
      }
      ASSIGN_OR_RETURN(ColumnPtr converted, kernels[i](std::span(&child, 1), child->length()));
      children.push_back(Column::Flatten(converted));
    }
    std::shared_ptr<Buffer> validity;
    if (column->has_validity()) {
      validity = std::make_shared<Buffer>();
      validity->Append(column->validity(), static_cast<size_t>(column->length()));
    }
    if (column->physical() == Physical::kRow)
      return Column::Row(column->length(), std::move(children), validity);
    auto offsets = std::make_shared<Buffer>();
    offsets->Append(column->offsets(), (static_cast<size_t>(column->length()) + 1) * sizeof(int32_t));
    return Column::Nested(column->physical(), column->length(), offsets, std::move(children), validity);
  });
}

}  // namespace

Result<Kernel> MakeCast(const DataType& from, const DataType& to, const EvalContext& context,
                        bool nulls_on_error) {
  Kernel kernel;
  if (from.SameAs(to)) {
    kernel = [](std::span<const ColumnPtr> args, int64_t) -> Result<ColumnPtr> { return args[0]; };
  } else if (from.is(TypeKind::kNull)) {
    kernel = [to](std::span<const ColumnPtr>, int64_t rows) -> Result<ColumnPtr> {
      return Column::Constant(to, Value::Null(), rows);
    };
  } else if (to.is_character()) {
    kernel = AnyToText(from, to, context);
  } else if (from.is_numeric() && to.is_numeric()) {
    kernel = NumberToAny(from, to);
  } else if (from.is_numeric() && to.is(TypeKind::kBoolean)) {
    kernel = NumberToBoolean(from, to);
  } else if (from.is(TypeKind::kBoolean) && to.is_numeric()) {
    kernel = BooleanToNumber(from, to);
  } else if (from.is_character() && to.is_binary()) {
    kernel = TextToBinary(from, to);
  } else if (from.is_binary() && to.is_binary()) {
    kernel = TextToBinary(from, to);
  } else if (from.is_character()) {
    kernel = TextToAny(from, to, context, nulls_on_error);
  } else if (from.is_datetime() && to.is_datetime()) {
    kernel = DatetimeToAny(from, to, context.zone);
  } else if (from.is_interval() || to.is_interval()) {
    kernel = IntervalToAny(from, to);
  } else if (from.kind() == to.kind() && (from.is_collection() || from.is(TypeKind::kRow)) &&
             from.fields().size() == to.fields().size()) {
    return NestedCast(from, to, context, nulls_on_error);
  }
  if (!kernel) {
    return SqlError(ErrorNumber::kBadCast, {}, "cannot cast " + from.ToString() + " to " + to.ToString());
  }
  return kernel;
}

}  // namespace penstock
