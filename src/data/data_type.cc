// Logical types: construction, text, comparison and their serialised form.
#include "data/data_type.h"

#include <fmt/format.h>

#include <optional>

#include "base/strings.h"

namespace penstock {

namespace {

const char* SimpleName(TypeKind kind) {
  switch (kind) {
    case TypeKind::kNull: return "NULL";
    case TypeKind::kBoolean: return "BOOLEAN";
    case TypeKind::kTinyInt: return "TINYINT";
    case TypeKind::kSmallInt: return "SMALLINT";
    case TypeKind::kInt: return "INT";
    case TypeKind::kBigInt: return "BIGINT";
    case TypeKind::kFloat: return "FLOAT";
    case TypeKind::kDouble: return "DOUBLE";
    case TypeKind::kDate: return "DATE";
    case TypeKind::kIntervalYearMonth: return "INTERVAL YEAR TO MONTH";
    case TypeKind::kIntervalDayTime: return "INTERVAL DAY TO SECOND(3)";
    case TypeKind::kVariant: return "VARIANT";
    case TypeKind::kBitmap: return "BITMAP";
    case TypeKind::kDescriptor: return "DESCRIPTOR";
    case TypeKind::kSymbol: return "SYMBOL";
    default: return "";
  }
}

std::string Name(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kDecimal: return fmt::format("DECIMAL({}, {})", type.precision(), type.scale());
    case TypeKind::kChar: return fmt::format("CHAR({})", type.length());
    case TypeKind::kVarChar:
      return type.length() == DataType::kMaxLength ? "STRING" : fmt::format("VARCHAR({})", type.length());
    case TypeKind::kBinary: return fmt::format("BINARY({})", type.length());
    case TypeKind::kVarBinary:
      return type.length() == DataType::kMaxLength ? "BYTES" : fmt::format("VARBINARY({})", type.length());
    case TypeKind::kTime: return fmt::format("TIME({})", type.precision());
    case TypeKind::kTimestamp: return fmt::format("TIMESTAMP({})", type.precision());
    case TypeKind::kTimestampLtz: return fmt::format("TIMESTAMP_LTZ({})", type.precision());
    case TypeKind::kArray: return "ARRAY<" + type.element().ToString() + ">";
    case TypeKind::kMultiset: return "MULTISET<" + type.element().ToString() + ">";
    case TypeKind::kMap: return "MAP<" + type.map_key().ToString() + ", " + type.map_value().ToString() + ">";
    case TypeKind::kRow: {
      std::vector<std::string> parts;
      for (const Field& field : type.fields()) {
        parts.push_back(QuoteIdentifier(field.name) + " " + field.type.ToString());
      }
      return "ROW<" + Join(parts, ", ") + ">";
    }
    default: return SimpleName(type.kind());
  }
}
}  // namespace

DataType DataType::Array(DataType element) {
  DataType type(TypeKind::kArray);
  type.fields_ =
      std::make_shared<const std::vector<Field>>(std::vector<Field>{{"element", std::move(element)}});
  return type;
}

DataType DataType::Multiset(DataType element) {
  DataType type = Array(std::move(element));
  type.kind_ = TypeKind::kMultiset;
  return type;
}

DataType DataType::Map(DataType key, DataType value) {
  DataType type(TypeKind::kMap);
  type.fields_ = std::make_shared<const std::vector<Field>>(
      std::vector<Field>{{"key", std::move(key)}, {"value", std::move(value)}});
  return type;
}

DataType DataType::Row(std::vector<Field> fields) {
  DataType type(TypeKind::kRow);
  type.fields_ = std::make_shared<const std::vector<Field>>(std::move(fields));
  return type;
}

DataType DataType::WithNullable(bool nullable) const {
  DataType type = *this;
  type.nullable_ = nullable;
  return type;
}

DataType DataType::WithTimeAttribute(TimeAttribute attribute) const {
  DataType type = *this;
  type.time_attribute_ = attribute;
  return type;
}

const std::vector<Field>& DataType::fields() const {
  static const std::vector<Field> kNone;
  return fields_ ? *fields_ : kNone;
}
const DataType& DataType::element() const { return fields().at(0).type; }
const DataType& DataType::map_key() const { return fields().at(0).type; }
const DataType& DataType::map_value() const { return fields().at(1).type; }

