// Java's toString of the values of each SQL type.
#include "connectors/print/row_text.h"

#include "data/datetime.h"
#include "data/decimal.h"
#include "data/value_text.h"

namespace penstock {

namespace {

// java.time's times: no seconds when they are zero, fractions in groups of three digits.
std::string JavaTime(int64_t nanos_of_day) {
  int64_t fraction = nanos_of_day % kNanosPerSecond;
  int digits = fraction == 0 ? 0 : fraction % 1'000'000 == 0 ? 3 : fraction % 1000 == 0 ? 6 : 9;
  std::string text = FormatTimestamp(nanos_of_day, digits).substr(11);
  return digits == 0 && text.ends_with(":00") ? text.substr(0, 5) : text;
}

std::string JavaTimestamp(int128_t nanos, bool instant) {
  auto days = static_cast<int64_t>(FloorDiv(nanos, int128_t(kNanosPerDay)));
  auto of_day = static_cast<int64_t>(FloorMod(nanos, int128_t(kNanosPerDay)));
  std::string time = JavaTime(of_day);
  if (instant && time.size() == 5) time += ":00";  // Instant always has seconds
  return FormatDate(days) + "T" + time + (instant ? "Z" : "");
}

std::string JavaEntries(const Value& value, const DataType& key, const DataType& mapped) {
  std::string text = "{";
  const ValueList& list = value.as_list();
  for (size_t i = 0; i + 1 < list.size(); i += 2) {
    if (i > 0) text += ", ";
    text += JavaText(list[i], key) + "=" + JavaText(list[i + 1], mapped);
  }
  return text + "}";
}

std::string JavaBytes(const std::string& bytes) {
  std::string text = "[";
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(static_cast<int>(static_cast<signed char>(bytes[i])));
  }
  return text + "]";
}

}  // namespace

std::string JavaText(const Value& value, const DataType& type) {
  if (value.is_null()) return "null";
  switch (type.kind()) {
    case TypeKind::kBoolean: return value.as_bool() ? "true" : "false";
    case TypeKind::kFloat: return FormatFloat(static_cast<float>(value.as_double()));
    case TypeKind::kDecimal: return FormatDecimal(value.as_int128(), type.scale());
    case TypeKind::kBinary:
    case TypeKind::kVarBinary: return JavaBytes(value.as_string());
    case TypeKind::kTime: return JavaTime(value.as_int() * 1'000'000);
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz: {
      int128_t stored = value.is_int() ? int128_t(value.as_int()) : value.as_int128();
      return JavaTimestamp(TimestampToNanos(stored, type.precision()), type.is(TypeKind::kTimestampLtz));
    }
    case TypeKind::kMap: return JavaEntries(value, type.map_key(), type.map_value());
    case TypeKind::kMultiset: return JavaEntries(value, type.element(), DataType::Int());
    case TypeKind::kArray:
    case TypeKind::kRow: {
      std::string text = type.is(TypeKind::kRow) ? "+I[" : "[";
      const ValueList& list = value.as_list();
      for (size_t i = 0; i < list.size(); ++i) {
        if (i > 0) text += ", ";
        text += JavaText(list[i], type.is(TypeKind::kRow) ? type.fields()[i].type : type.element());
      }
      return text + "]";
    }
    default: return ValueToText(value, type, TimeZone::Utc());
  }
}

std::string JavaRowText(const Batch& batch, int64_t row, const std::vector<DataType>& types) {
  std::string text = std::string(RowKindText(batch.kind(row))) + "[";
  for (size_t i = 0; i < types.size(); ++i) {
    if (i > 0) text += ", ";
    text += JavaText(batch.columns[i]->ValueAt(row), types[i]);
  }
  return text + "]";
}

}  // namespace penstock
