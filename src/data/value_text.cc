// Text of values.
#include "data/value_text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "base/strings.h"
#include "data/decimal.h"

namespace penstock {

namespace {
template <typename T>
std::string FormatJavaFloat(T value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  std::array<char, 64> buffer{};
  auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  std::string_view text(buffer.data(), static_cast<size_t>(end - buffer.data()));
  size_t e = text.find('e');
  int exponent = 0;
  std::string_view exponent_text = text.substr(e + 1);
  if (exponent_text.front() == '+') exponent_text.remove_prefix(1);
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  std::string sign = text.front() == '-' ? "-" : "";
  std::string digits;
  for (char c : text.substr(0, e)) {
    if (c >= '0' && c <= '9') digits.push_back(c);
  }
  if (exponent < -3 || exponent >= 7) {
    std::string fraction = digits.size() > 1 ? digits.substr(1) : "0";
    return fmt::format("{}{}.{}E{}", sign, digits[0], fraction, exponent);
  }
  if (exponent < 0) return sign + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return sign + digits + std::string(whole - digits.size(), '0') + ".0";
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

int128_t StoredTimestamp(const Value& value) {
  return value.is_int() ? int128_t(value.as_int()) : value.as_int128();
}

std::string ListText(const Value& value, const DataType& type, const TimeZone& zone) {
  std::string text = "[";
  bool first = true;
  for (const Value& element : value.as_list()) {
    if (!first) text += ", ";
    first = false;
    text += ValueToText(element, type.element(), zone);
  }
  return text + "]";
}

std::string MapText(const Value& value, const DataType& key, const DataType& mapped, const TimeZone& zone) {
  std::string text = "{";
  const ValueList& list = value.as_list();
  for (size_t i = 0; i + 1 < list.size(); i += 2) {
    if (i > 0) text += ", ";
    text += ValueToText(list[i], key, zone) + "=" + ValueToText(list[i + 1], mapped, zone);
  }
  return text + "}";
}

std::string RowText(const Value& value, const DataType& type, const TimeZone& zone) {
  std::string text = "(";
  for (size_t i = 0; i < type.fields().size(); ++i) {
    if (i > 0) text += ", ";
    text += ValueToText(value.as_list()[i], type.fields()[i].type, zone);
  }
  return text + ")";
}

std::string MapJson(const Value& value, const DataType& key, const DataType& mapped) {
  const ValueList& list = value.as_list();
  bool object = key.is_character();
  for (size_t i = 0; i < list.size(); i += 2) object = object && !list[i].is_null();
  std::string text = object ? "{" : "[";
  for (size_t i = 0; i + 1 < list.size(); i += 2) {
    if (i > 0) text += ",";
    std::string k = ValueToJson(list[i], key);
    std::string v = ValueToJson(list[i + 1], mapped);
    text += object ? k + ":" + v : "[" + k + "," + v + "]";
  }
  return text + (object ? "}" : "]");
}

std::string JsonDouble(double value, bool single) {
  if (!std::isfinite(value)) return QuoteJson(FormatDouble(value));
  std::array<char, 64> buffer{};
  auto end = single
                 ? std::to_chars(buffer.data(), buffer.data() + buffer.size(), static_cast<float>(value)).ptr
                 : std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), static_cast<size_t>(end - buffer.data())};
}

std::string ShortTime(int64_t millis) {
  int digits = millis % 1000 == 0 ? 0 : millis % 100 == 0 ? 1 : millis % 10 == 0 ? 2 : 3;
  return FormatTime(millis, digits);
}

// A TIME has at most as many fraction digits as its precision, and at least one where that is not 0.
std::string TimeText(int64_t millis, int precision) {
  std::string text = FormatTime(millis, std::min(precision, 3));
  while (precision > 1 && text.back() == '0' && text[text.size() - 2] != '.') text.pop_back();
  return text;
}

std::string BitmapText(std::string_view bytes) {
  std::string text = "{";
  for (size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    uint32_t member = 0;
    std::memcpy(&member, bytes.data() + i, 4);
    if (i > 0) text += ",";
    text += std::to_string(member);
  }
  return text + "}";
}
}  // namespace

std::string FormatDouble(double value) { return FormatJavaFloat(value); }
std::string FormatFloat(float value) { return FormatJavaFloat(value); }

