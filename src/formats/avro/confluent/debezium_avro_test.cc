// Debezium's envelopes in Avro: operations, images, what is bad, and what is written.
#include <gtest/gtest.h>

#include "formats/avro/confluent/avro_confluent_decoder.h"
#include "formats/avro/avro_output.h"
#include "formats/format_harness.h"

namespace penstock {
namespace {

using namespace format_harness;

class OneSchema : public SchemaRegistry {
 public:
  Result<std::string> Fetch(int32_t) override { return schema; }
  Result<int32_t> Register(const std::string&, const std::string& text) override {
    schema = text;
    return 9;
  }
  std::string schema;
};

const std::vector<Field> kColumns = {{"id", DataType::BigInt()}, {"n", DataType::String()}};

// As Debezium's own schemas: with a namespace, the row defined once, more fields around.
const char* const kDebezium =
    R"({"type":"record","name":"Envelope","namespace":"db.t","fields":[)"
    R"({"name":"before","type":["null",{"type":"record","name":"Value","fields":[{"name":"id","type":"int"},)"
    R"({"name":"n","type":["null","string"],"default":null}]}],"default":null},)"
    R"({"name":"after","type":["null","Value"],"default":null},)"
    R"({"name":"source","type":{"type":"record","name":"Source","fields":[{"name":"ts_ms","type":"long"}]}},)"
    R"({"name":"op","type":"string"},{"name":"ts_ms","type":["null","long"],"default":null}]})";

FormatRequest RequestOf(const std::string& schema) {
  FormatRequest request = Request(kColumns, {{"url", "http://r"}, {"subject", "s"}});
  auto registry = std::make_shared<OneSchema>();
  registry->schema = schema;
  request.registry = registry;
  return request;
}

std::string Image(int64_t id, const std::string& name) {
  std::string bytes;
  AppendAvroLong(1, &bytes);
  AppendAvroLong(id, &bytes);
  AppendAvroLong(1, &bytes);
  AppendAvroBytes(name, &bytes);
  return bytes;
}

std::string Message(const std::string& before, const std::string& after, const std::string& op) {
  std::string bytes = AvroMessagePrefix(1) + before + after;
  AppendAvroLong(1234, &bytes);
  AppendAvroBytes(op, &bytes);
  AppendAvroLong(0, &bytes);
  return bytes;
}

const std::string kNone(1, '\0');

TEST(DebeziumAvro, OperationsBecomeChanges) {
  Decoded decoded =
      DecodeMessages("debezium-avro-confluent", RequestOf(kDebezium),
                     {Message(kNone, Image(1, "a"), "c"), Message(kNone, Image(2, "b"), "r"),
                      Message(Image(1, "a"), Image(1, "z"), "u"), Message(Image(2, "b"), kNone, "d"), ""});
  EXPECT_EQ(decoded.rows, "+I 1|a\n+I 2|b\n-U 1|a\n+U 1|z\n-D 2|b\n");
  EXPECT_TRUE(decoded.errors.empty());
}

TEST(DebeziumAvro, BadEnvelopesAreBadRecordsAndLeaveNoRow) {
  std::string whole = Message(Image(1, "a"), Image(1, "b"), "u");
  Decoded decoded = DecodeMessages(
      "debezium-avro-confluent", RequestOf(kDebezium),
      {Message(kNone, Image(1, "a"), "u"), Message(Image(1, "a"), kNone, "u"), Message(kNone, kNone, "c"),
       Message(kNone, Image(1, "a"), "t"), Message(Image(1, "a"), Image(1, "\xff"), "u"), whole + "x",
       whole.substr(0, whole.size() - 1)});
  EXPECT_EQ(decoded.rows, "");
  ASSERT_EQ(decoded.errors.size(), 7U);
  EXPECT_EQ(
      decoded.errors[0],
      "schema id 1: the \"before\" field of UPDATE message is null; a PostgreSQL table has to have REPLICA "
      "IDENTITY FULL @ t-0:0");
  EXPECT_EQ(decoded.errors[1], "schema id 1: the \"after\" field of UPDATE message is null @ t-0:1");
  EXPECT_EQ(decoded.errors[3], "schema id 1: unknown \"op\" value \"t\" @ t-0:3");
  EXPECT_EQ(decoded.errors[4], "schema id 1: bad Avro record: a string that is no UTF-8 @ t-0:4");
  EXPECT_EQ(decoded.errors[5], "schema id 1: bad Avro record: 1 bytes are left behind the record @ t-0:5");
  EXPECT_EQ(decoded.errors[6], "schema id 1: bad Avro record: the record ends too early @ t-0:6");
}

TEST(DebeziumAvro, SchemasThatAreNoEnvelopeAreBad) {
  auto error = [](const std::string& schema) {
    return DecodeMessages("debezium-avro-confluent", RequestOf(schema), {Message(kNone, kNone, "c")})
        .errors.at(0);
  };
  EXPECT_EQ(error("\"int\""), "schema id 1: it is no record @ t-0:0");
  EXPECT_EQ(error(R"({"type":"record","name":"r","fields":[]})"),
            "schema id 1: the record has no field 'before' @ t-0:0");
  EXPECT_EQ(error(R"({"type":"record","name":"r","fields":[{"name":"before","type":"int"}]})"),
            "schema id 1: 'before': a value written as int cannot be read as record "
            "org.apache.flink.avro.generated.record @ t-0:0");
}

TEST(DebeziumAvro, ChangesAreWrittenAsCreationsAndDeletions) {
  FormatRequest request = RequestOf("");
  Batch batch =
      MakeBatch(kColumns,
                {{Value::Int(1), Value::String("a")},
                 {Value::Int(1), Value::Null()},
                 {Value::Int(2), Value::Null()},
                 {Value::Int(2), Value::String("z")}},
                {RowKind::kInsert, RowKind::kUpdateBefore, RowKind::kUpdateAfter, RowKind::kDelete});
  std::unique_ptr<Encoder> encoder =
      FindFormat("debezium-avro-confluent").value()->NewEncoder(request).value();
  Decoded decoded = DecodeMessages("debezium-avro-confluent", request, EncodeMessages(*encoder, batch));
  EXPECT_EQ(decoded.rows, "+I 1|a\n-D 1|NULL\n+I 2|NULL\n-D 2|z\n");
  EXPECT_TRUE(decoded.errors.empty());
}

TEST(DebeziumAvro, ASchemaOfTheUsersIsRefused) {
  FormatRequest request = Request(kColumns, {{"url", "http://r"}, {"schema", "\"int\""}});
  EXPECT_EQ(FindFormat("debezium-avro-confluent").value()->Check(request).number(),
            ErrorNumber::kUnsupported);
}

}  // namespace
}  // namespace penstock
