// Schemas: parsing, writing, the mapping of columns, and what is refused.
#include "formats/avro/avro_schema.h"

#include <gtest/gtest.h>

#include "formats/avro/avro_types.h"

namespace penstock {
namespace {

AvroSchemaPtr Parse(const std::string& json) {
  Result<AvroSchemaPtr> schema = AvroSchema::Parse(json);
  CHECK(schema.has_value());
  return *schema;
}

std::string ErrorOf(const std::string& json) {
  Result<AvroSchemaPtr> schema = AvroSchema::Parse(json);
  return schema ? "" : schema.error().message();
}

TEST(AvroSchema, JsonComesBackAsItWas) {
  for (const char* json :
       {R"("int")", R"(["null","string"])", R"({"type":"map","values":{"type":"array","items":"bytes"}})",
        R"({"type":"long","logicalType":"timestamp-micros","adjust-to-utc":true})",
        R"({"type":"bytes","logicalType":"decimal","precision":9,"scale":2})",
        R"({"type":"enum","name":"e","symbols":["a","b"],"default":"a"})",
        R"({"type":"record","name":"r","namespace":"x.y","fields":[{"name":"f","type":"int","default":5,)"
        R"("field-id":3},{"name":"g","type":{"type":"fixed","name":"h","size":4}},{"name":"i","type":"h"},)"
        R"({"name":"next","type":["null","r"],"default":null,"aliases":["n"]}],"aliases":["x.y.old"]})"}) {
    EXPECT_EQ(Parse(json)->ToJson(), json);
  }
}

TEST(AvroSchema, NamesAreFoundInTheirNamespace) {
  AvroSchemaPtr schema = Parse(
      R"({"type":"record","name":"a.b.r","fields":[)"
      R"({"name":"x","type":{"type":"enum","name":"e","symbols":[]}},)"
      R"({"name":"y","type":"a.b.e"},{"name":"z","type":{"type":"record","name":"other","namespace":"c",)"
      R"("fields":[{"name":"e","type":"a.b.e"}]}}]})");
  const AvroType& record = schema->type(schema->root());
  EXPECT_EQ(record.name, "a.b.r");
  EXPECT_EQ(record.fields[0].type, record.fields[1].type);
  EXPECT_EQ(schema->type(record.fields[2].type).name, "c.other");
}

TEST(AvroSchema, LogicalTypesThatDoNotFitAreIgnored) {
  auto logical = [](const std::string& json) {
    AvroSchemaPtr schema = Parse(json);
    return schema->type(schema->root()).logical;
  };
  EXPECT_EQ(logical(R"({"type":"int","logicalType":"date"})"), AvroLogical::kDate);
  EXPECT_EQ(logical(R"({"type":"long","logicalType":"date"})"), AvroLogical::kNone);
  EXPECT_EQ(logical(R"({"type":"bytes","logicalType":"decimal"})"), AvroLogical::kNone);
  EXPECT_EQ(logical(R"({"type":"fixed","name":"f","size":2,"logicalType":"decimal","precision":5})"),
            AvroLogical::kNone);
  EXPECT_EQ(logical(R"({"type":"string","logicalType":"uuid"})"), AvroLogical::kUuid);
  EXPECT_EQ(logical(R"({"type":"string","logicalType":"unheard-of"})"), AvroLogical::kNone);
}

TEST(AvroSchema, BrokenSchemasAreRefusedWithAReason) {
  EXPECT_EQ(ErrorOf(R"("integer")"), "bad Avro schema: there is no type 'integer'");
  EXPECT_EQ(ErrorOf(R"(["null",["int"]])"), "bad Avro schema: a union directly inside a union");
  EXPECT_EQ(ErrorOf(R"(["int","int"])"), "bad Avro schema: a union with int twice");
  EXPECT_EQ(ErrorOf("[]"), "bad Avro schema: a union without branches");
  EXPECT_EQ(ErrorOf("5"), "bad Avro schema: a type is a name, an object or an array");
  EXPECT_EQ(ErrorOf(R"({"type":"record","name":"r"})"), "bad Avro schema: record 'r' without fields");
  EXPECT_EQ(
      ErrorOf(
          R"({"type":"record","name":"r","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]})"),
      "bad Avro schema: record 'r' has the field 'a' twice");
  EXPECT_EQ(ErrorOf(R"({"type":"enum","name":"e","symbols":["a"],"default":"b"})"),
            "bad Avro schema: enum 'e' has no symbol 'b', its default");
  EXPECT_EQ(ErrorOf(R"({"type":"fixed","name":"f","size":-1})"),
            "bad Avro schema: fixed 'f' has no usable size");
  EXPECT_NE(ErrorOf(R"({"type":)"), "");
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += R"({"type":"array","items":)";
  EXPECT_EQ(ErrorOf(deep + "\"int\"" + std::string(100, '}')), "bad Avro schema: deeper than 64 levels");
}

