// Type by type, both ways.
#include "formats/parquet/arrow_convert.h"

#include "data/datetime.h"
#include "data/decimal.h"
#include "formats/text_values.h"

namespace penstock {

namespace {

arrow::TimeUnit::type UnitOf(int precision) {
  return precision <= 3   ? arrow::TimeUnit::MILLI
         : precision <= 6 ? arrow::TimeUnit::MICRO
                          : arrow::TimeUnit::NANO;
}

int64_t NanosOf(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND: return kNanosPerSecond;
    case arrow::TimeUnit::MILLI: return 1'000'000;
    case arrow::TimeUnit::MICRO: return 1000;
    default: return 1;
  }
}

int128_t NanosAt(const Column& column, int64_t row, const DataType& type) {
  int128_t stored = type.precision() <= 6 ? int128_t(column.At<int64_t>(row)) : column.At<int128_t>(row);
  return TimestampToNanos(stored, type.precision());
}

arrow::Decimal128 ToDecimal(int128_t value) {
  return arrow::Decimal128(static_cast<int64_t>(value >> 64), static_cast<uint64_t>(value));
}

int128_t FromDecimal(const arrow::Decimal128& value) {
  return int128_t(value.high_bits()) << 64 | int128_t(value.low_bits());
}

template <typename Builder, typename Get>
Status AppendEach(const Column& column, int64_t begin, int64_t count, arrow::ArrayBuilder* builder, Get get) {
  auto* typed = static_cast<Builder*>(builder);
  RETURN_IF_ERROR(FromArrowStatus(typed->Reserve(count)));
  for (int64_t row = begin; row < begin + count; ++row) {
    RETURN_IF_ERROR(FromArrowStatus(column.IsNull(row) ? typed->AppendNull() : typed->Append(get(row))));
  }
  return Status::Ok();
}

Status AppendLists(const Column& column, int64_t begin, int64_t count, const DataType& type,
                   arrow::ArrayBuilder* builder) {
  for (int64_t row = begin; row < begin + count; ++row) {
    if (column.IsNull(row)) {
      RETURN_IF_ERROR(FromArrowStatus(builder->AppendNull()));
      continue;
    }
    int32_t from = column.ListBegin(row), size = column.ListEnd(row) - column.ListBegin(row);
    if (type.is(TypeKind::kArray)) {
      auto* list = static_cast<arrow::ListBuilder*>(builder);
      RETURN_IF_ERROR(FromArrowStatus(list->Append()));
      RETURN_IF_ERROR(AppendToArrow(*column.child(0), from, size, type.element(), list->value_builder()));
      continue;
    }
    auto* map = static_cast<arrow::MapBuilder*>(builder);
    const DataType& key = type.is(TypeKind::kMap) ? type.map_key() : type.element();
    const DataType value = type.is(TypeKind::kMap) ? type.map_value() : DataType::Int();
    RETURN_IF_ERROR(FromArrowStatus(map->Append()));
    RETURN_IF_ERROR(AppendToArrow(*column.child(0), from, size, key, map->key_builder()));
    RETURN_IF_ERROR(AppendToArrow(*column.child(1), from, size, value, map->item_builder()));
  }
  return Status::Ok();
}

Status AppendRowsToStruct(const Column& column, int64_t begin, int64_t count, const DataType& type,
                          arrow::ArrayBuilder* builder) {
  auto* row_builder = static_cast<arrow::StructBuilder*>(builder);
  for (int64_t row = begin; row < begin + count; ++row) {
    if (column.IsNull(row)) {
      RETURN_IF_ERROR(FromArrowStatus(row_builder->AppendNull()));
      continue;
    }
    RETURN_IF_ERROR(FromArrowStatus(row_builder->Append()));
    for (size_t i = 0; i < type.fields().size(); ++i) {
      RETURN_IF_ERROR(AppendToArrow(*column.child(i), column.position(row), 1, type.fields()[i].type,
                                    row_builder->field_builder(static_cast<int>(i))));
    }
  }
  return Status::Ok();
}

bool IsInteger(arrow::Type::type id) { return id >= arrow::Type::UINT8 && id <= arrow::Type::INT64; }

bool IsBinary(arrow::Type::type id) {
  return id == arrow::Type::STRING || id == arrow::Type::BINARY || id == arrow::Type::LARGE_STRING ||
         id == arrow::Type::LARGE_BINARY || id == arrow::Type::FIXED_SIZE_BINARY;
}

bool Matches(const arrow::DataType& from, const DataType& to) {
  arrow::Type::type id = from.id();
  switch (to.kind()) {
    case TypeKind::kBoolean: return id == arrow::Type::BOOL;
    case TypeKind::kTinyInt:
    case TypeKind::kSmallInt:
    case TypeKind::kInt:
    case TypeKind::kBigInt: return IsInteger(id);
    case TypeKind::kFloat:
    case TypeKind::kDouble: return id == arrow::Type::FLOAT || id == arrow::Type::DOUBLE;
    case TypeKind::kDecimal: return id == arrow::Type::DECIMAL128 || IsInteger(id);
    case TypeKind::kChar:
    case TypeKind::kVarChar:
    case TypeKind::kBinary:
    case TypeKind::kVarBinary: return IsBinary(id);
    case TypeKind::kDate: return id == arrow::Type::DATE32;
    case TypeKind::kTime: return id == arrow::Type::TIME32 || id == arrow::Type::TIME64;
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz: return id == arrow::Type::TIMESTAMP;
    case TypeKind::kArray: return id == arrow::Type::LIST || id == arrow::Type::LARGE_LIST;
    case TypeKind::kMap:
    case TypeKind::kMultiset: return id == arrow::Type::MAP;
    case TypeKind::kRow: return id == arrow::Type::STRUCT;
    default: return false;
  }
}

int64_t IntegerOf(const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::UINT8: return static_cast<const arrow::UInt8Array&>(array).Value(row);
    case arrow::Type::INT8: return static_cast<const arrow::Int8Array&>(array).Value(row);
    case arrow::Type::UINT16: return static_cast<const arrow::UInt16Array&>(array).Value(row);
    case arrow::Type::INT16: return static_cast<const arrow::Int16Array&>(array).Value(row);
    case arrow::Type::UINT32: return static_cast<const arrow::UInt32Array&>(array).Value(row);
    case arrow::Type::INT32: return static_cast<const arrow::Int32Array&>(array).Value(row);
    case arrow::Type::UINT64:
      return static_cast<int64_t>(static_cast<const arrow::UInt64Array&>(array).Value(row));
    default: return static_cast<const arrow::Int64Array&>(array).Value(row);
  }
}

