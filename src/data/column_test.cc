// Columns: constants, and texts that are gathered.
#include "data/column.h"

#include <gtest/gtest.h>

#include "data/column_builder.h"

namespace penstock {
namespace {

TEST(Column, AConstantNullStaysNullInEveryRow) {
  for (int64_t rows : {1, 2, 100, 1000}) {
    ColumnPtr flat = Column::Flatten(Column::Constant(DataType::Double(), Value::Null(), rows));
    EXPECT_EQ(flat->length(), rows);
    EXPECT_EQ(flat->CountNulls(), rows);
  }
  ColumnPtr none = Column::Flatten(Column::Constant(DataType::Int(), Value::Int(7), 0));
  EXPECT_EQ(none->length(), 0);
}

TEST(Column, TextsAreTakenInRunsAndAlone) {
  ColumnBuilder builder(DataType::String());
  for (const char* text : {"a", "", "ccc", "dd"}) builder.AppendString(text);
  builder.AppendNull();
  ColumnPtr column = builder.Finish()->Slice(1, 4);  // "", ccc, dd, NULL
  std::vector<int32_t> rows = {1, 2, 3, 0, 2, 2, 1};
  ColumnPtr taken = column->Take(rows);
  std::vector<std::string> texts;
  for (int64_t row = 0; row < taken->length(); ++row)
    texts.push_back(taken->IsNull(row) ? "NULL" : std::string(taken->StringAt(row)));
  EXPECT_EQ(texts, (std::vector<std::string>{"ccc", "dd", "NULL", "", "dd", "dd", "ccc"}));
}

TEST(ColumnBuilder, AppendsARangeOfNullsAtOnceWhateverTheType) {
  ColumnPtr null = Column::Constant(DataType::Boolean(), Value::Null(), 1);
  DataType list = DataType::Array(DataType::Int());
  DataType type = DataType::Row({{"a", DataType::BigInt()}, {"b", DataType::String()}, {"c", list}});
  ColumnBuilder builder(type);
  Value row = Value::List({Value::Int(1), Value::String("x"), Value::List({Value::Int(2)})});
  builder.AppendRange(*null, 0, 2);
  builder.AppendValue(row);
  builder.AppendRange(*null, 0, 0);
  builder.AppendRange(*null, 0, 3);
  builder.AppendValue(row);
  ColumnPtr column = builder.Finish();
  ASSERT_EQ(column->length(), 7);
  EXPECT_EQ(column->CountNulls(), 5);
  for (const ColumnPtr& child : column->children()) EXPECT_EQ(child->length(), 7);
  for (int64_t i = 0; i < 7; ++i) EXPECT_EQ(column->ValueAt(i), i == 2 || i == 6 ? row : Value::Null()) << i;
}

TEST(ColumnBuilder, IsEmptyAfterFinishWhateverItHeldBefore) {
  ColumnBuilder builder(DataType::String());
  for (int i = 0; i < 1000; ++i) builder.AppendString("text");
  EXPECT_EQ(builder.Finish()->length(), 1000);
  builder.AppendString("x");
  ColumnPtr second = builder.Finish();
  EXPECT_EQ(second->length(), 1);
  EXPECT_EQ(second->StringAt(0), "x");
}

}  // namespace
}  // namespace penstock
