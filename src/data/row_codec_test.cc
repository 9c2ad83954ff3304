// Rows as bytes: whole columns encode as their rows do, and come back.
#include "data/row_codec.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

ColumnPtr Build(const DataType& type, const std::vector<Value>& values) {
  ColumnBuilder builder(type);
  for (const Value& value : values) builder.AppendValue(value);
  return builder.Finish();
}

const std::vector<DataType>& Types() {
  static const std::vector<DataType> types = {
      DataType::BigInt(), DataType::String(),       DataType::Boolean(), DataType::SmallInt(),
      DataType::Int(),    DataType::Decimal(30, 2), DataType::String()};
  return types;
}

std::vector<ColumnPtr> Columns() {
  Value null = Value::Null();
  return {Build(Types()[0], {Value::Int(-7), null, Value::Int(INT64_MAX), Value::Int(0)}),
          Build(Types()[1], {Value::String(std::string(127, 'a')), Value::String(std::string(128, 'b')), null,
                             Value::String(std::string(20000, 'c'))}),
          Build(Types()[2], {Value::Bool(true), null, Value::Bool(false), Value::Bool(true)}),
          Build(Types()[3], {Value::Int(-300), null, Value::Int(300), Value::Int(1)}),
          Build(Types()[4], {null, Value::Int(INT32_MIN), Value::Int(5), null}),
          Build(Types()[5], {Value::Int128(int128_t(1) << 90), null, Value::Int128(-1), Value::Int128(0)}),
          Column::Constant(Types()[6], Value::String("same"), 4)};
}

// Rows [begin, end) by EncodeRows; each must be what EncodeRow gives, and decode to what it was.
void ExpectRows(const std::vector<DataType>& types, const std::vector<ColumnPtr>& columns, int64_t begin,
                int64_t end, RowBlock* block) {
  RowCodec codec(types);
  codec.EncodeRows(columns, begin, end, block);
  std::vector<ColumnBuilder> builders = MakeBuilders(types);
  for (int64_t row = begin; row < end; ++row) {
    std::string one;
    codec.EncodeRow(columns, row, &one);
    EXPECT_EQ((*block)[row], one) << row;
    codec.Decode((*block)[row], builders);
  }
  std::vector<ColumnPtr> decoded = FinishBuilders(builders);
  for (size_t c = 0; c < columns.size(); ++c) {
    for (int64_t row = begin; row < end; ++row)
      EXPECT_EQ(decoded[c]->ValueAt(row - begin), columns[c]->ValueAt(row)) << c << " " << row;
  }
}

TEST(RowCodec, WholeColumnsEncodeAsTheirRowsDo) {
  RowBlock block;
  ExpectRows(Types(), Columns(), 0, 4, &block);
  ExpectRows(Types(), Columns(), 1, 3, &block);  // a block can be used again
  ExpectRows(Types(), Columns(), 2, 2, &block);
  std::vector<ColumnPtr> sliced;
  for (const ColumnPtr& column : Columns()) sliced.push_back(column->Slice(1, 3));
  ExpectRows(Types(), sliced, 0, 3, &block);
}

TEST(RowCodec, ListsEncodeBesideTheOthers) {
  DataType list = DataType::Array(DataType::Int());
  std::vector<ColumnPtr> columns = {
      Build(list, {Value::List({Value::Int(1), Value::Null()}), Value::Null(), Value::List({})}),
      Build(DataType::BigInt(), {Value::Int(1), Value::Int(2), Value::Null()})};
  RowBlock block;
  ExpectRows({list, DataType::BigInt()}, columns, 0, 3, &block);
  ExpectRows({list, DataType::BigInt()}, columns, 1, 3, &block);
}

}  // namespace
}  // namespace penstock
