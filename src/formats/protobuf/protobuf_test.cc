// Descriptor sets, messages read and written, defaults, and messages that lie.
#include <gtest/gtest.h>

#include <bit>

#include "formats/format_harness.h"
#include "formats/protobuf/proto_schema.h"
#include "formats/protobuf/proto_wire.h"

namespace penstock {
namespace {

using namespace format_harness;

// ---- A descriptor set, part by part (numbers of descriptor.proto).

std::string Part(uint32_t number, const std::string& bytes) {
  std::string out;
  AppendProtoTag(number, ProtoWire::kBytes, &out);
  AppendProtoBytes(bytes, &out);
  return out;
}
std::string Part(uint32_t number, uint64_t value) {
  std::string out;
  AppendProtoTag(number, ProtoWire::kVarint, &out);
  AppendProtoVarint(value, &out);
  return out;
}
constexpr int kOptional = 1, kRequired = 2, kRepeated = 3;

std::string FieldOf(const std::string& name, uint64_t number, ProtoKind kind, int label = kOptional,
                    const std::string& type = "", const std::string& fallback = "") {
  return Part(2, Part(1, name) + Part(3, number) + Part(4, static_cast<uint64_t>(label)) +
                     Part(5, static_cast<uint64_t>(kind)) + (type.empty() ? "" : Part(6, type)) +
                     (fallback.empty() ? "" : Part(7, fallback)));
}
std::string EnumOf(const std::string& name, const std::vector<std::pair<std::string, int>>& values) {
  std::string out = Part(1, name);
  for (const auto& [text, number] : values)
    out += Part(2, Part(1, text) + Part(2, static_cast<uint64_t>(int64_t{number})));
  return out;
}
std::string FileOf(const std::string& body, bool proto3) {
  return Part(1, Part(1, std::string("t.proto")) + Part(2, std::string("acme")) + body +
                     (proto3 ? Part(12, std::string("proto3")) : ""));
}

// message Order {
//   int64 id = 1; string name = 2; Kind kind = 3; repeated sint32 deltas = 4; Address address = 5;
//   map<string, double> prices = 6; repeated string tags = 7; fixed32 code = 3000; oneof { bool sure = 9; }
//   bytes data = 10; float ratio = 11; uint32 count = 12; repeated Address others = 13;
//   message Address { string city = 1; int32 zip = 2; Address next = 3; }
//   enum Kind { NONE = 0; BIG = 5; } }
std::string Orders(bool proto3 = true) {
  std::string address = Part(1, std::string("Address")) + FieldOf("city", 1, ProtoKind::kString) +
                        FieldOf("zip", 2, ProtoKind::kInt32, kOptional, "", proto3 ? "" : "77") +
                        FieldOf("next", 3, ProtoKind::kMessage, kOptional, ".acme.Order.Address");
  std::string entry = Part(1, std::string("PricesEntry")) + FieldOf("key", 1, ProtoKind::kString) +
                      FieldOf("value", 2, ProtoKind::kDouble) + Part(7, Part(7, uint64_t{1}));
  std::string sure = Part(2, Part(1, std::string("sure")) + Part(3, uint64_t{9}) + Part(4, uint64_t{1}) +
                                 Part(5, static_cast<uint64_t>(ProtoKind::kBool)) + Part(9, uint64_t{0}));
  return FileOf(
      Part(4, Part(1, std::string("Order")) + FieldOf("id", 1, ProtoKind::kInt64) +
                  FieldOf("name", 2, ProtoKind::kString, kOptional, "", proto3 ? "" : "nobody") +
                  FieldOf("kind", 3, ProtoKind::kEnum, kOptional, ".acme.Order.Kind", proto3 ? "" : "BIG") +
                  FieldOf("deltas", 4, ProtoKind::kSint32, kRepeated) +
                  FieldOf("address", 5, ProtoKind::kMessage, kOptional, ".acme.Order.Address") +
                  FieldOf("prices", 6, ProtoKind::kMessage, kRepeated, ".acme.Order.PricesEntry") +
                  FieldOf("tags", 7, ProtoKind::kString, kRepeated) +
                  FieldOf("code", 3000, ProtoKind::kFixed32) + sure + FieldOf("data", 10, ProtoKind::kBytes) +
                  FieldOf("ratio", 11, ProtoKind::kFloat) + FieldOf("count", 12, ProtoKind::kUint32) +
                  FieldOf("others", 13, ProtoKind::kMessage, kRepeated, ".acme.Order.Address") +
                  Part(3, address) + Part(3, entry) + Part(4, EnumOf("Kind", {{"NONE", 0}, {"BIG", 5}}))),
      proto3);
}

DataType Address() { return DataType::Row({{"city", DataType::String()}, {"zip", DataType::Int()}}); }

std::vector<Field> Columns() {
  return {{"id", DataType::BigInt()},
          {"name", DataType::String()},
          {"kind", DataType::String()},
          {"deltas", DataType::Array(DataType::Int())},
          {"address", Address()},
          {"prices", DataType::Map(DataType::String(), DataType::Double())},
          {"tags", DataType::Array(DataType::String())},
          {"code", DataType::BigInt()},
          {"sure", DataType::Boolean()},
          {"others", DataType::Array(Address())}};
}

FormatRequest RequestOf(std::vector<Field> columns, const std::string& descriptors, Options options = {}) {
  options.emplace("message-class-name", "acme.Order");
  options.emplace("descriptor-file", "orders.desc");
  FormatRequest request = Request(std::move(columns), options);
  request.file = descriptors;
  return request;
}

std::string Read(const std::string& column, const DataType& type, const std::string& message,
                 const Options& options = {}, bool proto3 = true) {
  Decoded decoded =
      DecodeMessages("protobuf", RequestOf({{column, type}}, Orders(proto3), options), {message});
  return decoded.status + (decoded.errors.empty() ? decoded.rows : decoded.errors[0]);
}

Value List(ValueList values) { return Value::List(std::move(values)); }

Batch SomeRows() {
  Value address = List({Value::String("Rome"), Value::Int(-1)});
  ValueRow full = {Value::Int(-5),
                   Value::String("\xc3\xa9"),
                   Value::String("BIG"),
                   List({Value::Int(0), Value::Int(-1), Value::Int(300)}),
                   address,
                   List({Value::String("a"), Value::Double(1.5), Value::String("b"), Value::Double(0)}),
                   List({Value::String("x"), Value::String("")}),
                   Value::Int(4'000'000'000),
                   Value::Bool(false),
                   List({address, List({Value::String(""), Value::Int(0)})})};
  return MakeBatch(Columns(), {full});
}

TEST(Protobuf, MessagesComeBackAsTheyWere) {
  FormatRequest request = RequestOf(Columns(), Orders());
  std::unique_ptr<Encoder> encoder = FindFormat("protobuf").value()->NewEncoder(request).value();
  Decoded decoded = DecodeMessages("protobuf", request, EncodeMessages(*encoder, SomeRows()));
  EXPECT_EQ(decoded.rows, RowsText(SomeRows(), Columns()));
  EXPECT_TRUE(decoded.errors.empty());
}

TEST(Protobuf, BytesAreThoseOfTheSpecification) {
  std::vector<Field> columns = {{"id", DataType::BigInt()},
                                {"name", DataType::String()},
                                {"deltas", DataType::Array(DataType::Int())},
                                {"sure", DataType::Boolean()}};
  Batch batch = MakeBatch(columns, {{Value::Int(150), Value::String(""),
                                     List({Value::Int(-2), Value::Int(1)}), Value::Bool(false)},
                                    {Value::Null(), Value::String("hi"), List({}), Value::Null()}});
  std::unique_ptr<Encoder> encoder =
      FindFormat("protobuf").value()->NewEncoder(RequestOf(columns, Orders())).value();
  std::vector<std::string> messages = EncodeMessages(*encoder, batch);
  EXPECT_EQ(messages[0], std::string("\x08\x96\x01\x22\x02\x03\x02\x48\x00", 9));
  EXPECT_EQ(messages[1], "\x12\x02hi");
}

TEST(Protobuf, MissingValuesOfProto3AreDefaultsAndMessagesNull) {
  Decoded decoded = DecodeMessages("protobuf", RequestOf(Columns(), Orders()), {""});
  EXPECT_EQ(decoded.rows, "+I 0||NONE|NULL|NULL|NULL|NULL|0|FALSE|NULL\n");
  decoded =
      DecodeMessages("protobuf", RequestOf(Columns(), Orders(), {{"read-default-values", "true"}}), {""});
  EXPECT_EQ(decoded.rows, "+I 0||NONE|[]|(, 0)|{}|[]|0|FALSE|[]\n");
}

TEST(Protobuf, MissingValuesOfProto2AreNullOrTheDeclaredDefault) {
  std::vector<Field> columns = {{"id", DataType::BigInt()},
                                {"name", DataType::String()},
                                {"kind", DataType::Int()},
                                {"address", Address()}};
  Decoded decoded =
      DecodeMessages("protobuf", RequestOf(columns, Orders(false)), {"", Part(5, std::string())});
  EXPECT_EQ(decoded.rows, "+I NULL|NULL|NULL|NULL\n+I NULL|NULL|NULL|(NULL, NULL)\n");
  decoded =
      DecodeMessages("protobuf", RequestOf(columns, Orders(false), {{"read-default-values", "true"}}), {""});
  EXPECT_EQ(decoded.rows, "+I 0|nobody|5|(, 77)\n");
}

TEST(Protobuf, FieldsComeInAnyOrderAndTheLastOfSeveralCounts) {
  EXPECT_EQ(Read("id", DataType::BigInt(),
                 Part(99, std::string("?")) + Part(1, uint64_t{1}) + Part(1, uint64_t{7})),
            "+I 7\n");
  std::string parts = Part(5, Part(1, std::string("Rome"))) + Part(5, Part(2, uint64_t{8}));
  EXPECT_EQ(Read("address", Address(), parts), "+I (Rome, 8)\n");
  std::string packed = Part(4, std::string("\x01\x02", 2)), single = Part(4, uint64_t{3});
  EXPECT_EQ(Read("deltas", DataType::Array(DataType::BigInt()), packed + single), "+I [-1, 1, -2]\n");
  EXPECT_EQ(Read("kind", DataType::String(), Part(3, uint64_t{6})), "+I 6\n");
}

TEST(Protobuf, WhatNobodyWantsIsSteppedOver) {
  std::string group;
  AppendProtoTag(50, ProtoWire::kGroup, &group);
  group += Part(1, std::string("inside"));
  AppendProtoTag(50, ProtoWire::kEndGroup, &group);
  EXPECT_EQ(Read("id", DataType::BigInt(), group + Part(1, uint64_t{4}) + group), "+I 4\n");
}

TEST(Protobuf, MessagesThatLieAreBad) {
  auto read = [](const std::string& message) { return Read("id", DataType::BigInt(), message); };
  EXPECT_EQ(read("\x08"), "bad protobuf message: the record ends too early @ t-0:0");
  EXPECT_EQ(read("\x12\x05hi"), "bad protobuf message: the record ends too early @ t-0:0");
  EXPECT_EQ(read("\x08" + std::string(10, '\xff')),
            "bad protobuf message: a number of more than 64 bits @ t-0:0");
  EXPECT_EQ(read(std::string("\x00\x01", 2)), "bad protobuf message: a field without a number @ t-0:0");
  EXPECT_EQ(read("\x0e"), "bad protobuf message: an unknown wire type @ t-0:0");
  EXPECT_EQ(read("\x0c"), "bad protobuf message: a group ends that did not begin @ t-0:0");
  EXPECT_EQ(read(std::string(1000, '\x0b')), "bad protobuf message: groups are nested too deep @ t-0:0");
  EXPECT_EQ(read(Part(1, std::string("x"))),
            "bad protobuf message: field 'id' is written as another type than the descriptor's @ t-0:0");
  EXPECT_EQ(Read("name", DataType::String(), Part(2, std::string("\xff"))),
            "bad protobuf message: field 'name' is no UTF-8 @ t-0:0");
  EXPECT_EQ(Read("count", DataType::Int(), Part(12, uint64_t{3'000'000'000})),
            "bad protobuf message: 3000000000 does not fit INT @ t-0:0");
  EXPECT_EQ(Read("count", DataType::BigInt(), Part(12, uint64_t{3'000'000'000})), "+I 3000000000\n");
}

TEST(Protobuf, IgnoredParseErrorsAreCounted) {
  FormatRequest request =
      RequestOf({{"id", DataType::BigInt()}}, Orders(), {{"ignore-parse-errors", "true"}});
  request.on_bad_record = OnBadRecord::kFail;
  Decoded decoded = DecodeMessages("protobuf", request, {"\x08", Part(1, uint64_t{2})});
  EXPECT_EQ(decoded.status, "");
  EXPECT_EQ(decoded.rows, "+I 2\n");
  EXPECT_EQ(decoded.errors.size(), 1U);
}

TEST(Protobuf, WhatCannotBeWrittenIsAnError) {
  auto write = [](const Field& column, const Value& value, const Options& options = {}) {
    FormatRequest request = RequestOf({column}, Orders(), options);
    std::unique_ptr<Encoder> encoder = FindFormat("protobuf").value()->NewEncoder(request).value();
    return EncodeMessages(*encoder, MakeBatch({column}, {{value}}))[0];
  };
  EXPECT_EQ(write({"count", DataType::Int()}, Value::Int(-1)),
            "error: cannot write field 'count' as protobuf: -1 is out of its range");
  EXPECT_EQ(write({"kind", DataType::String()}, Value::String("HUGE")),
            "error: cannot write field 'kind' as protobuf: enum 'acme.Order.Kind' has no 'HUGE'");
  Field tags{"tags", DataType::Array(DataType::String())};
  EXPECT_EQ(write(tags, List({Value::Null()})), std::string("\x3a\x00", 2));
  EXPECT_EQ(write(tags, List({Value::Null()}), {{"write-null-string-literal", "-"}}), "\x3a\x01-");
}

TEST(Protobuf, TablesThatDoNotFitAreRefused) {
  auto error = [](const Field& column, const Options& options = {}) {
    Status status = FindFormat("protobuf").value()->Check(RequestOf({column}, Orders(), options));
    return status.ok() ? std::string() : status.message();
  };
  EXPECT_EQ(error({"id", DataType::BigInt()}), "");
  EXPECT_EQ(error({"id", DataType::Int()}), "field 'id' is int64 and cannot be a column of type INT");
  EXPECT_EQ(error({"tags", DataType::String()}),
            "field 'tags' is repeated string and cannot be a column of type STRING");
  EXPECT_EQ(error({"no", DataType::Int()}), "message 'acme.Order' has no field 'no'");
  EXPECT_EQ(
      error({"city", DataType::String()}, {{"message-class-name", "com.acme.OrderOuterClass$Order$Address"}}),
      "");
  EXPECT_EQ(error({"id", DataType::BigInt()}, {{"message-class-name", "Nope"}}),
            "option 'f.message-class-name': the descriptor set has no message 'Nope'; it has acme.Order, "
            "acme.Order.Address");
  EXPECT_EQ(error({"id", DataType::BigInt()}, {{"message-class-name", ""}}),
            "the format needs the option 'f.message-class-name'");
}

TEST(Protobuf, BrokenDescriptorSetsAreRefused) {
  auto error = [](const std::string& bytes) { return ProtoSchema::Parse(bytes).error().message(); };
  EXPECT_EQ(error(""), "bad descriptor set: it has no message");
  EXPECT_EQ(error("nonsense"), "bad descriptor set: an unknown wire type");
  std::string dangling =
      Part(4, Part(1, std::string("M")) + FieldOf("f", 1, ProtoKind::kMessage, kOptional, ".x.Y"));
  EXPECT_EQ(
      error(FileOf(dangling, true)),
      "bad descriptor set: it does not hold 'x.Y', the type of field 'f' (protoc needs --include_imports)");
  EXPECT_EQ(error(FileOf(Part(12, std::string("editions")), false)),
            "bad descriptor set: editions are not supported, only proto2 and proto3");
  std::string good = Orders();
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(ProtoSchema::Parse(good.substr(0, size)).has_value());
}

}  // namespace
}  // namespace penstock
