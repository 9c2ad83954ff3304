// Parsing and printing of single values.
#include "formats/text_values.h"

#include <charconv>
#include <limits>

#include "base/strings.h"
#include "data/datetime.h"
#include "data/decimal.h"
#include "data/value_text.h"

namespace penstock {

namespace {

bool Digits(std::string_view text, size_t at, size_t count, int* value) {
  if (at + count > text.size()) return false;
  int number = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    number = number * 10 + (text[i] - '0');
  }
  *value = number;
  return true;
}

// As String.trim of Java: everything up to the blank.
std::string_view JavaTrim(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

template <typename T>
bool ParseFloating(std::string_view text, T* value) {
  text = JavaTrim(text);
  bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  if (text == "NaN") {
    *value = std::numeric_limits<T>::quiet_NaN();
    return true;
  }
  if (text == "Infinity") {
    *value = negative ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
    return true;
  }
  if (text.empty() || ((text.front() < '0' || text.front() > '9') && text.front() != '.')) return false;
  if (std::string_view("dDfF").find(text.back()) != std::string_view::npos) text.remove_suffix(1);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (error == std::errc::result_out_of_range) {
    bool tiny = text.find("e-") != std::string_view::npos || text.find("E-") != std::string_view::npos;
    *value = tiny ? T(0) : std::numeric_limits<T>::infinity();
  } else if (error != std::errc()) {
    return false;
  }
  if (end != text.data() + text.size()) return false;
  if (negative) *value = -*value;
  return true;
}

bool AppendTimestamp(int128_t nanos, const DataType& type, ColumnBuilder* to) {
  int128_t stored = NanosToTimestamp(nanos, type.precision());
  if (type.precision() <= 6)
    to->Append(static_cast<int64_t>(stored));
  else
    to->Append(stored);
  return true;
}

bool AppendDecimalText(std::string_view text, const DataType& type, ColumnBuilder* to) {
  text = JavaTrim(text);
  if (std::optional<int128_t> unscaled = ParseDecimal(text, type.precision(), type.scale())) {
    to->Append(*unscaled);
    return true;
  }
  if (!IsDecimalText(text)) return false;
  to->AppendNull();
  return true;
}

bool AppendTimeText(std::string_view text, const DataType& type, TimestampStandard standard,
                    ColumnBuilder* to) {
  std::optional<int64_t> nanos = ParseIsoTime(text, standard == TimestampStandard::kIso8601);
  if (!nanos) return false;
  int64_t unit = 1;
  for (int p = std::min(type.precision(), 3); p < 3; ++p) unit *= 10;
  to->Append(static_cast<int32_t>(*nanos / 1'000'000 / unit * unit));
  return true;
}

}  // namespace

std::optional<int64_t> ParseIsoDate(std::string_view text) {
  int year = 0, month = 0, day = 0;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' || !Digits(text, 0, 4, &year) ||
      !Digits(text, 5, 2, &month) || !Digits(text, 8, 2, &day)) {
    return std::nullopt;
  }
  if (month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, month)) return std::nullopt;
  return DaysFromCivil({year, month, day});
}

std::optional<int64_t> ParseIsoTime(std::string_view text, bool seconds_optional) {
  int hour = 0, minute = 0, second = 0;
  if (text.size() < 5 || text[2] != ':' || !Digits(text, 0, 2, &hour) || !Digits(text, 3, 2, &minute) ||
      hour > 23 || minute > 59) {
    return std::nullopt;
  }
  int64_t nanos = 0;
  if (text.size() > 5) {
    if (text.size() < 8 || text[5] != ':' || !Digits(text, 6, 2, &second) || second > 59) return std::nullopt;
    if (text.size() > 8) {
      if (text[8] != '.' || text.size() > 18) return std::nullopt;
      int64_t unit = kNanosPerSecond / 10;
      for (size_t i = 9; i < text.size(); ++i, unit /= 10) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        nanos += (text[i] - '0') * unit;
      }
    }
  } else if (!seconds_optional) {
    return std::nullopt;
  }
  return (int64_t(hour) * 3600 + minute * 60 + second) * kNanosPerSecond + nanos;
}

std::optional<int128_t> ParseStandardTimestamp(std::string_view text, TimestampStandard standard,
                                               bool zoned) {
  bool iso = standard == TimestampStandard::kIso8601;
  if (zoned) {
    if (text.empty() || text.back() != 'Z') return std::nullopt;
    text.remove_suffix(1);
  }
  if (text.size() < 11 || text[10] != (iso ? 'T' : ' ')) return std::nullopt;
  std::optional<int64_t> days = ParseIsoDate(text.substr(0, 10));
  std::optional<int64_t> nanos = ParseIsoTime(text.substr(11), iso);
  if (!days || !nanos) return std::nullopt;
  return int128_t(*days) * kNanosPerDay + *nanos;
}

