// Changes from and to the records of Canal, Maxwell and GoldenGate, their metadata, and what is wrong with
// bad ones.
#include <gtest/gtest.h>

#include "formats/format_harness.h"

namespace penstock {
namespace {

using namespace format_harness;

const std::vector<Field> kColumns = {{"id", DataType::Int()}, {"name", DataType::String()}};

Decoded Decode(const std::string& format, const std::vector<std::string>& messages,
               const Options& options = {}) {
  return DecodeMessages(format, Request(kColumns, options), messages);
}

TEST(CanalJson, EveryRowOfARecordIsAChange) {
  Decoded decoded =
      Decode("canal-json",
             {R"({"data":[{"id":"1","name":"a"},{"id":2,"name":null}],"old":null,"type":"INSERT","ts":5})",
              R"({"data":[{"id":1,"name":"b"},{"id":2,"name":"c"}],)"
              R"("old":[{"name":"a"},{"name":null}],"type":"UPDATE"})",
              R"({"data":[{"id":3,"name":"b"}],"old":[{"id":1}],"type":"UPDATE"})",
              R"({"data":[{"id":3,"name":"b"}],"old":null,"type":"DELETE"})",
              R"({"data":null,"type":"CREATE","sql":"CREATE TABLE t"})", ""});
  EXPECT_EQ(decoded.rows, "+I 1|a\n+I 2|NULL\n-U 1|a\n+U 1|b\n-U 2|NULL\n+U 2|c\n-U 1|b\n+U 3|b\n-D 3|b\n");
  EXPECT_TRUE(decoded.errors.empty());
}

TEST(CanalJson, DatabasesAndTablesAreChosenByPattern) {
  std::vector<std::string> messages;
  for (const char* table : {"orders", "orders_2", "users"}) {
    messages.push_back(R"({"data":[{"id":1,"name":")" + std::string(table) +
                       R"("}],"type":"INSERT","database":"shop","table":")" + table + "\"}");
  }
  EXPECT_EQ(Decode("canal-json", messages, {{"table.include", "orders(_\\d+)?"}}).rows,
            "+I 1|orders\n+I 1|orders_2\n");
  EXPECT_EQ(Decode("canal-json", messages, {{"table.include", "order"}}).rows, "") << "whole names";
  EXPECT_EQ(Decode("canal-json", messages, {{"database.include", "shop|x"}, {"table.include", "users"}}).rows,
            "+I 1|users\n");
  const Format* format = *FindFormat("canal-json");
  EXPECT_NE(format->Check(Request(kColumns, {{"table.include", "("}})).message().find("table.include"),
            std::string::npos);
}

TEST(CanalJson, BadRecordsLeaveNoRow) {
  Decoded decoded =
      Decode("canal-json", {R"({"data":[{"id":1,"name":"a"},{"id":"x"}],"type":"INSERT"})",
                            R"({"data":[{"id":1}],"type":"TRUNCATE"})", R"({"data":[{"id":1}]})",
                            R"({"data":[{"id":1},{"id":2}],"old":[{}],"type":"UPDATE"})",
                            R"({"data":{"id":1},"type":"INSERT"})", "[1]", R"({"data":)"});
  EXPECT_EQ(decoded.rows, "");
  ASSERT_EQ(decoded.errors.size(), 7U);
  EXPECT_EQ(decoded.errors[0], "cannot read \"x\" as INT @ t-0:0");
  EXPECT_EQ(decoded.errors[1], "unknown \"type\" value \"TRUNCATE\" @ t-0:1");
  EXPECT_EQ(decoded.errors[2], "the record has no \"type\" @ t-0:2");
  EXPECT_EQ(decoded.errors[3], "\"old\" has fewer rows than \"data\" @ t-0:3");
  EXPECT_EQ(decoded.errors[4], "\"data\": no JSON array @ t-0:4");
  EXPECT_EQ(decoded.errors[5], "no JSON object @ t-0:5");
  EXPECT_TRUE(decoded.errors[6].starts_with("malformed JSON")) << decoded.errors[6];
}

TEST(MaxwellJson, OldValuesThatAreNotNamedHaveNotChanged) {
  Decoded decoded =
      Decode("maxwell-json", {R"({"data":{"id":1,"name":"a"},"type":"insert","ts":1596684883})",
                              R"({"data":{"id":1,"name":null},"old":{"name":"a"},"type":"update"})",
                              R"({"data":{"id":1,"name":"b"},"old":{"name":null},"type":"update"})",
                              R"({"data":{"id":1,"name":"b"},"type":"delete"})"});
  EXPECT_EQ(decoded.rows, "+I 1|a\n-U 1|a\n+U 1|NULL\n-U 1|NULL\n+U 1|b\n-D 1|b\n");
  EXPECT_TRUE(decoded.errors.empty());
  EXPECT_EQ(Decode("maxwell-json", {R"({"data":{"id":1},"type":"bootstrap"})"}).errors.at(0),
            "unknown \"type\" value \"bootstrap\" @ t-0:0");
}