std::string_view BytesOf(const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY: return static_cast<const arrow::LargeBinaryArray&>(array).GetView(row);
    case arrow::Type::FIXED_SIZE_BINARY:
      return static_cast<const arrow::FixedSizeBinaryArray&>(array).GetView(row);
    default: return static_cast<const arrow::BinaryArray&>(array).GetView(row);
  }
}

void AppendDecimal(const arrow::Array& array, int64_t row, const DataType& type, ColumnBuilder* to) {
  int128_t value = 0;
  int scale = 0;
  if (array.type_id() == arrow::Type::DECIMAL128) {
    value = FromDecimal(arrow::Decimal128(static_cast<const arrow::Decimal128Array&>(array).GetValue(row)));
    scale = static_cast<const arrow::Decimal128Type&>(*array.type()).scale();
  } else {
    value = IntegerOf(array, row);
  }
  std::optional<int128_t> fitted = RescaleDecimal(value, scale, type.precision(), type.scale());
  return fitted ? to->Append(*fitted) : to->AppendNull();
}

void AppendTimestampOf(const arrow::Array& array, int64_t row, const DataType& type, ColumnBuilder* to) {
  int64_t unit = NanosOf(static_cast<const arrow::TimestampType&>(*array.type()).unit());
  int128_t nanos = int128_t(static_cast<const arrow::TimestampArray&>(array).Value(row)) * unit;
  int128_t stored = NanosToTimestamp(nanos, type.precision());
  if (type.precision() <= 6) return to->Append(static_cast<int64_t>(stored));
  to->Append(stored);
}

void AppendTimeOf(const arrow::Array& array, int64_t row, ColumnBuilder* to) {
  int64_t value = array.type_id() == arrow::Type::TIME32
                      ? static_cast<const arrow::Time32Array&>(array).Value(row)
                      : static_cast<const arrow::Time64Array&>(array).Value(row);
  int64_t unit = NanosOf(static_cast<const arrow::TimeType&>(*array.type()).unit());
  to->Append(static_cast<int32_t>(value * unit / 1'000'000));
}

