// Casts from text to BOOLEAN, numbers, dates and times. Blanks around numbers and truth values do not count.
#include <charconv>

#include "base/strings.h"
#include "data/datetime.h"
#include "data/decimal.h"
#include "expr/cast/cast_kernels.h"
#include "expr/functions/time/time_value.h"
#include "expr/time/time_text.h"

namespace penstock {

namespace {

// Integers as Flink parses them: an optional sign, digits, and a fraction that is cut off.
template <typename T>
std::optional<T> ParseInteger(std::string_view text) {
  text = TrimSpace(text);
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return std::nullopt;
  }
  T value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return std::nullopt;
  auto taken = static_cast<size_t>(end - text.data());
  if (error != std::errc() && !text.empty() && text.front() == '-') taken = 1;
  std::string_view rest = text.substr(taken);
  if (rest.empty()) return error == std::errc() ? std::optional<T>(value) : std::nullopt;
  if (rest.front() != '.') return std::nullopt;
  for (char c : rest.substr(1)) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  return value;
}

template <typename T>
std::optional<T> ParseFloat(std::string_view text) {
  text = TrimSpace(text);
  std::string_view magnitude = text;
  if (!magnitude.empty() && (magnitude.front() == '+' || magnitude.front() == '-'))
    magnitude.remove_prefix(1);
  bool negative = !text.empty() && text.front() == '-';
  if (magnitude == "NaN") return std::numeric_limits<T>::quiet_NaN();
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  if (magnitude == "Infinity") return negative ? -kInfinity : kInfinity;
  // A Java number may end in its type: 1.5f, 2d.
  if (!magnitude.empty() && std::string_view("dDfF").find(magnitude.back()) != std::string_view::npos) {
    magnitude.remove_suffix(1);
  }
  if (magnitude.empty() || magnitude.find_first_not_of("0123456789.eE+-") != std::string_view::npos ||
      magnitude.front() == '+' || magnitude.front() == '-') {
    return std::nullopt;
  }
  T value = 0;
  auto [end, error] = std::from_chars(magnitude.data(), magnitude.data() + magnitude.size(), value);
  if (end != magnitude.data() + magnitude.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    bool tiny =
        magnitude.find("e-") != std::string_view::npos || magnitude.find("E-") != std::string_view::npos;
    value = tiny ? T(0) : kInfinity;
  } else if (error != std::errc()) {
    return std::nullopt;
  }
  return negative ? -value : value;
}

template <typename T>
Kernel TextToNumber(const DataType& from, const DataType& to, bool nulls) {
  return CastKernel(from, to, nulls, [](const Column& column, int64_t row) -> std::optional<T> {
    if constexpr (std::is_floating_point_v<T>) {
      return ParseFloat<T>(column.StringAt(row));
    } else {
      return ParseInteger<T>(column.StringAt(row));
    }
  });
}

Kernel TextToDate(const DataType& from, const DataType& to, bool nulls) {
  return CastKernel(from, to, nulls, [](const Column& c, int64_t row) -> std::optional<int32_t> {
    std::optional<int64_t> days = ReadDate(c.StringAt(row));
    return days ? std::optional<int32_t>(static_cast<int32_t>(*days)) : std::nullopt;
  });
}

Kernel TextToTime(const DataType& from, const DataType& to, bool nulls) {
  return CastKernel(from, to, nulls, [to](const Column& c, int64_t row) -> std::optional<int32_t> {
    std::optional<int64_t> millis = ReadTime(c.StringAt(row));
    if (!millis) return std::nullopt;
    return static_cast<int32_t>(TruncateTime(*millis, to.precision()));
  });
}

Kernel TextToTimestamp(const DataType& from, const DataType& to, const TimeZone* zone, bool nulls) {
  bool local = to.is(TypeKind::kTimestampLtz);
  return CastKernel(from, to, nulls,
                    [to, zone, local](const Column& column, int64_t row) -> std::optional<Value> {
                      std::optional<int128_t> nanos = ReadTimestamp(column.StringAt(row));
                      if (!nanos) return std::nullopt;
                      return TimestampFromNanos(local ? zone->ToUtcNanos(*nanos) : *nanos, to);
                    });
}

}  // namespace

std::optional<bool> ParseBoolean(std::string_view text) {
  text = TrimSpace(text);
  for (std::string_view yes : {"t", "true", "y", "yes", "1"}) {
    if (EqualsIgnoreCase(text, yes)) return true;
  }
  for (std::string_view no : {"f", "false", "n", "no", "0"}) {
    if (EqualsIgnoreCase(text, no)) return false;
  }
  return std::nullopt;
}

Kernel CastFromText(const DataType& from, const DataType& to, const EvalContext& context, bool nulls) {
  switch (to.kind()) {
    case TypeKind::kBoolean:
      return CastKernel(from, to, nulls,
                        [](const Column& c, int64_t row) { return ParseBoolean(c.StringAt(row)); });
    case TypeKind::kTinyInt: return TextToNumber<int8_t>(from, to, nulls);
    case TypeKind::kSmallInt: return TextToNumber<int16_t>(from, to, nulls);
    case TypeKind::kInt: return TextToNumber<int32_t>(from, to, nulls);
    case TypeKind::kBigInt: return TextToNumber<int64_t>(from, to, nulls);
    case TypeKind::kFloat: return TextToNumber<float>(from, to, nulls);
    case TypeKind::kDouble: return TextToNumber<double>(from, to, nulls);
    case TypeKind::kDecimal:
      // Unlike a number, a text that does not fit cannot be converted.
      return CastKernel(from, to, nulls, [to](const Column& c, int64_t row) {
        return ParseDecimal(c.StringAt(row), to.precision(), to.scale());
      });
    case TypeKind::kDate: return TextToDate(from, to, nulls);
    case TypeKind::kTime: return TextToTime(from, to, nulls);
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz: return TextToTimestamp(from, to, context.zone, nulls);
    default: return nullptr;
  }
}

}  // namespace penstock
