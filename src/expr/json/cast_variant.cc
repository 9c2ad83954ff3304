// Casts from VARIANT, whose stored form is JSON text, to scalar types. Numbers convert as Java's Number does:
// integers wrap, a number with an exponent is a double and saturates. The JSON null is NULL; a value of
// another kind than asked for cannot be converted.
#include <charconv>

#include "base/strings.h"
#include "data/decimal.h"
#include "expr/cast/cast_kernels.h"

#include <simdjson.h>

namespace penstock {

namespace {

struct Number {
  bool exact = false;
  int128_t whole = 0;  // of an exact number, its fraction cut off
  double approximate = 0;
};

std::optional<Number> ParseNumber(std::string_view text) {
  bool starts = !text.empty() && (text.front() == '-' || (text.front() >= '0' && text.front() <= '9'));
  if (!starts) return std::nullopt;
  Number number;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number.approximate);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    number.approximate = std::numeric_limits<double>::infinity() * (text.front() == '-' ? -1 : 1);
  }
  if (text.find_first_of("eE") != std::string_view::npos) return number;
  std::optional<int128_t> whole = ParseDecimal(text.substr(0, text.find('.')), 38, 0);
  number.exact = whole.has_value();
  number.whole = whole.value_or(0);
  return number;
}

Value NumberAs(const Number& number, std::string_view text, const DataType& to) {
  if (to.is(TypeKind::kDecimal)) {
    std::optional<int128_t> unscaled = ParseDecimal(text, to.precision(), to.scale());
    return unscaled ? Value::Int128(*unscaled) : Value::Null();
  }
  return DispatchNumber(to.physical(), [&](auto tag) {
    using To = decltype(tag);
    if constexpr (std::is_floating_point_v<To>) {
      return Value::Double(static_cast<To>(number.approximate));
    } else {
      return Value::Int(number.exact ? static_cast<To>(number.whole) : NarrowDouble<To>(number.approximate));
    }
  });
}

// The text of a JSON string, anything else as it stands.
std::optional<std::string> TextOf(std::string_view json) {
  if (json.empty() || json.front() != '"') return std::string(json);
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  std::string_view text;
  if (parser.parse(json.data(), json.size()).get(element) != simdjson::SUCCESS) return std::nullopt;
  if (element.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
  return std::string(text);
}

std::optional<Value> Convert(std::string_view json, const DataType& to, bool fit) {
  if (json == "null") return Value::Null();
  if (to.is_character()) {
    std::optional<std::string> text = TextOf(json);
    if (!text) return std::nullopt;
    return Value::String(fit ? FitText(std::move(*text), to) : std::move(*text));
  }
  if (to.is(TypeKind::kBoolean)) {
    bool truth = json == "true" || json == "false";
    return truth ? std::optional(Value::Bool(json == "true")) : std::nullopt;
  }
  if (!to.is_numeric()) return std::nullopt;
  std::optional<Number> number = ParseNumber(json);
  if (!number) return std::nullopt;
  Value value = NumberAs(*number, json, to);
  return value.is_null() ? std::nullopt : std::optional(std::move(value));
}

}  // namespace

Kernel CastFromVariant(const DataType& from, const DataType& to, const EvalContext& context, bool nulls) {
  bool fit = !context.legacy_cast;
  return CastKernel(from, to, nulls, [to, fit](const Column& column, int64_t row) {
    return Convert(TrimSpace(column.StringAt(row)), to, fit);
  });
}

}  // namespace penstock
