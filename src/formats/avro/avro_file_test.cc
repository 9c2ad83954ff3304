// Rows written and read back: as bare records, and as container files with every codec.
#include "formats/avro/avro_file.h"

#include <gtest/gtest.h>

#include "formats/avro/avro_encoder.h"
#include "formats/avro/avro_types.h"
#include "formats/format_harness.h"

namespace penstock {
namespace {

using namespace format_harness;

class Bytes : public ByteSource, public ByteSink {
 public:
  explicit Bytes(std::string text = "") : text(std::move(text)) {}
  uint64_t size() const override { return text.size(); }
  Status ReadAt(uint64_t offset, size_t size, char* to) override {
    if (offset > text.size() || size > text.size() - offset) return Status::Io("past the end");
    text.copy(to, size, offset);
    return Status::Ok();
  }
  Status Append(std::string_view bytes) override {
    text += bytes;
    return Status::Ok();
  }
  std::string text;
};

std::vector<Field> AllTypes() {
  return {{"a", DataType::Boolean()},
          {"b", DataType::TinyInt()},
          {"c", DataType::SmallInt().NotNull()},
          {"d", DataType::Int()},
          {"e", DataType::BigInt()},
          {"f", DataType::Float()},
          {"g", DataType::Double()},
          {"h", DataType::Decimal(20, 3)},
          {"i", DataType::String()},
          {"j", DataType::Bytes()},
          {"k", DataType::Date()},
          {"l", DataType::Time(3)},
          {"m", DataType::Timestamp(6)},
          {"n", DataType::TimestampLtz(3)},
          {"o", DataType::Array(DataType::Int())},
          {"p", DataType::Map(DataType::String(), DataType::Array(DataType::String()))},
          {"q", DataType::Row({{"x", DataType::Int()}, {"y", DataType::Decimal(38, 38).NotNull()}})}};
}

Batch SomeRows() {
  auto list = [](ValueList values) { return Value::List(std::move(values)); };
  ValueRow full = {Value::Bool(true),
                   Value::Int(-128),
                   Value::Int(32767),
                   Value::Int(INT32_MIN),
                   Value::Int(INT64_MIN),
                   Value::Double(1.5),
                   Value::Double(-2.25),
                   Value::Int128(-123456),
                   Value::String("h\xc3\xa9"),
                   Value::String(std::string("\0\xff", 2)),
                   Value::Int(-1),
                   Value::Int(86'399'999),
                   Value::Int(-1),
                   Value::Int(1'600'000'000'123'000),
                   list({Value::Int(1), Value::Null(), Value::Int(3)}),
                   list({Value::String("k"), list({Value::String("v"), Value::Null()}), Value::String("l"),
                         Value::Null()}),
                   list({Value::Null(), Value::Int128(-1)})};
  ValueRow empty(full.size());
  empty[2] = Value::Int(0);
  return MakeBatch(AllTypes(), {full, empty, full});
}

TEST(AvroEncoder, RecordsAreReadBackAsTheyWere) {
  FormatRequest request = Request(AllTypes(), {{"timestamp_mapping.legacy", "false"}});
  const Format* format = FindFormat("avro").value();
  Batch batch = SomeRows();
  std::vector<std::string> messages = EncodeMessages(**format->NewEncoder(request), batch);
  Decoded decoded = DecodeMessages("avro", request, messages);
  EXPECT_EQ(decoded.rows, RowsText(batch, request.columns));
  EXPECT_TRUE(decoded.errors.empty());
  request.columns = {request.stored[8], request.stored[2]};
  EXPECT_EQ(DecodeMessages("avro", request, messages).rows,
            "+I h\xc3\xa9|32767\n+I NULL|0\n+I h\xc3\xa9|32767\n");
}

TEST(AvroEncoder, BytesAreThoseOfTheSpecification) {
  std::vector<Field> columns = {{"a", DataType::BigInt().NotNull()},
                                {"b", DataType::String()},
                                {"c", DataType::Decimal(5, 2).NotNull()},
                                {"d", DataType::Array(DataType::Boolean().NotNull()).NotNull()}};
  Batch batch = MakeBatch(columns, {{Value::Int(-65), Value::String("foo"), Value::Int128(-129),
                                     Value::List({Value::Bool(true), Value::Bool(false)})}});
  AvroSchemaPtr schema = AvroSchemaOf(columns, AvroTimestamps::kLegacy).value();
  std::vector<std::string> messages = EncodeMessages(**AvroEncoder::Make(schema, columns), batch);
  EXPECT_EQ(messages[0], std::string("\x81\x01"
                                     "\x02\x06"
                                     "foo"
                                     "\x04\xff\x7f"
                                     "\x04\x01\x00\x00",
                                     14));
}

TEST(AvroEncoder, AGivenSchemaOrdersAndFillsTheFields) {
  std::vector<Field> columns = {{"a", DataType::Int()}, {"e", DataType::String()}};
  AvroSchemaPtr schema =
      AvroSchema::Parse(R"({"type":"record","name":"r","fields":[{"name":"more","type":"int","default":3},)"
                        R"({"name":"e","type":{"type":"enum","name":"e","symbols":["x","y"]}},)"
                        R"({"name":"a","type":["long","null"]}]})")
          .value();
  Batch batch = MakeBatch(columns, {{Value::Int(1), Value::String("y")},
                                    {Value::Null(), Value::String("x")},
                                    {Value::Int(1), Value::Null()},
                                    {Value::Int(1), Value::String("z")}});
  std::vector<std::string> messages = EncodeMessages(**AvroEncoder::Make(schema, columns), batch);
  EXPECT_EQ(messages[0], std::string("\x06\x02\x00\x02", 4));
  EXPECT_EQ(messages[1], std::string("\x06\x00\x02", 3));
  EXPECT_EQ(messages[2], "error: cannot write column 'e' as Avro: NULL, and the schema has no null for it");
  EXPECT_EQ(messages[3], "error: cannot write column 'e' as Avro: the enum has no symbol 'z'");
  columns.push_back({"b", DataType::Int()});
  EXPECT_EQ(AvroEncoder::Make(schema, columns).error().message(), "the schema has no field 'b'");
}

std::string Write(const std::string& codec, int batches) {
  Bytes file;
  FormatRequest request = Request(AllTypes(), {{"codec", codec}, {"timestamp_mapping.legacy", "false"}});
  std::unique_ptr<BulkWriter> writer = FindFormat("avro").value()->NewBulkWriter(request, &file).value();
  for (int i = 0; i < batches; ++i) CHECK(writer->Write(SomeRows()).ok());
  CHECK(writer->Finish().ok());
  EXPECT_EQ(writer->bytes_written(), file.text.size());
  return file.text;
}

// All rows of a file, or what is wrong with it.
std::string ReadAll(const std::string& text, const std::vector<Field>& columns) {
  Bytes file(text);
  FormatRequest request = Request(columns, {{"timestamp_mapping.legacy", "false"}});
  Result<std::unique_ptr<BulkReader>> reader = FindFormat("avro").value()->NewBulkReader(request, &file);
  if (!reader) return reader.error().message();
  std::string rows;
  for (int group = 0; group < (*reader)->groups(); ++group) {
    if (Status status = (*reader)->Seek(group, 0); !status.ok()) return status.message();
    while (true) {
      Result<Batch> batch = (*reader)->Read(7);
      if (!batch) return batch.error().message();
      if (batch->rows == 0) break;
      rows += RowsText(*batch, columns);
    }
  }
  return rows;
}

TEST(AvroFile, EveryCodecBringsTheRowsBack) {
  std::string wanted;
  for (int i = 0; i < 400; ++i) wanted += RowsText(SomeRows(), AllTypes());
  for (const char* codec : {"null", "deflate", "snappy", "zstandard"}) {
    EXPECT_EQ(ReadAll(Write(codec, 400), AllTypes()), wanted) << codec;
  }
  EXPECT_EQ(ReadAll(Write("null", 0), AllTypes()), "");
}

TEST(AvroFile, ReadingGoesOnInTheMiddleOfABlock) {
  Bytes file(Write("snappy", 1000));
  std::vector<Field> columns = {{"c", DataType::SmallInt()}};
  std::unique_ptr<BulkReader> reader = OpenAvroFile(&file, nullptr, columns).value();
  ASSERT_GT(reader->groups(), 2);
  ASSERT_TRUE(reader->Seek(1, 0).ok());
  Batch from_start = reader->Read(100).value();
  ASSERT_TRUE(reader->Seek(2, 0).ok());
  ASSERT_TRUE(reader->Seek(1, 40).ok());
  EXPECT_EQ(RowsText(reader->Read(60).value(), columns), RowsText(from_start.Slice(40, 60), columns));
}

TEST(AvroFile, ColumnsOfOtherSchemasAreResolved) {
  std::vector<Field> columns = {{"d", DataType::BigInt()}, {"new", DataType::String()}};
  EXPECT_EQ(ReadAll(Write("null", 1), columns), "+I -2147483648|NULL\n+I NULL|NULL\n+I -2147483648|NULL\n");
  std::string of_branch = ReadAll(Write("null", 1), {{"i", DataType::Int()}});
  EXPECT_TRUE(of_branch.starts_with("bad Avro record 0 of the block at offset")) << of_branch;
  EXPECT_EQ(ReadAll(Write("null", 1), {{"c", DataType::String()}}),
            "the file's Avro schema does not fit the table: field 'c': a value written as int cannot be "
            "read as string");
}

TEST(AvroFile, DamagedFilesAreRefused) {
  std::string good = Write("snappy", 100);
  EXPECT_EQ(ReadAll("", AllTypes()), "bad Avro file header: no Avro file: it does not begin with Obj1");
  EXPECT_EQ(ReadAll("PAR1 something", AllTypes()),
            "bad Avro file header: no Avro file: it does not begin with Obj1");
  std::string cut = ReadAll(good.substr(0, good.size() - 3), AllTypes());
  EXPECT_TRUE(cut.starts_with("the file ends inside the block at offset")) << cut;
  std::string marker = good;
  marker.back() ^= 1;
  std::string wrong = ReadAll(marker, AllTypes());
  EXPECT_TRUE(wrong.starts_with("no sync marker at offset")) << wrong;
  std::string body = good;
  body[good.size() - 60] ^= 1;
  std::string damaged = ReadAll(body, AllTypes());
  EXPECT_TRUE(damaged.starts_with("a block ")) << damaged;
  std::string codec = good;
  codec.replace(codec.find("snappy"), 6, "strange");
  EXPECT_NE(ReadAll(codec, AllTypes()).find("header"), std::string::npos);
}

TEST(AvroFormat, OptionsAreChecked) {
  auto error = [](const Options& options) {
    Status status = FindFormat("avro").value()->Check(Request({{"a", DataType::Int()}}, options));
    return status.ok() ? ErrorNumber::kNone : status.number();
  };
  EXPECT_EQ(error({}), ErrorNumber::kNone);
  EXPECT_EQ(error({{"codec", "bzip2"}}), ErrorNumber::kBadOption);
  EXPECT_EQ(error({{"encoding", "json"}}), ErrorNumber::kUnsupported);
  EXPECT_EQ(error({{"encoding", "xml"}}), ErrorNumber::kBadOption);
  EXPECT_EQ(error({{"timestamp_mapping.legacy", "maybe"}}), ErrorNumber::kBadOption);
}

}  // namespace
}  // namespace penstock
