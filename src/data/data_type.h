// DataType: a logical type of the SQL dialect, and how its values lie in memory. A small value type, cheap to
// copy; children are shared and immutable. Equality compares the type and its nullability but never the time
// attribute, which is a property of a column in a plan (Flink: TimeIndicatorType), carried here because it
// travels with it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace penstock {

enum class TypeKind : uint8_t {
  kNull,  // the untyped NULL literal
  kBoolean,
  kTinyInt,
  kSmallInt,
  kInt,
  kBigInt,
  kFloat,
  kDouble,
  kDecimal,
  kChar,
  kVarChar,
  kBinary,
  kVarBinary,
  kDate,
  kTime,
  kTimestamp,
  kTimestampLtz,
  kIntervalYearMonth,
  kIntervalDayTime,
  kArray,
  kMap,
  kMultiset,
  kRow,
  kVariant,     // the JSON text of the value
  kBitmap,      // sorted distinct 32-bit integers, little-endian
  kDescriptor,  // DESCRIPTOR(col): only an argument
  kSymbol,      // a keyword used as an argument: only in function calls
};

// How one value lies in memory. DATE: days since 1970-01-01; TIME: milliseconds of the day; TIMESTAMP and
// TIMESTAMP_LTZ(p): microseconds since the epoch for p <= 6, nanoseconds in 128 bits above; INTERVAL: months
// or milliseconds; DECIMAL(p, s): the unscaled value.
enum class Physical : uint8_t {
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFloat,
  kDouble,
  kInt128,
  kString,
  kList,
  kMap,
  kRow
};

enum class TimeAttribute : uint8_t { kNone, kRowtime, kProctime };

struct Field;

class DataType {
 public:
  static constexpr int kMaxLength = 2147483647;
  static constexpr int kMaxDecimalPrecision = 38;

  DataType() = default;
  explicit DataType(TypeKind kind, int precision = 0, int scale = 0)
      : kind_(kind), precision_(precision), scale_(scale) {}

  static DataType Null() { return DataType(TypeKind::kNull); }
  static DataType Boolean() { return DataType(TypeKind::kBoolean); }
  static DataType TinyInt() { return DataType(TypeKind::kTinyInt); }
  static DataType SmallInt() { return DataType(TypeKind::kSmallInt); }
  static DataType Int() { return DataType(TypeKind::kInt); }
  static DataType BigInt() { return DataType(TypeKind::kBigInt); }
  static DataType Float() { return DataType(TypeKind::kFloat); }
  static DataType Double() { return DataType(TypeKind::kDouble); }
  static DataType Decimal(int precision, int scale) { return DataType(TypeKind::kDecimal, precision, scale); }
  static DataType Char(int length) { return DataType(TypeKind::kChar, length); }
  static DataType VarChar(int length) { return DataType(TypeKind::kVarChar, length); }
  static DataType String() { return VarChar(kMaxLength); }
  static DataType Binary(int length) { return DataType(TypeKind::kBinary, length); }
  static DataType VarBinary(int length) { return DataType(TypeKind::kVarBinary, length); }
  static DataType Bytes() { return VarBinary(kMaxLength); }
  static DataType Date() { return DataType(TypeKind::kDate); }
  static DataType Time(int precision = 0) { return DataType(TypeKind::kTime, precision); }
  static DataType Timestamp(int precision = 6) { return DataType(TypeKind::kTimestamp, precision); }
  static DataType TimestampLtz(int precision = 6) { return DataType(TypeKind::kTimestampLtz, precision); }
  static DataType IntervalYearMonth() { return DataType(TypeKind::kIntervalYearMonth); }
  static DataType IntervalDayTime() { return DataType(TypeKind::kIntervalDayTime); }
  static DataType Array(DataType element);
  static DataType Map(DataType key, DataType value);
  static DataType Multiset(DataType element);
  static DataType Row(std::vector<Field> fields);
  static DataType Variant() { return DataType(TypeKind::kVariant); }
  static DataType Bitmap() { return DataType(TypeKind::kBitmap); }
  static DataType Descriptor() { return DataType(TypeKind::kDescriptor); }
  static DataType Symbol() { return DataType(TypeKind::kSymbol); }

