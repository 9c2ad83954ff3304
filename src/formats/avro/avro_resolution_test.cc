// Resolution of a writer's schema against columns: promotion, defaults, skipped fields, unions, enums, and
// records that lie.
#include <gtest/gtest.h>

#include "formats/avro/avro_decoder.h"
#include "formats/avro/avro_output.h"
#include "formats/avro/avro_types.h"
#include "formats/format_harness.h"

namespace penstock {
namespace {

using namespace format_harness;

std::string Record(const std::string& fields) {
  return R"({"type":"record","name":"r","fields":[)" + fields + "]}";
}
std::string Long(int64_t value) {
  std::string bytes;
  AppendAvroLong(value, &bytes);
  return bytes;
}
std::string Text(const std::string& text) { return Long(static_cast<int64_t>(text.size())) + text; }

// The row that a record becomes, or what is wrong with it or its schema.
std::string Read(const std::string& writer, const std::vector<Field>& columns, const std::string& record,
                 const std::string& reader = "") {
  AvroSchemaPtr wanted = reader.empty() ? AvroSchemaOf(columns, AvroTimestamps::kCorrect).value()
                                        : AvroSchema::Parse(reader).value();
  AvroProgram program(AvroSchema::Parse(writer).value(), wanted, columns);
  if (!program.usable()) return "unusable: " + program.problem();
  DecodedRows out(Schema(columns).types(), true);
  std::string problem;
  if (!DecodeAvroRecord(program, record, &out, &problem)) {
    EXPECT_EQ(out.builders[0].length(), 0);
    return problem;
  }
  return RowsText(out.Take(), columns);
}

TEST(AvroResolution, FieldsAreFoundByNameAndOthersSkipped) {
  std::string writer =
      Record(R"({"name":"skipped","type":{"type":"array","items":"string"}},{"name":"b","type":"string"},)"
             R"({"name":"also","type":{"type":"record","name":"s","fields":[)"
             R"({"name":"m","type":{"type":"map","values":"int"}}]}},)"
             R"({"name":"a","type":"int"})");
  std::string record = Long(2) + Text("x") + Text("yy") + Long(0) + Text("bee") + Long(1) + Text("k") +
                       Long(9) + Long(0) + Long(-7);
  EXPECT_EQ(Read(writer, {{"a", DataType::Int()}, {"b", DataType::String()}}, record), "+I -7|bee\n");
}

TEST(AvroResolution, BlocksWithTheirSizeAreSkippedWhole) {
  std::string writer =
      Record(R"({"name":"s","type":{"type":"array","items":"long"}},{"name":"a","type":"int"})");
  std::string record = Long(-3) + Long(3) + std::string(3, '\x02') + Long(0) + Long(5);
  EXPECT_EQ(Read(writer, {{"a", DataType::Int()}}, record), "+I 5\n");
  EXPECT_EQ(Read(writer, {{"s", DataType::Array(DataType::BigInt())}}, record), "+I [1, 1, 1]\n");
}

TEST(AvroResolution, MissingFieldsGetTheReadersDefault) {
  std::string writer = Record(R"({"name":"a","type":"int"})");
  std::vector<Field> columns = {{"a", DataType::Int()}, {"b", DataType::String()}};
  EXPECT_EQ(Read(writer, columns, Long(1)), "+I 1|NULL\n");
  std::string reader = Record(
      R"({"name":"a","type":"int"},{"name":"b","type":"string","default":"none"},{"name":"c","type":)"
      R"({"type":"array","items":"int"},"default":[1,2]},)"
      R"({"name":"d","type":{"type":"record","name":"q","fields":[)"
      R"({"name":"x","type":"long","default":4},{"name":"y","type":"bytes"}]},"default":{"y":"\u00ff"}})");
  columns.push_back({"c", DataType::Array(DataType::Int())});
  columns.push_back({"d", DataType::Row({{"x", DataType::BigInt()}, {"y", DataType::Bytes()}})});
  EXPECT_EQ(Read(writer, columns, Long(1), reader),
            "+I 1|none|[1, 2]|(4, \xff"
            ")\n");
  EXPECT_EQ(Read(writer, {{"a", DataType::Int()}, {"b", DataType::Int().NotNull()}}, Long(1)),
            "unusable: field 'b': the writer has no such field, and it has no default");
}

TEST(AvroResolution, AliasesOfTheReaderNameFieldsOfTheWriter) {
  EXPECT_EQ(Read(Record(R"({"name":"old","type":"int"})"), {{"a", DataType::Int()}}, Long(3),
                 Record(R"({"name":"a","type":"int","aliases":["old"]})")),
            "+I 3\n");
}

TEST(AvroResolution, NumbersAreWidenedAndNeverNarrowed) {
  auto read = [](const std::string& type, const DataType& column, const std::string& bytes) {
    return Read(Record(R"({"name":"a","type":")" + type + "\"}"), {{"a", column}}, bytes);
  };
  EXPECT_EQ(read("int", DataType::BigInt(), Long(-5)), "+I -5\n");
  EXPECT_EQ(read("int", DataType::Double(), Long(-5)), "+I -5.0\n");
  EXPECT_EQ(read("long", DataType::Float(), Long(5)), "+I 5.0\n");
  EXPECT_EQ(read("float", DataType::Double(), std::string("\0\0\x20\x40", 4)), "+I 2.5\n");
  EXPECT_EQ(read("string", DataType::Bytes(), Text("a")), "+I a\n");
  EXPECT_EQ(read("bytes", DataType::String(), Text("a")), "+I a\n");
  EXPECT_EQ(read("long", DataType::Int(), Long(5)),
            "unusable: field 'a': a value written as long cannot be read as int");
  EXPECT_EQ(read("int", DataType::TinyInt(), Long(300)), "bad Avro record: 300 does not fit TINYINT");
}

TEST(AvroResolution, BranchesOfUnionsAreJudgedOneByOne) {
  std::string writer = Record(R"({"name":"a","type":["string","null","int","long"]})");
  std::vector<Field> columns = {{"a", DataType::BigInt()}};
  EXPECT_EQ(Read(writer, columns, Long(1)), "+I NULL\n");
  EXPECT_EQ(Read(writer, columns, Long(2) + Long(7)), "+I 7\n");
  EXPECT_EQ(Read(writer, columns, Long(3) + Long(8)), "+I 8\n");
  EXPECT_EQ(Read(writer, columns, Long(0) + Text("x")),
            "bad Avro record: a value written as string cannot be read as long");
  EXPECT_EQ(Read(writer, columns, Long(4)), "bad Avro record: a union has no branch 4");
  EXPECT_EQ(Read(writer, columns, Long(-1)), "bad Avro record: a union has no branch -1");
}

TEST(AvroResolution, EnumsAreTextAndUnknownSymbolsTheDefault) {
  std::string writer = Record(R"({"name":"a","type":{"type":"enum","name":"e","symbols":["x","new"]}})");
  std::vector<Field> columns = {{"a", DataType::String()}};
  auto reader = [](const std::string& more) {
    return Record(R"({"name":"a","type":{"type":"enum","name":"e","symbols":["old","x"])" + more + "}}");
  };
  EXPECT_EQ(Read(writer, columns, Long(1)), "+I new\n");
  EXPECT_EQ(Read(writer, columns, Long(0), reader("")), "+I x\n");
  EXPECT_EQ(Read(writer, columns, Long(1), reader(R"(,"default":"old")")), "+I old\n");
  EXPECT_EQ(Read(writer, columns, Long(1), reader("")),
            "bad Avro record: the reader's enum has no symbol for number 1, and no default");
  EXPECT_EQ(Read(writer, columns, Long(2)), "bad Avro record: an enum has no symbol number 2");
}

TEST(AvroResolution, DatesTimesAndDecimalsKeepTheWritersUnit) {
  auto read = [](const std::string& type, const DataType& column, const std::string& bytes) {
    return Read(Record(R"({"name":"a","type":)" + type + "}"), {{"a", column}}, bytes);
  };
  std::string micros = R"({"type":"long","logicalType":"timestamp-micros"})";
  EXPECT_EQ(read(micros, DataType::Timestamp(3), Long(1'234'567)), "+I 1970-01-01 00:00:01.234\n");
  EXPECT_EQ(read(micros, DataType::TimestampLtz(6), Long(-1)), "+I 1969-12-31 23:59:59.999999\n");
  EXPECT_EQ(read(R"({"type":"long","logicalType":"timestamp-millis"})", DataType::Timestamp(6), Long(1234)),
            "+I 1970-01-01 00:00:01.234000\n");
  EXPECT_EQ(read(R"("long")", DataType::Timestamp(3), Long(1234)), "+I 1970-01-01 00:00:01.234\n");
  EXPECT_EQ(
      read(R"({"type":"long","logicalType":"timestamp-millis"})", DataType::Timestamp(3), Long(INT64_MAX)),
      "bad Avro record: 9223372036854775807 does not fit TIMESTAMP(3)");
  EXPECT_EQ(read(R"({"type":"long","logicalType":"time-micros"})", DataType::Time(3), Long(61'001'000)),
            "+I 00:01:01.001\n");
  EXPECT_EQ(read(R"({"type":"int","logicalType":"time-millis"})", DataType::Time(3), Long(86'400'000)),
            "bad Avro record: 86400000 is no time of a day");
  EXPECT_EQ(read(R"({"type":"int","logicalType":"date"})", DataType::Date(), Long(-1)), "+I 1969-12-31\n");
  std::string decimal =
      R"({"type":"fixed","name":"f","size":3,"logicalType":"decimal","precision":6,"scale":2})";
  EXPECT_EQ(read(decimal, DataType::Decimal(10, 3), std::string("\xff\xff\x85", 3)), "+I -1.230\n");
  EXPECT_EQ(read(decimal, DataType::Decimal(3, 2), std::string("\x00\x27\x10", 3)),
            "bad Avro record: a decimal does not fit DECIMAL(3, 2)");
  std::string large = R"({"type":"bytes","logicalType":"decimal","precision":38,"scale":0})";
  EXPECT_EQ(read(large, DataType::Decimal(38, 0), Long(18) + std::string(18, '\xff')), "+I -1\n");
  EXPECT_EQ(read(large, DataType::Decimal(38, 0), Long(17) + "\x01" + std::string(16, '\0')),
            "bad Avro record: a decimal does not fit DECIMAL(38, 0)");
  EXPECT_EQ(read(R"({"type":"fixed","name":"u","size":16,"logicalType":"uuid"})", DataType::String(),
                 std::string("\x12\x34\x56\x78\x9a\xbc\xde\xf0\x11\x22\x33\x44\x55\x66\x77\x88")),
            "+I 12345678-9abc-def0-1122-334455667788\n");
}

TEST(AvroResolution, RecordsThatLieAreBad) {
  std::vector<Field> columns = {{"a", DataType::Array(DataType::String())}};
  std::string writer = Record(R"({"name":"a","type":{"type":"array","items":"string"}})");
  EXPECT_EQ(Read(writer, columns, ""), "bad Avro record: the record ends too early");
  EXPECT_EQ(Read(writer, columns, Long(1)), "bad Avro record: the record ends too early");
  EXPECT_EQ(Read(writer, columns, Long(1) + Long(-1)), "bad Avro record: a length below zero");
  EXPECT_EQ(Read(writer, columns, Long(INT64_MAX)), "bad Avro record: more items than the record has bytes");
  EXPECT_EQ(Read(writer, columns, Long(INT64_MIN)), "bad Avro record: a block of too many items");
  EXPECT_EQ(Read(writer, columns, std::string(10, '\xff')), "bad Avro record: a number of more than 64 bits");
  EXPECT_EQ(Read(writer, columns, Long(1) + Text("\xff") + Long(0)),
            "bad Avro record: a string that is no UTF-8");
  EXPECT_EQ(Read(writer, columns, Long(0) + "x"), "bad Avro record: 1 bytes are left behind the record");
  std::string endless =
      Record(R"({"name":"n","type":{"type":"array","items":"null"}},{"name":"a","type":"int"})");
  EXPECT_EQ(Read(endless, {{"a", DataType::Int()}}, Long(1'000'000'000) + Long(0) + Long(1)),
            "bad Avro record: more items than the record has bytes");
  std::string list = Record(R"({"name":"a","type":"int"},{"name":"next","type":["null","r"]})");
  std::string chain;
  for (int i = 0; i < 1000; ++i) chain += Long(i) + Long(1);
  EXPECT_EQ(Read(list, {{"a", DataType::Int()}}, chain), "bad Avro record: a value is nested too deep");
}

}  // namespace
}  // namespace penstock