TEST(OggJson, OperationsBecomeChanges) {
  Decoded decoded =
      Decode("ogg-json", {R"({"after":{"id":1,"name":"a"},"op_type":"I","table":"S.T"})",
                          R"({"before":{"id":1,"name":"a"},"after":{"id":1,"name":"b"},"op_type":"U"})",
                          R"({"before":{"id":1,"name":"b"},"after":null,"op_type":"D"})",
                          R"({"after":{"id":1,"name":"b"},"op_type":"U"})", R"({"op_type":"T"})"});
  EXPECT_EQ(decoded.rows, "+I 1|a\n-U 1|a\n+U 1|b\n-D 1|b\n");
  ASSERT_EQ(decoded.errors.size(), 2U);
  EXPECT_TRUE(decoded.errors[0].starts_with("the \"before\" field of a change is null")) << decoded.errors[0];
  EXPECT_EQ(decoded.errors[1], "unknown \"op_type\" value \"T\" @ t-0:4");
}

TEST(ChangeJson, IgnoredParseErrorsAreNullFieldsAndSkippedRecords) {
  for (const char* format : {"canal-json", "maxwell-json", "ogg-json"}) {
    FormatRequest request = Request(kColumns, {{"ignore-parse-errors", "true"}});
    request.on_bad_record = OnBadRecord::kFail;
    Decoded decoded = DecodeMessages(format, request, {R"({"type":"z","op_type":"z"})", "nonsense"});
    EXPECT_EQ(decoded.status, "") << format;
    EXPECT_EQ(decoded.errors.size(), 2U) << format;
  }
}

// What the metadata columns of one record are.
std::string MetadataOf(const std::string& name, const std::string& message) {
  const Format* format = *FindFormat(name);
  FormatRequest request = Request({{"id", DataType::Int()}});
  for (const MetadataColumn& column : format->metadata()) {
    request.columns.push_back({column.key, column.type});
    request.metadata_keys.push_back(column.key);
  }
  Decoded decoded = DecodeMessages(name, request, {message});
  return decoded.rows + (decoded.errors.empty() ? "" : decoded.errors[0]);
}

TEST(ChangeJson, MetadataIsReadFromTheRecord) {
  EXPECT_EQ(
      MetadataOf("canal-json",
                 R"({"data":[{"id":1}],"type":"INSERT","database":"shop","table":"o","sqlType":{"id":4},)"
                 R"("pkNames":["id"],"ts":1589373560798,"es":1589373560000})"),
      "+I 1|shop|o|{id=4}|[id]|2020-05-13 12:39:20.798|2020-05-13 12:39:20.000\n");
  EXPECT_EQ(MetadataOf("maxwell-json", R"({"data":{"id":1},"type":"insert","database":"shop","table":"o",)"
                                       R"("primary_key_columns":["id","k"],"ts":1596684883})"),
            "+I 1|shop|o|[id, k]|2020-08-06 03:34:43.000\n");
  EXPECT_EQ(
      MetadataOf("ogg-json", R"({"after":{"id":1},"op_type":"I","table":"S.T","primary_keys":["id"],)"
                             R"("op_ts":"2020-05-13 13:39:35.766000","current_ts":"2020-05-13T13:39:36"})"),
      "+I 1|S.T|[id]|2020-05-13 13:39:36.000000|2020-05-13 13:39:35.766000\n");
  EXPECT_EQ(MetadataOf("maxwell-json", R"({"data":{"id":1},"type":"insert"})"), "+I 1|NULL|NULL|NULL|NULL\n");
}

// The records of an update.
std::string EncodeChanges(const std::string& format, const Options& options) {
  Batch batch = MakeBatch(kColumns, {{Value::Int(1), Value::String("a")}, {Value::Int(1), Value::Null()}},
                          {RowKind::kUpdateBefore, RowKind::kUpdateAfter});
  std::string text;
  for (const std::string& message :
       EncodeMessages(**FindFormat(format).value()->NewEncoder(Request(kColumns, options)), batch))
    text += message + "\n";
  return text;
}

TEST(ChangeJson, AnUpdateIsWrittenAsTwoRecords) {
  EXPECT_EQ(EncodeChanges("canal-json", {}),
            R"({"data":[{"id":1,"name":"a"}],"type":"DELETE"}
{"data":[{"id":1,"name":null}],"type":"INSERT"}
)");
  EXPECT_EQ(EncodeChanges("maxwell-json", {}),
            R"({"data":{"id":1,"name":"a"},"type":"delete"}
{"data":{"id":1,"name":null},"type":"insert"}
)");
  EXPECT_EQ(EncodeChanges("ogg-json", {}),
            R"({"before":{"id":1,"name":"a"},"after":null,"op_type":"D"}
{"before":null,"after":{"id":1,"name":null},"op_type":"I"}
)");
  EXPECT_EQ(EncodeChanges("ogg-json", {{"encode.ignore-null-fields", "true"}}),
            R"({"before":{"id":1,"name":"a"},"op_type":"D"}
{"after":{"id":1},"op_type":"I"}
)");
}

}  // namespace
}  // namespace penstock
