// Parquet files in memory: every type, projection, positions and files that do not fit the table.
#include <gtest/gtest.h>

#include <cstring>

#include "data/row_codec.h"
#include "data/value_text.h"
#include "formats/format.h"

namespace penstock {
namespace {

class StringSink : public ByteSink {
 public:
  Status Append(std::string_view more) override {
    bytes += more;
    return Status::Ok();
  }
  std::string bytes;
};

class StringSource : public ByteSource {
 public:
  explicit StringSource(std::string given) : bytes(std::move(given)) {}
  uint64_t size() const override { return bytes.size(); }
  Status ReadAt(uint64_t offset, size_t size, char* to) override {
    if (offset + size > bytes.size()) return Status::Corruption("cut off");
    std::memcpy(to, bytes.data() + offset, size);
    return Status::Ok();
  }
  std::string bytes;
};

FormatRequest Request(const std::vector<Field>& columns, const Options& options = {}) {
  FormatRequest request;
  request.prefix = "parquet.";
  request.options = options;
  request.columns = request.stored = columns;
  return request;
}

const Format& Parquet() { return **FindFormat("parquet"); }

std::string WriteRows(const std::vector<Field>& columns, const std::vector<ValueRow>& rows,
                      const Options& options = {}) {
  StringSink sink;
  auto writer = Parquet().NewBulkWriter(Request(columns, options), &sink);
  EXPECT_TRUE(writer.has_value()) << writer.error().ToString();
  for (const ValueRow& row : rows) {
    std::vector<ColumnBuilder> builders = MakeBuilders(Schema(columns).types());
    for (size_t i = 0; i < row.size(); ++i) builders[i].AppendValue(row[i]);
    EXPECT_TRUE((*writer)->Write(Batch(1, FinishBuilders(builders))).ok());
  }
  EXPECT_TRUE((*writer)->Finish().ok());
  return sink.bytes;
}

std::string ReadAll(BulkReader& reader, const std::vector<Field>& columns, int from_group, int64_t from_row) {
  std::string text;
  for (int group = from_group; group < reader.groups(); ++group) {
    EXPECT_TRUE(reader.Seek(group, group == from_group ? from_row : 0).ok());
    while (true) {
      Result<Batch> batch = reader.Read(2);
      EXPECT_TRUE(batch.has_value());
      if (batch->rows == 0) break;
      for (int64_t row = 0; row < batch->rows; ++row) {
        for (size_t i = 0; i < columns.size(); ++i)
          text += (i > 0 ? "|" : "") +
                  ValueToText(batch->columns[i]->ValueAt(row), columns[i].type, TimeZone::Utc());
        text += "\n";
      }
    }
  }
  return text;
}

Value S(const char* text) { return Value::String(text); }
Value I(int64_t value) { return Value::Int(value); }

TEST(Parquet, KeepsEveryType) {
  DataType nested = DataType::Row({{"x", DataType::Int()}, {"l", DataType::Array(DataType::String())}});
  std::vector<Field> columns = {{"b", DataType::Boolean()},
                                {"i1", DataType::TinyInt()},
                                {"i2", DataType::SmallInt()},
                                {"i4", DataType::Int()},
                                {"i8", DataType::BigInt().NotNull()},
                                {"f", DataType::Float()},
                                {"d", DataType::Double()},
                                {"m", DataType::Decimal(38, 10)},
                                {"s", DataType::VarChar(10)},
                                {"y", DataType::Bytes()},
                                {"dt", DataType::Date()},
                                {"tm", DataType::Time(3)},
                                {"t3", DataType::Timestamp(3)},
                                {"t6", DataType::Timestamp(6)},
                                {"t9", DataType::Timestamp(9)},
                                {"z", DataType::TimestampLtz(3)},
                                {"r", nested},
                                {"a", DataType::Array(DataType::Int())},
                                {"mp", DataType::Map(DataType::String(), nested)}};
  Value row = Value::List({I(7), Value::List({S("u"), Value::Null()})});
  Value big = Value::Int128(-int128_t(1234567890123456789) * 1000000007);
  std::vector<ValueRow> rows = {
      {Value::Bool(true), I(-1), I(300), I(-70000), I(1LL << 40), Value::Double(1.5), Value::Double(-2.25),
       big, S("é"), S("a"), I(-1), I(3723004), I(1600000000123000), I(-1234567),
       Value::Int128(int128_t(1600000000) * 1000000000 + 7), I(1600000000123000), row,
       Value::List({I(1), Value::Null()}), Value::List({S("k"), row, S("l"), Value::Null()})},
      ValueRow(columns.size())};
  rows[1][4] = I(5);
  rows.push_back(rows[0]);
  for (const char* compression : {"zstd", "SNAPPY", "UNCOMPRESSED"}) {
    StringSource source(WriteRows(columns, rows, {{"compression", compression}}));
    auto reader = Parquet().NewBulkReader(Request(columns), &source);
    ASSERT_TRUE(reader.has_value()) << reader.error().ToString();
    std::string text = ReadAll(**reader, columns, 0, 0);
    std::string expected;
    for (const ValueRow& values : rows) {
      for (size_t i = 0; i < columns.size(); ++i)
        expected += (i > 0 ? "|" : "") + ValueToText(values[i], columns[i].type, TimeZone::Utc());
      expected += "\n";
    }
    EXPECT_EQ(text, expected);
  }
}

TEST(Parquet, ReadsWantedColumnsFromAnyPosition) {
  std::vector<Field> columns = {{"a", DataType::Int()}, {"s", DataType::String()}};
  std::vector<ValueRow> rows;
  for (int i = 0; i < 10; ++i) rows.push_back({I(i), S("x")});
  StringSource source(WriteRows(columns, rows, {{"block.size", "16"}}));
  std::vector<Field> wanted = {{"missing", DataType::Double()}, {"a", DataType::BigInt()}};
  auto reader = Parquet().NewBulkReader(Request(wanted), &source);
  ASSERT_TRUE(reader.has_value()) << reader.error().ToString();
  EXPECT_GT((*reader)->groups(), 1);
  EXPECT_TRUE(ReadAll(**reader, wanted, (*reader)->groups() - 1, 0).ends_with("NULL|9\n"));
  StringSource one(WriteRows(columns, rows));
  auto whole = Parquet().NewBulkReader(Request(wanted), &one);
  EXPECT_EQ(ReadAll(**whole, wanted, 0, 7), "NULL|7\nNULL|8\nNULL|9\n");
  auto none = Parquet().NewBulkReader(Request({}), &one);
  EXPECT_EQ(ReadAll(**none, {}, 0, 7), "\n\n\n");
}

TEST(Parquet, RefusesWhatItCannotRead) {
  std::vector<Field> columns = {{"a", DataType::Int()}};
  StringSource source(WriteRows(columns, {{I(1)}}));
  auto reader = Parquet().NewBulkReader(Request({{"a", DataType::String()}}), &source);
  ASSERT_FALSE(reader.has_value());
  EXPECT_NE(reader.error().message().find("'a'"), std::string::npos);
  StringSource garbage("no parquet at all");
  EXPECT_FALSE(Parquet().NewBulkReader(Request(columns), &garbage).has_value());
  EXPECT_FALSE(Parquet().Check(Request(columns, {{"compression", "rar"}})).ok());
  EXPECT_FALSE(Parquet().Check(Request({{"i", DataType::IntervalDayTime()}})).ok());
}

}  // namespace
}  // namespace penstock
