// Messages with schema ids: what is asked of the registry, how schemas of several writers are told apart, and
// which failures are bad records and which fail the job.
#include <gtest/gtest.h>

#include "formats/avro/confluent/avro_confluent_decoder.h"
#include "formats/avro/avro_output.h"
#include "formats/avro/confluent/registry_messages.h"
#include "formats/format_harness.h"

namespace penstock {
namespace {

using namespace format_harness;

class FakeRegistry : public SchemaRegistry {
 public:
  Result<std::string> Fetch(int32_t id) override {
    ++fetches;
    if (down) return Status(StatusCode::kUnavailable, "no answer");
    auto found = schemas.find(id);
    if (found == schemas.end()) return Status::NotFound("the registry has no such schema");
    return found->second;
  }
  Result<int32_t> Register(const std::string& subject, const std::string& schema) override {
    if (subject == "refused") return Status::InvalidArgument("incompatible");
    registered = subject + " " + schema;
    return 0x01020304;
  }
  std::map<int32_t, std::string> schemas;
  std::string registered;
  int fetches = 0;
  bool down = false;
};

std::string Record(const std::string& fields) {
  return R"({"type":"record","name":"r","fields":[)" + fields + "]}";
}
std::string Message(int32_t id, const std::vector<int64_t>& numbers) {
  std::string message = AvroMessagePrefix(id);
  for (int64_t number : numbers) AppendAvroLong(number, &message);
  return message;
}

const std::vector<Field> kColumns = {{"a", DataType::BigInt()}, {"b", DataType::Int()}};

FormatRequest RequestOf(std::shared_ptr<FakeRegistry> registry, Options options = {}) {
  options.emplace("url", "http://registry");
  FormatRequest request = Request(kColumns, options);
  request.registry = std::move(registry);
  return request;
}

TEST(AvroConfluent, EachSchemaIsFetchedOnceAndResolved) {
  auto registry = std::make_shared<FakeRegistry>();
  registry->schemas[1] = Record(R"({"name":"a","type":"int"})");
  registry->schemas[70000] = Record(R"({"name":"b","type":"int"},{"name":"a","type":"long"})");
  Decoded decoded =
      DecodeMessages("avro-confluent", RequestOf(registry),
                     {Message(1, {5}), Message(70000, {2, 6}), Message(1, {7}), Message(70000, {3, 8})});
  EXPECT_EQ(decoded.rows, "+I 5|NULL\n+I 6|2\n+I 7|NULL\n+I 8|3\n");
  EXPECT_TRUE(decoded.errors.empty());
  EXPECT_EQ(registry->fetches, 2);
}

TEST(AvroConfluent, WhatDoesNotGoWithTheTableIsBadWithItsSchemaId) {
  auto registry = std::make_shared<FakeRegistry>();
  registry->schemas[1] = Record(R"({"name":"a","type":"string"})");
  registry->schemas[2] = "not a schema";
  registry->schemas[4] = Record(R"({"name":"a","type":["int","string"]})");
  Decoded decoded =
      DecodeMessages("avro-confluent", RequestOf(registry),
                     {Message(1, {0}), Message(2, {0}), Message(3, {0}), Message(3, {0}), Message(4, {1, 0}),
                      Message(4, {0, 9}), "", "{}", std::string("\0\0\0", 3)});
  EXPECT_EQ(decoded.rows, "+I 9|NULL\n");
  ASSERT_EQ(decoded.errors.size(), 8U);
  EXPECT_EQ(decoded.errors[0],
            "schema id 1: field 'a': a value written as string cannot be read as long @ t-0:0");
  EXPECT_TRUE(decoded.errors[1].starts_with("schema id 2: bad Avro schema: ")) << decoded.errors[1];
  EXPECT_EQ(decoded.errors[2], "schema id 3: the registry has no such schema @ t-0:2");
  EXPECT_EQ(decoded.errors[4],
            "schema id 4: bad Avro record: a value written as string cannot be read as long @ t-0:4");
  EXPECT_EQ(decoded.errors[5], "the message does not begin with 0 and a schema id @ t-0:6");
  EXPECT_EQ(registry->fetches, 4) << "an unknown id is asked for once";
}

TEST(AvroConfluent, ARegistryWithoutAnAnswerFailsTheCall) {
  auto registry = std::make_shared<FakeRegistry>();
  registry->down = true;
  Decoded decoded = DecodeMessages("avro-confluent", RequestOf(registry), {Message(1, {5})});
  EXPECT_EQ(decoded.status, "no answer");
  EXPECT_TRUE(decoded.errors.empty());
}

TEST(AvroConfluent, WritersRegisterTheSchemaOfTheColumns) {
  auto registry = std::make_shared<FakeRegistry>();
  const Format* format = FindFormat("avro-confluent").value();
  std::unique_ptr<Encoder> encoder = format->NewEncoder(RequestOf(registry, {{"subject", "s"}})).value();
  EXPECT_EQ(registry->registered,
            R"(s {"type":"record","name":"record","namespace":"org.apache.flink.avro.generated","fields":[)"
            R"({"name":"a","type":["null","long"],"default":null},)"
            R"({"name":"b","type":["null","int"],"default":null}]})");
  Batch batch = MakeBatch(kColumns, {{Value::Int(3), Value::Null()}});
  EXPECT_EQ(EncodeMessages(*encoder, batch)[0], std::string("\0\1\2\3\4\2\6\0", 8));
  EXPECT_EQ(format->NewEncoder(RequestOf(registry)).error().number(), ErrorNumber::kMissingOption);
  EXPECT_EQ(format->NewEncoder(RequestOf(registry, {{"subject", "refused"}})).error().message(),
            "incompatible");
}

TEST(AvroConfluent, AGivenSchemaIsReadAndWritten) {
  auto registry = std::make_shared<FakeRegistry>();
  std::string schema = Record(R"({"name":"a","type":"long"},{"name":"b","type":"int","default":7})");
  registry->schemas[1] = Record(R"({"name":"a","type":"int"})");
  FormatRequest request = RequestOf(registry, {{"schema", schema}, {"subject", "s"}});
  const Format* format = FindFormat("avro-confluent").value();
  ASSERT_TRUE(format->Check(request).ok());
  EXPECT_EQ(DecodeMessages("avro-confluent", request, {Message(1, {5})}).rows, "+I 5|7\n");
  ASSERT_TRUE(format->NewEncoder(request).has_value());
  EXPECT_EQ(registry->registered, "s " + schema);
  request.options["schema"] = Record(R"({"name":"a","type":"long"})");
  EXPECT_EQ(format->Check(request).number(), ErrorNumber::kBadOption);
  request.options["schema"] = "{";
  EXPECT_EQ(format->Check(request).number(), ErrorNumber::kBadOption);
  request.options.erase("url");
  EXPECT_EQ(format->Check(request).number(), ErrorNumber::kMissingOption);
}

TEST(RegistryMessages, AnswersAreRead) {
  EXPECT_EQ(RegistrationBody(R"({"type":"int"})"), R"({"schema":"{\"type\":\"int\"}"})");
  EXPECT_EQ(SchemaOfAnswer(R"({"schema":"\"int\""})").value(), "\"int\"");
  EXPECT_EQ(SchemaOfAnswer(R"({"schema":"x","schemaType":"PROTOBUF"})").error().message(),
            "it is a schema of the kind PROTOBUF, not AVRO");
  EXPECT_FALSE(SchemaOfAnswer("<html>").has_value());
  EXPECT_EQ(IdOfAnswer(R"({"id":77})").value(), 77);
  EXPECT_FALSE(IdOfAnswer(R"({"id":"77"})").has_value());
  EXPECT_EQ(RefusalOfAnswer(R"({"error_code":409,"message":"no"})"), "no (error 409)");
  EXPECT_EQ(RefusalOfAnswer("gateway"), "gateway");
}

}  // namespace
}  // namespace penstock