  TypeKind kind() const { return kind_; }
  bool nullable() const { return nullable_; }
  int precision() const { return precision_; }  // of numbers and times
  int length() const { return precision_; }     // of CHAR, VARCHAR, BINARY, VARBINARY
  int scale() const { return scale_; }
  TimeAttribute time_attribute() const { return time_attribute_; }

  DataType WithNullable(bool nullable) const;
  DataType NotNull() const { return WithNullable(false); }
  DataType WithTimeAttribute(TimeAttribute attribute) const;

  // Children: of ROW its fields; of ARRAY and MULTISET the element; of MAP key and value.
  const std::vector<Field>& fields() const;
  const DataType& element() const;  // ARRAY, MULTISET
  const DataType& map_key() const;  // MAP
  const DataType& map_value() const;

  Physical physical() const;

  bool is(TypeKind kind) const { return kind_ == kind; }
  bool is_integer() const { return kind_ >= TypeKind::kTinyInt && kind_ <= TypeKind::kBigInt; }
  bool is_approximate() const { return kind_ == TypeKind::kFloat || kind_ == TypeKind::kDouble; }
  bool is_numeric() const { return kind_ >= TypeKind::kTinyInt && kind_ <= TypeKind::kDecimal; }
  bool is_character() const { return kind_ == TypeKind::kChar || kind_ == TypeKind::kVarChar; }
  bool is_binary() const { return kind_ == TypeKind::kBinary || kind_ == TypeKind::kVarBinary; }
  bool is_timestamp() const { return kind_ == TypeKind::kTimestamp || kind_ == TypeKind::kTimestampLtz; }
  bool is_datetime() const { return kind_ >= TypeKind::kDate && kind_ <= TypeKind::kTimestampLtz; }
  bool is_interval() const {
    return kind_ == TypeKind::kIntervalYearMonth || kind_ == TypeKind::kIntervalDayTime;
  }
  bool is_collection() const {
    return kind_ == TypeKind::kArray || kind_ == TypeKind::kMap || kind_ == TypeKind::kMultiset;
  }
  bool is_rowtime() const { return time_attribute_ == TimeAttribute::kRowtime; }
  bool is_proctime() const { return time_attribute_ == TimeAttribute::kProctime; }

  // As DESCRIBE prints it: "INT NOT NULL", "STRING", "ROW<`a` INT>".
  std::string ToString() const;

  bool operator==(const DataType& other) const;
  // Equal apart from nullability at every level.
  bool SameAs(const DataType& other) const;

  void Write(ByteWriter& out) const;
  static Result<DataType> Read(ByteReader& in);

 private:
  TypeKind kind_ = TypeKind::kNull;
  bool nullable_ = true;
  TimeAttribute time_attribute_ = TimeAttribute::kNone;
  int precision_ = 0;
  int scale_ = 0;
  std::shared_ptr<const std::vector<Field>> fields_;
};

// A named column or field.
struct Field {
  std::string name;
  DataType type;
  bool operator==(const Field& other) const = default;
};

// Columns of a table or a stream, in order. Names need not be unique inside a plan.
class Schema {
 public:
  Schema() = default;
  explicit Schema(std::vector<Field> fields) : fields_(std::move(fields)) {}
  Schema(std::initializer_list<Field> fields) : fields_(fields) {}

  int size() const { return static_cast<int>(fields_.size()); }
  const Field& operator[](int i) const { return fields_[static_cast<size_t>(i)]; }
  const std::vector<Field>& fields() const { return fields_; }
  void Add(Field field) { fields_.push_back(std::move(field)); }
  // Index of the first column with that exact name, -1 when there is none.
  int Find(std::string_view name) const;
  std::vector<DataType> types() const;
  std::string ToString() const;
  bool operator==(const Schema& other) const = default;

  void Write(ByteWriter& out) const;
  static Result<Schema> Read(ByteReader& in);

 private:
  std::vector<Field> fields_;
};

}  // namespace penstock