TEST(AvroTypes, ColumnsAreMappedAsInFlink) {
  std::vector<Field> columns = {
      {"a", DataType::Int().NotNull()},
      {"b", DataType::String()},
      {"c", DataType::Decimal(10, 2).NotNull()},
      {"d", DataType::Timestamp(3).NotNull()},
      {"e", DataType::Array(DataType::Date().NotNull()).NotNull()},
      {"f", DataType::Row({{"x", DataType::Time(3).NotNull()}}).NotNull()},
      {"g", DataType::Map(DataType::String(), DataType::Bytes().NotNull()).NotNull()}};
  EXPECT_EQ(AvroSchemaOf(columns, AvroTimestamps::kLegacy).value()->ToJson(),
            R"({"type":"record","name":"record","namespace":"org.apache.flink.avro.generated","fields":[)"
            R"({"name":"a","type":"int"},{"name":"b","type":["null","string"],"default":null},)"
            R"({"name":"c","type":{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}},)"
            R"({"name":"d","type":{"type":"long","logicalType":"timestamp-millis"}},)"
            R"({"name":"e","type":{"type":"array","items":{"type":"int","logicalType":"date"}}},)"
            R"({"name":"f","type":{"type":"record","name":"record_f","fields":[)"
            R"({"name":"x","type":{"type":"int","logicalType":"time-millis"}}]}},)"
            R"({"name":"g","type":{"type":"map","values":"bytes"}}]})");
}

TEST(AvroTypes, TimestampsDependOnTheMapping) {
  auto logical = [](const DataType& type, AvroTimestamps timestamps) -> std::string {
    Result<AvroSchemaPtr> schema = AvroSchemaOf({{"t", type.NotNull()}}, timestamps);
    if (!schema) return schema.error().message();
    return AvroLogicalName((*schema)->type((*schema)->type((*schema)->root()).fields[0].type).logical);
  };
  EXPECT_EQ(logical(DataType::Timestamp(0), AvroTimestamps::kLegacy), "timestamp-millis");
  EXPECT_EQ(logical(DataType::Timestamp(6), AvroTimestamps::kLegacy),
            "Avro has no form for TIMESTAMP(6) NOT NULL");
  EXPECT_EQ(logical(DataType::TimestampLtz(3), AvroTimestamps::kLegacy),
            "Avro has no form for TIMESTAMP_LTZ(3) NOT NULL");
  EXPECT_EQ(logical(DataType::Timestamp(3), AvroTimestamps::kCorrect), "local-timestamp-millis");
  EXPECT_EQ(logical(DataType::Timestamp(6), AvroTimestamps::kCorrect), "local-timestamp-micros");
  EXPECT_EQ(logical(DataType::TimestampLtz(3), AvroTimestamps::kCorrect), "timestamp-millis");
  EXPECT_EQ(logical(DataType::TimestampLtz(6), AvroTimestamps::kCorrect), "timestamp-micros");
}

TEST(AvroTypes, WhatHasNoFormIsRefused) {
  auto error = [](const Field& column) {
    return AvroSchemaOf({column}, AvroTimestamps::kCorrect).error().number();
  };
  EXPECT_EQ(error({"a b", DataType::Int()}), ErrorNumber::kTypeMismatch);
  EXPECT_EQ(error({"m", DataType::Map(DataType::Int(), DataType::Int())}), ErrorNumber::kTypeMismatch);
  EXPECT_EQ(error({"t", DataType::Timestamp(9)}), ErrorNumber::kTypeMismatch);
  EXPECT_EQ(error({"i", DataType::IntervalDayTime()}), ErrorNumber::kTypeMismatch);
}

}  // namespace
}  // namespace penstock
