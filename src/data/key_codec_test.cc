// Keys as bytes: whole columns encode as their rows do, and order as SQL does.
#include "data/key_codec.h"

#include <gtest/gtest.h>

#include <cmath>

namespace penstock {
namespace {

ColumnPtr Build(const DataType& type, const std::vector<Value>& values) {
  ColumnBuilder builder(type);
  for (const Value& value : values) builder.AppendValue(value);
  return builder.Finish();
}

// The keys of all rows by Encode; each must be what EncodeRow gives.
std::vector<std::string> Keys(const std::vector<DataType>& types, const std::vector<ColumnPtr>& columns,
                              int64_t rows) {
  KeyCodec codec(types);
  KeyBlock block;
  codec.Encode(columns, rows, &block);
  codec.Encode(columns, rows, &block);  // a block can be used again
  std::vector<std::string> keys;
  EXPECT_EQ(block.rows(), rows);
  for (int64_t row = 0; row < rows; ++row) {
    std::string one;
    codec.EncodeRow(columns, row, &one);
    EXPECT_EQ(block[row], one) << row;
    keys.emplace_back(block[row]);
  }
  return keys;
}

const std::vector<DataType>& Types() {
  static const std::vector<DataType> types = {
      DataType::BigInt(),  DataType::String(),       DataType::Boolean(),
      DataType::TinyInt(), DataType::SmallInt(),     DataType::Int(),
      DataType::Date(),    DataType::Decimal(30, 2), DataType::Double()};
  return types;
}

std::vector<ColumnPtr> MixedColumns(const std::string& text) {
  Value null = Value::Null();
  return {Build(Types()[0], {Value::Int(-7), null, Value::Int(INT64_MAX)}),
          Build(Types()[1], {Value::String(text), Value::String(""), null}),
          Build(Types()[2], {Value::Bool(true), null, Value::Bool(false)}),
          Build(Types()[3], {Value::Int(-128), Value::Int(127), null}),
          Build(Types()[4], {Value::Int(-300), null, Value::Int(300)}),
          Build(Types()[5], {null, Value::Int(INT32_MIN), Value::Int(5)}),
          Build(Types()[6], {Value::Int(20000), Value::Int(-1), null}),
          Build(Types()[7], {Value::Int128(int128_t(1) << 90), null, Value::Int128(-1)}),
          Build(Types()[8], {Value::Double(-0.0), Value::Double(1.5), null})};
}

TEST(KeyCodecTest, WholeColumnsEncodeAsTheirRowsDo) {
  for (const std::string& text : {std::string("word"), std::string("a\0b", 3)}) {
    std::vector<ColumnPtr> columns = MixedColumns(text);
    for (size_t first = 0; first < columns.size(); ++first) {
      for (size_t last = first + 1; last <= columns.size(); ++last) {
        Keys({Types().begin() + static_cast<long>(first), Types().begin() + static_cast<long>(last)},
             {columns.begin() + static_cast<long>(first), columns.begin() + static_cast<long>(last)}, 3);
      }
    }
  }
}

TEST(KeyCodecTest, SlicesAndConstantsEncodeTheirOwnRows) {
  ColumnPtr numbers = Build(DataType::BigInt(), {Value::Int(1), Value::Int(2), Value::Int(3), Value::Int(4)});
  ColumnPtr words = Build(DataType::String(), {Value::String(std::string("\0", 1)), Value::String("b"),
                                               Value::String("c"), Value::String("d")});
  ColumnPtr day = Column::Constant(DataType::String(), Value::String("2025-01-01"), 2);
  ColumnPtr none = Column::Constant(DataType::Int(), Value::Null(), 2);
  std::vector<DataType> types = {DataType::BigInt(), DataType::String(), DataType::String(), DataType::Int()};
  std::vector<std::string> keys = Keys(types, {numbers->Slice(1, 2), words->Slice(1, 2), day, none}, 2);
  EXPECT_NE(keys[0], keys[1]);
}

TEST(KeyCodecTest, KeysOrderAsTheirValues) {
  ColumnPtr numbers = Build(DataType::BigInt(), {Value::Null(), Value::Int(INT64_MIN), Value::Int(-1),
                                                 Value::Int(0), Value::Int(300), Value::Int(INT64_MAX)});
  std::vector<std::string> keys = Keys({DataType::BigInt()}, {numbers}, 6);
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  ColumnPtr words = Build(DataType::String(), {Value::Null(), Value::String(""), Value::String("a"),
                                               Value::String("aa"), Value::String("b")});
  keys = Keys({DataType::String()}, {words}, 5);
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
}

TEST(KeyCodecTest, NoRowsGiveNoKeys) {
  EXPECT_TRUE(Keys({DataType::Int()}, {Build(DataType::Int(), {})}, 0).empty());
}

}  // namespace
}  // namespace penstock