Physical DataType::physical() const {
  switch (kind_) {
    case TypeKind::kNull:
    case TypeKind::kBoolean: return Physical::kBool;
    case TypeKind::kTinyInt: return Physical::kInt8;
    case TypeKind::kSmallInt: return Physical::kInt16;
    case TypeKind::kInt:
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kIntervalYearMonth: return Physical::kInt32;
    case TypeKind::kBigInt:
    case TypeKind::kIntervalDayTime: return Physical::kInt64;
    case TypeKind::kFloat: return Physical::kFloat;
    case TypeKind::kDouble: return Physical::kDouble;
    case TypeKind::kDecimal: return Physical::kInt128;
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz: return precision_ <= 6 ? Physical::kInt64 : Physical::kInt128;
    case TypeKind::kArray: return Physical::kList;
    case TypeKind::kMap:
    case TypeKind::kMultiset: return Physical::kMap;
    case TypeKind::kRow: return Physical::kRow;
    default: return Physical::kString;
  }
}

std::string DataType::ToString() const {
  return Name(*this) + (nullable_ || is(TypeKind::kNull) ? "" : " NOT NULL");
}

bool DataType::operator==(const DataType& other) const {
  return nullable_ == other.nullable_ && kind_ == other.kind_ && precision_ == other.precision_ &&
         scale_ == other.scale_ && fields() == other.fields();
}

bool DataType::SameAs(const DataType& other) const {
  if (kind_ != other.kind_ || precision_ != other.precision_ || scale_ != other.scale_) return false;
  if (fields().size() != other.fields().size()) return false;
  for (size_t i = 0; i < fields().size(); ++i) {
    if (!fields()[i].type.SameAs(other.fields()[i].type)) return false;
  }
  return true;
}

void DataType::Write(ByteWriter& out) const {
  out.Fixed(kind_);
  out.Fixed(static_cast<uint8_t>((nullable_ ? 1 : 0) | static_cast<uint8_t>(time_attribute_) << 1));
  out.Varint(static_cast<uint64_t>(precision_));
  out.Varint(static_cast<uint64_t>(scale_));
  out.Varint(fields().size());
  for (const Field& field : fields()) {
    out.String(field.name);
    field.type.Write(out);
  }
}

namespace {

// How many children a type of that kind has; nullopt: any number.
std::optional<uint64_t> ChildrenOf(TypeKind kind) {
  switch (kind) {
    case TypeKind::kRow: return std::nullopt;
    case TypeKind::kMap: return 2;
    case TypeKind::kArray:
    case TypeKind::kMultiset: return 1;
    default: return 0;
  }
}

// Types come from files, too: what is nested deeper than any statement may say is damage, not recursion.
Result<DataType> ReadType(ByteReader& in, int depth) {
  constexpr int kDeepest = 200;
  auto kind = in.Fixed<TypeKind>();
  auto flags = in.Fixed<uint8_t>();
  auto time_attribute = static_cast<TimeAttribute>(flags >> 1);
  auto precision = static_cast<int>(in.Varint()), scale = static_cast<int>(in.Varint());
  uint64_t count = in.Count();
  bool fits = in.ok() && depth < kDeepest && kind <= TypeKind::kSymbol &&
              time_attribute <= TimeAttribute::kProctime && count == ChildrenOf(kind).value_or(count);
  if (!fits) return Status::Corruption("serialised type is damaged");
  std::vector<Field> fields;
  for (uint64_t i = 0; i < count; ++i) {
    std::string name(in.String());
    ASSIGN_OR_RETURN(DataType child, ReadType(in, depth + 1));
    fields.push_back({std::move(name), std::move(child)});
  }
  DataType type(kind, precision, scale);
  if (kind == TypeKind::kRow) type = DataType::Row(std::move(fields));
  if (kind == TypeKind::kArray) type = DataType::Array(std::move(fields[0].type));
  if (kind == TypeKind::kMultiset) type = DataType::Multiset(std::move(fields[0].type));
  if (kind == TypeKind::kMap) type = DataType::Map(std::move(fields[0].type), std::move(fields[1].type));
  return type.WithNullable((flags & 1) != 0).WithTimeAttribute(time_attribute);
}

}  // namespace

Result<DataType> DataType::Read(ByteReader& in) { return ReadType(in, 0); }

int Schema::Find(std::string_view name) const {
  for (int i = 0; i < size(); ++i) {
    if ((*this)[i].name == name) return i;
  }
  return -1;
}

std::vector<DataType> Schema::types() const {
  std::vector<DataType> types;
  for (const Field& field : fields_) types.push_back(field.type);
  return types;
}

std::string Schema::ToString() const {
  std::vector<std::string> parts;
  for (const Field& field : fields_) parts.push_back(field.name + " " + field.type.ToString());
  return Join(parts, ", ");
}

void Schema::Write(ByteWriter& out) const { DataType::Row(fields_).Write(out); }

Result<Schema> Schema::Read(ByteReader& in) {
  ASSIGN_OR_RETURN(DataType row, DataType::Read(in));
  return Schema(row.fields());
}

}  // namespace penstock