bool IsDecimalText(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  bool digits = false, point = false;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    if (text[i] == '.' && !point)
      point = true;
    else if (text[i] >= '0' && text[i] <= '9')
      digits = true;
    else
      break;
  }
  if (!digits) return false;
  if (i == text.size()) return true;
  if (text[i] != 'e' && text[i] != 'E') return false;
  std::string_view rest = text.substr(i + 1);
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) rest.remove_prefix(1);
  if (rest.empty() || rest.size() > 9) return false;
  return rest.find_first_not_of("0123456789") == std::string_view::npos;
}

bool AppendInteger(int64_t value, ColumnBuilder* to) {
  switch (to->physical()) {
    case Physical::kInt8:
      if (value != static_cast<int8_t>(value)) return false;
      to->Append(static_cast<int8_t>(value));
      return true;
    case Physical::kInt16:
      if (value != static_cast<int16_t>(value)) return false;
      to->Append(static_cast<int16_t>(value));
      return true;
    case Physical::kInt32:
      if (value != static_cast<int32_t>(value)) return false;
      to->Append(static_cast<int32_t>(value));
      return true;
    default: to->Append(value); return true;
  }
}

bool AppendFromText(std::string_view text, const DataType& type, TimestampStandard standard,
                    ColumnBuilder* to) {
  switch (type.kind()) {
    case TypeKind::kBoolean:
      to->Append<uint8_t>(EqualsIgnoreCase(JavaTrim(text), "true") ? 1 : 0);
      return true;
    case TypeKind::kTinyInt:
    case TypeKind::kSmallInt:
    case TypeKind::kInt:
    case TypeKind::kBigInt:
    case TypeKind::kIntervalYearMonth:
    case TypeKind::kIntervalDayTime: {
      text = JavaTrim(text);
      if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
      int64_t value = 0;
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      return error == std::errc() && end == text.data() + text.size() && AppendInteger(value, to);
    }
    case TypeKind::kFloat: {
      float value = 0;
      if (!ParseFloating(text, &value)) return false;
      to->Append(value);
      return true;
    }
    case TypeKind::kDouble: {
      double value = 0;
      if (!ParseFloating(text, &value)) return false;
      to->Append(value);
      return true;
    }
    case TypeKind::kDecimal: return AppendDecimalText(text, type, to);
    case TypeKind::kChar:
    case TypeKind::kVarChar:
    case TypeKind::kVariant: to->AppendString(text); return true;
    case TypeKind::kBinary:
    case TypeKind::kVarBinary: {
      std::string bytes;
      if (!DecodeBase64(text, &bytes)) return false;
      to->AppendString(bytes);
      return true;
    }
    case TypeKind::kDate: {
      std::optional<int64_t> days = ParseIsoDate(text);
      if (days) to->Append(static_cast<int32_t>(*days));
      return days.has_value();
    }
    case TypeKind::kTime: return AppendTimeText(text, type, standard, to);
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz: {
      std::optional<int128_t> nanos =
          ParseStandardTimestamp(text, standard, type.is(TypeKind::kTimestampLtz));
      return nanos && AppendTimestamp(*nanos, type, to);
    }
    default: return false;
  }
}

int64_t IntegerAt(const Column& column, int64_t row) {
  switch (column.physical()) {
    case Physical::kInt8: return column.At<int8_t>(row);
    case Physical::kInt16: return column.At<int16_t>(row);
    case Physical::kInt32: return column.At<int32_t>(row);
    default: return column.At<int64_t>(row);
  }
}

void AppendTemporal(const Column& column, int64_t row, const DataType& type, TimestampStandard standard,
                    std::string* out) {
  if (type.is(TypeKind::kDate)) {
    *out += FormatDate(column.At<int32_t>(row));
    return;
  }
  if (type.is(TypeKind::kTime)) {
    int64_t millis = column.At<int32_t>(row);
    *out += FormatTime(millis, millis % 1000 == 0 ? 0 : millis % 100 == 0 ? 1 : millis % 10 == 0 ? 2 : 3);
    return;
  }
  int128_t stored = type.precision() <= 6 ? int128_t(column.At<int64_t>(row)) : column.At<int128_t>(row);
  *out += FormatTimestampShort(TimestampToNanos(stored, type.precision()),
                               standard == TimestampStandard::kIso8601 ? 'T' : ' ');
  if (type.is(TypeKind::kTimestampLtz)) *out += 'Z';
}

void AppendNumber(const Column& column, int64_t row, const DataType& type, bool plain, std::string* out) {
  if (type.is(TypeKind::kFloat)) {
    *out += FormatFloat(column.At<float>(row));
  } else if (type.is(TypeKind::kDouble)) {
    *out += FormatDouble(column.At<double>(row));
  } else if (plain) {
    *out += FormatDecimal(column.At<int128_t>(row), type.scale());
  } else {
    *out += FormatDecimalStripped(column.At<int128_t>(row), type.scale());
  }
}

}  // namespace penstock
