// Changes from and to Debezium's envelopes, their metadata, and what is wrong with bad ones.
#include <gtest/gtest.h>

#include "formats/format_harness.h"

namespace penstock {
namespace {

using namespace format_harness;

const std::vector<Field> kColumns = {{"id", DataType::Int()}, {"name", DataType::String()}};

Decoded Decode(const std::vector<std::string>& messages, const Options& options = {}) {
  return DecodeMessages("debezium-json", Request(kColumns, options), messages);
}

TEST(DebeziumJson, OperationsBecomeChanges) {
  Decoded decoded = Decode({R"({"before":null,"after":{"id":1,"name":"a"},"op":"r","ts_ms":5})",
                            R"({"before":null,"after":{"id":2,"name":"b"},"source":{"db":"x"},"op":"c"})",
                            R"({"op":"u","after":{"name":"c","id":2},"before":{"id":2,"name":"b"}})",
                            R"({"before":{"id":1,"name":"a"},"after":null,"op":"d"})"});
  EXPECT_EQ(decoded.rows, "+I 1|a\n+I 2|b\n-U 2|b\n+U 2|c\n-D 1|a\n");
  EXPECT_TRUE(decoded.errors.empty());
}

TEST(DebeziumJson, TombstonesHaveNoRow) {
  Decoded decoded = Decode({"", R"({"after":{"id":1,"name":"a"},"op":"c"})", ""});
  EXPECT_EQ(decoded.rows, "+I 1|a\n");
  EXPECT_TRUE(decoded.errors.empty());
}

TEST(DebeziumJson, SchemaAndPayloadAreToldApart) {
  Decoded decoded =
      Decode({R"({"schema":{"type":"struct"},"payload":{"after":{"id":1,"name":"a"},"op":"c"}})",
              R"({"schema":{},"payload":null})"},
             {{"schema-include", "true"}});
  EXPECT_EQ(decoded.rows, "+I 1|a\n");
  ASSERT_EQ(decoded.errors.size(), 1U);
  EXPECT_EQ(decoded.errors[0], "the record has no \"payload\" @ t-0:1");
}

TEST(DebeziumJson, BadEnvelopesAreBadRecordsAndLeaveNoRow) {
  Decoded decoded =
      Decode({R"({"before":null,"after":{"id":2,"name":"b"},"op":"u"})",
              R"({"before":{"id":2,"name":"b"},"after":{"id":"x"},"op":"u"})",
              R"({"before":null,"after":null,"op":"d"})", R"({"after":{"id":1},"op":"t"})",
              R"({"after":{"id":1}})", R"({"after":[{"id":1}],"op":"c"})", R"({"after":{"id":1},"op":"c")",
              R"({"after":{"id":1},"op":"c"} x)", "[1]", R"({"after":{"id":3,"name":"ok"},"op":"c"})"});
  EXPECT_EQ(decoded.rows, "+I 3|ok\n");
  ASSERT_EQ(decoded.errors.size(), 9U);
  EXPECT_EQ(decoded.errors[0],
            "the \"before\" field of UPDATE message is null; a PostgreSQL table has to have REPLICA IDENTITY "
            "FULL @ t-0:0");
  EXPECT_EQ(decoded.errors[1], "cannot read \"x\" as INT @ t-0:1");
  EXPECT_TRUE(decoded.errors[2].starts_with("the \"before\" field of DELETE message is null"));
  EXPECT_EQ(decoded.errors[3], "unknown \"op\" value \"t\" @ t-0:3");
  EXPECT_EQ(decoded.errors[4], "the record has no \"op\" @ t-0:4");
  EXPECT_EQ(decoded.errors[5], "\"after\" is no JSON object @ t-0:5");
  EXPECT_TRUE(decoded.errors[6].starts_with("malformed JSON: ")) << decoded.errors[6];
  EXPECT_TRUE(decoded.errors[7].starts_with("malformed JSON: ")) << decoded.errors[7];
  EXPECT_EQ(decoded.errors[8], "a Debezium record is a JSON object @ t-0:8");
}

TEST(DebeziumJson, IgnoredParseErrorsAreNullFieldsAndSkippedRecords) {
  FormatRequest request = Request(kColumns, {{"ignore-parse-errors", "true"}});
  request.on_bad_record = OnBadRecord::kFail;
  Decoded decoded = DecodeMessages(
      "debezium-json", request, {R"({"after":{"id":"x","name":"a"},"op":"c"})", R"({"op":"z"})", "nonsense"});
  EXPECT_EQ(decoded.status, "");
  EXPECT_EQ(decoded.rows, "+I NULL|a\n");
  EXPECT_EQ(decoded.errors.size(), 2U);
}

TEST(DebeziumJson, ABadRecordFailsTheCallWithItsPosition) {
  FormatRequest request = Request(kColumns);
  request.on_bad_record = OnBadRecord::kFail;
  Decoded decoded = DecodeMessages("debezium-json", request, {R"({"op":"z"})"});
  EXPECT_TRUE(decoded.status.starts_with("bad record at t-0:0: unknown \"op\" value")) << decoded.status;
}

TEST(DebeziumJson, MetadataStandBehindTheColumnsOfEveryImage) {
  const Format* format = FindFormat("debezium-json").value();
  FormatRequest request = Request(kColumns, {{"schema-include", "true"}});
  for (const MetadataColumn& column : format->metadata()) {
    request.columns.push_back({column.key, column.type});
    request.metadata_keys.push_back(column.key);
  }
  std::string source = R"({"version":"1.9","ts_ms":1000,"db":"shop","schema":"pub\"lic",)"
                       R"("table":"t","pos":3,"x":null})";
  Decoded decoded =
      DecodeMessages("debezium-json", request,
                     {R"({"schema": {"type": "struct"},"payload":{"before":{"id":1,"name":"a"},)"
                      R"("after":{"id":1,"name":"b"},"source":)" +
                          source + R"(,"op":"u","ts_ms":1600000000123}})",
                      R"({"payload":{"after":{"id":2,"name":"c"},"op":"c"}})"});
  std::string rest =
      "|{\"type\":\"struct\"}|2020-09-13 12:26:40.123|1970-01-01 00:00:01.000|shop|pub\"lic|t|"
      "{version=1.9, ts_ms=1000, db=shop, schema=pub\"lic, table=t, pos=3, x=NULL}\n";
  EXPECT_EQ(decoded.rows, "-U 1|a" + rest + "+U 1|b" + rest + "+I 2|c|NULL|NULL|NULL|NULL|NULL|NULL|NULL\n");
  EXPECT_TRUE(decoded.errors.empty());
}

TEST(DebeziumJson, ChangesAreWrittenAsCreationsAndDeletions) {
  Batch batch =
      MakeBatch(kColumns,
                {{Value::Int(1), Value::String("a")},
                 {Value::Int(1), Value::Null()},
                 {Value::Int(1), Value::Null()},
                 {Value::Int(1), Value::String("z")}},
                {RowKind::kInsert, RowKind::kUpdateBefore, RowKind::kUpdateAfter, RowKind::kDelete});
  auto encode = [&](const Options& options) {
    return EncodeMessages(**FindFormat("debezium-json").value()->NewEncoder(Request(kColumns, options)),
                          batch);
  };
  std::vector<std::string> messages = {R"({"before":null,"after":{"id":1,"name":"a"},"op":"c"})",
                                       R"({"before":{"id":1,"name":null},"after":null,"op":"d"})",
                                       R"({"before":null,"after":{"id":1,"name":null},"op":"c"})",
                                       R"({"before":{"id":1,"name":"z"},"after":null,"op":"d"})"};
  EXPECT_EQ(encode({}), messages);
  EXPECT_EQ(encode({{"encode.ignore-null-fields", "true"}})[1], R"({"before":{"id":1},"op":"d"})");
  EXPECT_EQ(Decode(messages).rows, "+I 1|a\n-D 1|NULL\n+I 1|NULL\n-D 1|z\n");
}

TEST(DebeziumJson, SchemasAreNotWritten) {
  Result<std::unique_ptr<Encoder>> encoder =
      FindFormat("debezium-json").value()->NewEncoder(Request(kColumns, {{"schema-include", "true"}}));
  ASSERT_FALSE(encoder.has_value());
  EXPECT_EQ(encoder.error().number(), ErrorNumber::kBadOption);
}

}  // namespace
}  // namespace penstock