void AppendNestedFrom(const arrow::Array& array, int64_t row, const DataType& type, ColumnBuilder* to) {
  if (array.type_id() == arrow::Type::LIST) {
    const auto& list = static_cast<const arrow::ListArray&>(array);
    for (int64_t i = list.value_offset(row); i < list.value_offset(row + 1); ++i)
      AppendFromArrow(*list.values(), i, type.element(), &to->child(0));
    return to->CloseList();
  }
  if (array.type_id() == arrow::Type::LARGE_LIST) {
    const auto& list = static_cast<const arrow::LargeListArray&>(array);
    for (int64_t i = list.value_offset(row); i < list.value_offset(row + 1); ++i)
      AppendFromArrow(*list.values(), i, type.element(), &to->child(0));
    return to->CloseList();
  }
  if (array.type_id() == arrow::Type::MAP) {
    const auto& map = static_cast<const arrow::MapArray&>(array);
    const DataType& key = type.is(TypeKind::kMap) ? type.map_key() : type.element();
    const DataType value = type.is(TypeKind::kMap) ? type.map_value() : DataType::Int();
    for (int64_t i = map.value_offset(row); i < map.value_offset(row + 1); ++i) {
      AppendFromArrow(*map.keys(), i, key, &to->child(0));
      AppendFromArrow(*map.items(), i, value, &to->child(1));
    }
    return to->CloseList();
  }
  const auto& row_array = static_cast<const arrow::StructArray&>(array);
  for (size_t i = 0; i < type.fields().size(); ++i) {
    std::shared_ptr<arrow::Array> field = row_array.GetFieldByName(type.fields()[i].name);
    if (field)
      AppendFromArrow(*field, row, type.fields()[i].type, &to->child(i));
    else
      to->child(i).AppendNull();
  }
  to->CloseRow();
}

}  // namespace

Status FromArrowStatus(const arrow::Status& status) {
  if (status.ok()) return Status::Ok();
  return status.IsIOError() ? Status::Io(status.message())
                            : Status::InvalidData("parquet: " + status.message());
}

std::shared_ptr<arrow::DataType> ToArrowType(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kBoolean: return arrow::boolean();
    case TypeKind::kTinyInt: return arrow::int8();
    case TypeKind::kSmallInt: return arrow::int16();
    case TypeKind::kInt: return arrow::int32();
    case TypeKind::kBigInt: return arrow::int64();
    case TypeKind::kFloat: return arrow::float32();
    case TypeKind::kDouble: return arrow::float64();
    case TypeKind::kDecimal: return arrow::decimal128(type.precision(), type.scale());
    case TypeKind::kBinary:
    case TypeKind::kVarBinary: return arrow::binary();
    case TypeKind::kDate: return arrow::date32();
    case TypeKind::kTime: return arrow::time32(arrow::TimeUnit::MILLI);
    case TypeKind::kTimestamp: return arrow::timestamp(UnitOf(type.precision()));
    case TypeKind::kTimestampLtz: return arrow::timestamp(UnitOf(type.precision()), "UTC");
    case TypeKind::kArray: return arrow::list(arrow::field("element", ToArrowType(type.element())));
    case TypeKind::kMap: return arrow::map(ToArrowType(type.map_key()), ToArrowType(type.map_value()));
    case TypeKind::kMultiset: return arrow::map(ToArrowType(type.element()), arrow::int32());
    case TypeKind::kRow: {
      arrow::FieldVector fields;
      for (const Field& field : type.fields())
        fields.push_back(arrow::field(field.name, ToArrowType(field.type)));
      return arrow::struct_(fields);
    }
    default: return arrow::utf8();
  }
}

Status CheckReadable(const arrow::DataType& from, const DataType& to, const std::string& name) {
  if (!Matches(from, to)) {
    return Status::InvalidData("column '" + name + "' of the Parquet file is " + from.ToString() +
                               " and cannot be read as " + to.ToString());
  }
  if (to.is(TypeKind::kArray)) return CheckReadable(*from.field(0)->type(), to.element(), name + ".element");
  if (to.is(TypeKind::kMap) || to.is(TypeKind::kMultiset)) {
    const auto& map = static_cast<const arrow::MapType&>(from);
    bool plain = to.is(TypeKind::kMap);
    RETURN_IF_ERROR(CheckReadable(*map.key_type(), plain ? to.map_key() : to.element(), name + ".key"));
    return CheckReadable(*map.item_type(), plain ? to.map_value() : DataType::Int(), name + ".value");
  }
  if (to.is(TypeKind::kRow)) {
    const auto& row = static_cast<const arrow::StructType&>(from);
    for (const Field& field : to.fields()) {
      std::shared_ptr<arrow::Field> found = row.GetFieldByName(field.name);
      if (found) RETURN_IF_ERROR(CheckReadable(*found->type(), field.type, name + "." + field.name));
    }
  }
  return Status::Ok();
}