std::string ValueToText(const Value& value, const DataType& type, const TimeZone& zone) {
  if (value.is_null()) return "NULL";
  switch (type.kind()) {
    case TypeKind::kNull: return "NULL";
    case TypeKind::kBoolean: return value.as_bool() ? "TRUE" : "FALSE";
    case TypeKind::kTinyInt:
    case TypeKind::kSmallInt:
    case TypeKind::kInt:
    case TypeKind::kBigInt: return std::to_string(value.as_int());
    case TypeKind::kFloat: return FormatFloat(static_cast<float>(value.as_double()));
    case TypeKind::kDouble: return FormatDouble(value.as_double());
    case TypeKind::kDecimal: return FormatDecimal(value.as_int128(), type.scale());
    case TypeKind::kDate: return FormatDate(value.as_int());
    case TypeKind::kTime: return TimeText(value.as_int(), type.precision());
    case TypeKind::kTimestamp:
      return FormatTimestamp(TimestampToNanos(StoredTimestamp(value), type.precision()), type.precision());
    case TypeKind::kTimestampLtz: {
      int128_t nanos = TimestampToNanos(StoredTimestamp(value), type.precision());
      return FormatTimestamp(zone.ToLocalNanos(nanos), type.precision());
    }
    case TypeKind::kIntervalYearMonth: return FormatYearMonthInterval(value.as_int());
    case TypeKind::kIntervalDayTime: return FormatDayTimeInterval(value.as_int());
    case TypeKind::kArray: return ListText(value, type, zone);
    case TypeKind::kMap: return MapText(value, type.map_key(), type.map_value(), zone);
    case TypeKind::kMultiset: return MapText(value, type.element(), DataType::Int(), zone);
    case TypeKind::kRow: return RowText(value, type, zone);
    case TypeKind::kBitmap: return BitmapText(value.as_string());
    default: return value.as_string();
  }
}

std::string ValueToJson(const Value& value, const DataType& type) {
  if (value.is_null()) return "null";
  switch (type.kind()) {
    case TypeKind::kNull: return "null";
    case TypeKind::kBoolean: return value.as_bool() ? "true" : "false";
    case TypeKind::kFloat: return JsonDouble(value.as_double(), true);
    case TypeKind::kDouble: return JsonDouble(value.as_double(), false);
    case TypeKind::kDecimal: return FormatDecimal(value.as_int128(), type.scale());
    case TypeKind::kBinary:
    case TypeKind::kVarBinary: return QuoteJson(EncodeBase64(value.as_string()));
    case TypeKind::kDate: return QuoteJson(FormatDate(value.as_int()));
    case TypeKind::kTime: return QuoteJson(ShortTime(value.as_int()));
    case TypeKind::kTimestamp:
      return QuoteJson(FormatTimestampShort(TimestampToNanos(StoredTimestamp(value), type.precision())));
    case TypeKind::kTimestampLtz:
      return QuoteJson(FormatTimestampShort(TimestampToNanos(StoredTimestamp(value), type.precision())) +
                       "Z");
    case TypeKind::kArray: {
      std::string text = "[";
      for (const Value& element : value.as_list()) {
        if (text.size() > 1) text += ",";
        text += ValueToJson(element, type.element());
      }
      return text + "]";
    }
    case TypeKind::kMap: return MapJson(value, type.map_key(), type.map_value());
    case TypeKind::kMultiset: return MapJson(value, type.element(), DataType::Int());
    case TypeKind::kRow: {
      std::string text = "{";
      for (size_t i = 0; i < type.fields().size(); ++i) {
        if (i > 0) text += ",";
        text +=
            QuoteJson(type.fields()[i].name) + ":" + ValueToJson(value.as_list()[i], type.fields()[i].type);
      }
      return text + "}";
    }
    case TypeKind::kBitmap: return QuoteJson(BitmapText(value.as_string()));
    default: break;
  }
  return value.is_int() ? std::to_string(value.as_int()) : QuoteJson(value.as_string());
}

namespace {
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

std::string EncodeBase64(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < count ? static_cast<uint8_t>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k) out.push_back(k <= count ? kAlphabet[group >> (18 - 6 * k) & 63] : '=');
  }
  return out;
}

bool DecodeBase64(std::string_view text, std::string* bytes) {
  bytes->clear();
  uint32_t group = 0;
  int bits = 0;
  size_t padding = 0;
  for (char c : text) {
    if (c == '=') {
      ++padding;
      continue;
    }
    size_t index = kAlphabet.find(c);
    if (index == std::string_view::npos || padding > 0) return false;
    group = group << 6 | static_cast<uint32_t>(index);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes->push_back(static_cast<char>(group >> bits & 0xff));
    }
  }
  return padding <= 2 && bits < 6 + 1;
}

}  // namespace penstock
