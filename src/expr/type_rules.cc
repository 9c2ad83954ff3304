// Type rules; see the header for their source.
#include "expr/type_rules.h"

#include <algorithm>

namespace penstock {

DataType ClipDecimal(int precision, int scale) {
  constexpr int kMax = DataType::kMaxDecimalPrecision;
  if (precision <= kMax) return DataType::Decimal(precision, scale);
  int digits = precision - scale;
  return DataType::Decimal(kMax, std::max(kMax - digits, std::min(scale, 6)));
}

DataType DecimalForInteger(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kTinyInt: return DataType::Decimal(3, 0);
    case TypeKind::kSmallInt: return DataType::Decimal(5, 0);
    case TypeKind::kInt: return DataType::Decimal(10, 0);
    case TypeKind::kBigInt: return DataType::Decimal(19, 0);
    default: return type;
  }
}

namespace {
bool HasDecimal(const DataType& a, const DataType& b) {
  bool exact = !a.is_approximate() && !b.is_approximate();
  return exact && (a.is(TypeKind::kDecimal) || b.is(TypeKind::kDecimal));
}

DataType WiderNumber(const DataType& a, const DataType& b) {
  if (a.is_approximate() || b.is_approximate()) {
    bool any_decimal = a.is(TypeKind::kDecimal) || b.is(TypeKind::kDecimal);
    bool any_double = a.is(TypeKind::kDouble) || b.is(TypeKind::kDouble);
    return any_decimal || any_double ? DataType::Double() : DataType::Float();
  }
  return a.kind() >= b.kind() ? a : b;
}
}  // namespace

DataType AdditionType(const DataType& a, const DataType& b) {
  if (!HasDecimal(a, b)) return WiderNumber(a, b);
  DataType x = DecimalForInteger(a), y = DecimalForInteger(b);
  int scale = std::max(x.scale(), y.scale());
  return ClipDecimal(std::max(x.precision() - x.scale(), y.precision() - y.scale()) + scale + 1, scale);
}

DataType MultiplicationType(const DataType& a, const DataType& b) {
  if (!HasDecimal(a, b)) return WiderNumber(a, b);
  DataType x = DecimalForInteger(a), y = DecimalForInteger(b);
  return ClipDecimal(x.precision() + y.precision() + 1, x.scale() + y.scale());
}

DataType DivisionType(const DataType& a, const DataType& b) {
  if (!HasDecimal(a, b)) return WiderNumber(a, b);
  DataType x = DecimalForInteger(a), y = DecimalForInteger(b);
  int scale = std::max(6, x.scale() + y.precision() + 1);
  return ClipDecimal(x.precision() - x.scale() + y.scale() + scale, scale);
}

DataType ModuloType(const DataType& a, const DataType& b) {
  if (!HasDecimal(a, b)) return a.is_approximate() || b.is_approximate() ? WiderNumber(a, b) : b;
  DataType x = DecimalForInteger(a), y = DecimalForInteger(b);
  int scale = std::max(x.scale(), y.scale());
  return ClipDecimal(std::min(x.precision() - x.scale(), y.precision() - y.scale()) + scale, scale);
}

DataType SumType(const DataType& type) {
  return type.is(TypeKind::kDecimal) ? DataType::Decimal(38, type.scale()) : type;
}

DataType AverageType(const DataType& type) {
  return type.is(TypeKind::kDecimal) ? DataType::Decimal(38, std::max(6, type.scale())) : type;
}

namespace {
std::optional<DataType> CommonOfTwo(const DataType& a, const DataType& b);

std::optional<DataType> CommonFields(const DataType& a, const DataType& b) {
  if (a.fields().size() != b.fields().size()) return std::nullopt;
  std::vector<Field> fields;
  for (size_t i = 0; i < a.fields().size(); ++i) {
    std::optional<DataType> common = CommonOfTwo(a.fields()[i].type, b.fields()[i].type);
    if (!common) return std::nullopt;
    fields.push_back({a.fields()[i].name, *common});
  }
  if (a.is(TypeKind::kRow)) return DataType::Row(std::move(fields));
  if (a.is(TypeKind::kMap)) return DataType::Map(fields[0].type, fields[1].type);
  return a.is(TypeKind::kArray) ? DataType::Array(fields[0].type) : DataType::Multiset(fields[0].type);
}

std::optional<DataType> CommonRoot(const DataType& a, const DataType& b) {
  if (a.is(TypeKind::kNull)) return b;
  if (b.is(TypeKind::kNull)) return a;
  if (a.is_numeric() && b.is_numeric()) {
    if (!HasDecimal(a, b)) return WiderNumber(a, b);
    DataType x = DecimalForInteger(a), y = DecimalForInteger(b);
    int scale = std::max(x.scale(), y.scale());
    return ClipDecimal(std::max(x.precision() - x.scale(), y.precision() - y.scale()) + scale, scale);
  }
  if (a.is_character() && b.is_character()) {
    int length = std::max(a.length(), b.length());
    bool fixed = a.is(TypeKind::kChar) && b.is(TypeKind::kChar) && a.length() == b.length();
    return fixed ? DataType::Char(length) : DataType::VarChar(length);
  }
  if (a.is_binary() && b.is_binary()) {
    int length = std::max(a.length(), b.length());
    bool fixed = a.is(TypeKind::kBinary) && b.is(TypeKind::kBinary) && a.length() == b.length();
    return fixed ? DataType::Binary(length) : DataType::VarBinary(length);
  }
  if (a.is_timestamp() && b.is_timestamp()) {
    int precision = std::max(a.precision(), b.precision());
    bool local = a.is(TypeKind::kTimestampLtz) || b.is(TypeKind::kTimestampLtz);
    return local ? DataType::TimestampLtz(precision) : DataType::Timestamp(precision);
  }
  if (a.is(TypeKind::kDate) && b.is_timestamp()) return b;
  if (b.is(TypeKind::kDate) && a.is_timestamp()) return a;
  if (a.kind() != b.kind()) return std::nullopt;
  if (a.is(TypeKind::kTime)) return a.precision() >= b.precision() ? a : b;
  if (a.is_collection() || a.is(TypeKind::kRow)) return CommonFields(a, b);
  return a;
}

std::optional<DataType> CommonOfTwo(const DataType& a, const DataType& b) {
  std::optional<DataType> common = CommonRoot(a, b);
  if (!common) return common;
  bool nullable = a.nullable() || b.nullable() || a.is(TypeKind::kNull) || b.is(TypeKind::kNull);
  TimeAttribute attribute =
      a.time_attribute() == b.time_attribute() ? a.time_attribute() : TimeAttribute::kNone;
  return common->WithNullable(nullable).WithTimeAttribute(attribute);
}
}  // namespace

