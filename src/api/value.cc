// Values over the border, by type (penstock/value.h lists how each appears).
#include "penstock/value.h"

#include <limits>

#include "api/access.h"
#include "data/decimal.h"

namespace penstock::v1 {

const char* RowKindText(RowKind kind) { return penstock::RowKindText(static_cast<penstock::RowKind>(kind)); }

namespace {

// The type of element `i` of a list value.
const DataType& ElementType(const DataType& type, size_t i) {
  static const DataType count = DataType::Int();
  switch (type.kind()) {
    case TypeKind::kRow: return type.fields()[i].type;
    case TypeKind::kMap: return i % 2 == 0 ? type.map_key() : type.map_value();
    case TypeKind::kMultiset: return i % 2 == 0 ? type.element() : count;
    default: return type.element();
  }
}

bool IsList(const DataType& type) {
  return type.physical() == Physical::kList || type.physical() == Physical::kMap ||
         type.physical() == Physical::kRow;
}

penstock::Status Mismatch(const DataType& type) {
  return penstock::Status::InvalidArgument("the value is no " + type.WithNullable(true).ToString());
}

penstock::Result<penstock::Value> ListToEngine(const Value::List& list, const DataType& type) {
  bool pairs = type.is(TypeKind::kMap) || type.is(TypeKind::kMultiset);
  if ((type.is(TypeKind::kRow) && list.size() != type.fields().size()) || (pairs && list.size() % 2 != 0))
    return Mismatch(type);
  ValueList made;
  for (size_t i = 0; i < list.size(); ++i) {
    ASSIGN_OR_RETURN(penstock::Value element, ToEngine(list[i], ElementType(type, i)));
    made.push_back(std::move(element));
  }
  return penstock::Value::List(std::move(made));
}

bool FitsInteger(int64_t value, Physical physical) {
  switch (physical) {
    case Physical::kInt8: return value >= INT8_MIN && value <= INT8_MAX;
    case Physical::kInt16: return value >= INT16_MIN && value <= INT16_MAX;
    case Physical::kInt32: return value >= INT32_MIN && value <= INT32_MAX;
    default: return physical == Physical::kInt64;
  }
}

penstock::Result<penstock::Value> IntToEngine(int64_t value, const DataType& type) {
  if (FitsInteger(value, type.physical())) return penstock::Value::Int(value);
  if (type.is_approximate()) return penstock::Value::Double(static_cast<double>(value));
  if (type.is_timestamp()) return penstock::Value::Int128(value);
  if (type.is(TypeKind::kDecimal)) {
    std::optional<int128_t> unscaled = RescaleDecimal(value, 0, type.precision(), type.scale());
    if (unscaled) return penstock::Value::Int128(*unscaled);
  }
  return Mismatch(type);
}

penstock::Result<penstock::Value> TextToEngine(const std::string& text, const DataType& type) {
  if (type.physical() == Physical::kString) return penstock::Value::String(text);
  if (type.is(TypeKind::kDecimal)) {
    std::optional<int128_t> unscaled = ParseDecimal(text, type.precision(), type.scale());
    if (unscaled) return penstock::Value::Int128(*unscaled);
  }
  return Mismatch(type);
}

}  // namespace

Value FromEngine(const penstock::Value& value, const DataType& type) {
  if (value.is_null()) return Value::Null();
  if (IsList(type)) {
    Value::List list;
    for (size_t i = 0; i < value.as_list().size(); ++i)
      list.push_back(FromEngine(value.as_list()[i], ElementType(type, i)));
    return Value::ListOf(std::move(list));
  }
  switch (type.physical()) {
    case Physical::kBool: return Value::Bool(value.as_bool());
    case Physical::kFloat:
    case Physical::kDouble: return Value::Double(value.as_double());
    case Physical::kString: return Value::Text(value.as_string());
    case Physical::kInt128: {
      int128_t number = value.as_int128();
      if (type.is(TypeKind::kDecimal)) return Value::Text(FormatDecimal(number, type.scale()));
      bool fits =
          number >= std::numeric_limits<int64_t>::min() && number <= std::numeric_limits<int64_t>::max();
      return fits ? Value::Int(static_cast<int64_t>(number)) : Value::Null();
    }
    default: return Value::Int(value.as_int());
  }
}

penstock::Result<penstock::Value> ToEngine(const Value& value, const DataType& type) {
  if (value.is_null()) return penstock::Value::Null();
  if (value.is_list()) return IsList(type) ? ListToEngine(value.as_list(), type) : Mismatch(type);
  if (value.is_bool() && type.is(TypeKind::kBoolean)) return penstock::Value::Bool(value.as_bool());
  if (value.is_double() && type.is_approximate()) return penstock::Value::Double(value.as_double());
  if (value.is_int()) return IntToEngine(value.as_int(), type);
  if (value.is_text()) return TextToEngine(value.as_text(), type);
  return Mismatch(type);
}

std::vector<Column> FromEngine(const Schema& schema) {
  std::vector<Column> columns;
  for (const Field& field : schema.fields()) columns.push_back({field.name, field.type.ToString()});
  return columns;
}

}  // namespace penstock::v1