Status AppendToArrow(const Column& column, int64_t begin, int64_t count, const DataType& type,
                     arrow::ArrayBuilder* builder) {
  auto each = [&]<typename Builder>(Builder*, auto get) {
    return AppendEach<Builder>(column, begin, count, builder, get);
  };
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return each(static_cast<arrow::BooleanBuilder*>(nullptr),
                  [&](int64_t r) { return column.At<uint8_t>(r) != 0; });
    case TypeKind::kTinyInt:
      return each(static_cast<arrow::Int8Builder*>(nullptr), [&](int64_t r) { return column.At<int8_t>(r); });
    case TypeKind::kSmallInt:
      return each(static_cast<arrow::Int16Builder*>(nullptr),
                  [&](int64_t r) { return column.At<int16_t>(r); });
    case TypeKind::kInt:
      return each(static_cast<arrow::Int32Builder*>(nullptr),
                  [&](int64_t r) { return column.At<int32_t>(r); });
    case TypeKind::kBigInt:
      return each(static_cast<arrow::Int64Builder*>(nullptr),
                  [&](int64_t r) { return column.At<int64_t>(r); });
    case TypeKind::kFloat:
      return each(static_cast<arrow::FloatBuilder*>(nullptr), [&](int64_t r) { return column.At<float>(r); });
    case TypeKind::kDouble:
      return each(static_cast<arrow::DoubleBuilder*>(nullptr),
                  [&](int64_t r) { return column.At<double>(r); });
    case TypeKind::kDecimal:
      return each(static_cast<arrow::Decimal128Builder*>(nullptr),
                  [&](int64_t r) { return ToDecimal(column.At<int128_t>(r)); });
    case TypeKind::kBinary:
    case TypeKind::kVarBinary:
      return each(static_cast<arrow::BinaryBuilder*>(nullptr), [&](int64_t r) { return column.StringAt(r); });
    case TypeKind::kDate:
      return each(static_cast<arrow::Date32Builder*>(nullptr),
                  [&](int64_t r) { return column.At<int32_t>(r); });
    case TypeKind::kTime:
      return each(static_cast<arrow::Time32Builder*>(nullptr),
                  [&](int64_t r) { return column.At<int32_t>(r); });
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz: {
      int128_t unit = NanosOf(UnitOf(type.precision()));
      return each(static_cast<arrow::TimestampBuilder*>(nullptr),
                  [&](int64_t r) { return static_cast<int64_t>(FloorDiv(NanosAt(column, r, type), unit)); });
    }
    case TypeKind::kArray:
    case TypeKind::kMap:
    case TypeKind::kMultiset: return AppendLists(column, begin, count, type, builder);
    case TypeKind::kRow: return AppendRowsToStruct(column, begin, count, type, builder);
    default:
      return each(static_cast<arrow::StringBuilder*>(nullptr), [&](int64_t r) { return column.StringAt(r); });
  }
}

void AppendFromArrow(const arrow::Array& array, int64_t row, const DataType& type, ColumnBuilder* to) {
  if (array.IsNull(row)) return to->AppendNull();
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return to->Append<uint8_t>(static_cast<const arrow::BooleanArray&>(array).Value(row) ? 1 : 0);
    case TypeKind::kTinyInt:
    case TypeKind::kSmallInt:
    case TypeKind::kInt:
    case TypeKind::kBigInt:
      if (!AppendInteger(IntegerOf(array, row), to)) to->AppendNull();
      return;
    case TypeKind::kFloat:
    case TypeKind::kDouble: {
      double value = array.type_id() == arrow::Type::FLOAT
                         ? static_cast<const arrow::FloatArray&>(array).Value(row)
                         : static_cast<const arrow::DoubleArray&>(array).Value(row);
      if (type.is(TypeKind::kFloat)) return to->Append(static_cast<float>(value));
      return to->Append(value);
    }
    case TypeKind::kDecimal: return AppendDecimal(array, row, type, to);
    case TypeKind::kDate: return to->Append(static_cast<const arrow::Date32Array&>(array).Value(row));
    case TypeKind::kTime: return AppendTimeOf(array, row, to);
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz: return AppendTimestampOf(array, row, type, to);
    case TypeKind::kArray:
    case TypeKind::kMap:
    case TypeKind::kMultiset:
    case TypeKind::kRow: return AppendNestedFrom(array, row, type, to);
    default: return to->AppendString(BytesOf(array, row));
  }
}

}  // namespace penstock