std::optional<DataType> CommonType(std::span<const DataType> types) {
  std::optional<DataType> common;
  for (const DataType& type : types) {
    common = common ? CommonOfTwo(*common, type) : type;
    if (!common) return std::nullopt;
  }
  return common;
}

namespace {
bool CanCastFields(const DataType& from, const DataType& to, bool (*can)(const DataType&, const DataType&)) {
  if (from.fields().size() != to.fields().size()) return false;
  for (size_t i = 0; i < from.fields().size(); ++i) {
    if (!can(from.fields()[i].type, to.fields()[i].type)) return false;
  }
  return true;
}
}  // namespace

namespace {
// Numbers widen; to FLOAT, DOUBLE and DECIMAL more is allowed, but never DOUBLE to FLOAT.
bool CanWidenNumber(const DataType& from, const DataType& to) {
  switch (to.kind()) {
    case TypeKind::kDouble:
    case TypeKind::kDecimal: return true;
    case TypeKind::kFloat: return !from.is(TypeKind::kDouble);
    default: return from.is_integer() && from.kind() <= to.kind();
  }
}

bool CanCastToText(const DataType& from) {
  return !from.is(TypeKind::kDescriptor) && !from.is(TypeKind::kSymbol);
}

bool CanParseAs(const DataType& to) {
  return to.is(TypeKind::kBoolean) || to.is_numeric() || to.is_datetime() || to.is_binary();
}

bool IsScalar(const DataType& type) {
  return type.is(TypeKind::kBoolean) || type.is_numeric() || type.is_datetime() || type.is_binary();
}
}  // namespace

bool CanCastImplicitly(const DataType& from, const DataType& to) {
  if (from.is(TypeKind::kNull)) return true;
  if (from.is_numeric() && to.is_numeric()) return CanWidenNumber(from, to);
  if (from.is_character()) return to.is(TypeKind::kVarChar) || from.kind() == to.kind();
  if (from.is_binary()) return to.is(TypeKind::kVarBinary) || from.kind() == to.kind();
  if (from.is(TypeKind::kTimestamp)) return to.is_datetime();
  if (from.is(TypeKind::kTimestampLtz)) return to.is_timestamp();
  if (from.kind() != to.kind()) return false;
  if (from.is_collection() || from.is(TypeKind::kRow)) return CanCastFields(from, to, CanCastImplicitly);
  return true;
}

bool CanCastExplicitly(const DataType& from, const DataType& to) {
  if (CanCastImplicitly(from, to)) return true;
  if (to.is_character()) return CanCastToText(from);
  if (from.is_character()) return CanParseAs(to);
  if (from.is_binary()) return to.is_binary();
  if (from.is(TypeKind::kVariant)) return IsScalar(to);
  if (from.is(TypeKind::kBoolean)) return to.is_numeric();
  if (from.is_numeric()) {
    if (to.is(TypeKind::kBoolean)) return from.is_integer();
    return to.is_numeric() || (to.is_interval() && !from.is_approximate());
  }
  if (from.is_interval()) return to.is(TypeKind::kBigInt) || to.is(TypeKind::kInt);
  if (from.is_timestamp()) return to.is_datetime();
  if (from.is(TypeKind::kDate) || from.is(TypeKind::kTime)) return to.is_timestamp();
  if (from.is(TypeKind::kBitmap)) return to.is(TypeKind::kVarBinary) && to.length() == DataType::kMaxLength;
  if (from.kind() != to.kind()) return false;
  if (from.is_collection() || from.is(TypeKind::kRow)) return CanCastFields(from, to, CanCastExplicitly);
  return false;
}

}  // namespace penstock
