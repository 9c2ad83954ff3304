// Decoders and encoders of the row formats: every option, malformed input, and batch boundaries.
#include "formats/format.h"

#include <gtest/gtest.h>

#include "data/value_text.h"

namespace penstock {
namespace {

FormatRequest Request(const std::vector<Field>& columns, const Options& options = {}) {
  FormatRequest request;
  request.prefix = "f.";
  request.options = options;
  request.columns = columns;
  request.stored = columns;
  request.on_bad_record = OnBadRecord::kSkip;
  return request;
}

std::unique_ptr<Decoder> MakeDecoder(const std::string& format, const FormatRequest& request) {
  Result<const Format*> found = FindFormat(format);
  CHECK(found.has_value());
  Result<std::unique_ptr<Decoder>> decoder = (*found)->NewDecoder(request);
  CHECK(decoder.has_value());
  return std::move(*decoder);
}

std::vector<DataType> TypesOf(const std::vector<Field>& fields) { return Schema(fields).types(); }

std::string RowsText(const Batch& batch, const std::vector<Field>& fields) {
  std::string text;
  for (int64_t row = 0; row < batch.rows; ++row) {
    std::string line;
    for (size_t i = 0; i < fields.size(); ++i) {
      line +=
          (i > 0 ? "|" : "") + ValueToText(batch.columns[i]->ValueAt(row), fields[i].type, TimeZone::Utc());
    }
    text += line + "\n";
  }
  return text;
}

struct Decoded {
  std::string rows;
  int64_t bad = 0;
  std::string first_error;
  std::string status;
};

Decoded Decode(const std::string& format, const FormatRequest& request, const std::string& text,
               int64_t max_rows = 1000) {
  std::unique_ptr<Decoder> decoder = MakeDecoder(format, request);
  DecodedRows out(TypesOf(request.columns), true);
  out.source = "file";
  Decoded result;
  std::string padded = text + std::string(kDecodePadding, '\0');
  for (size_t at = 0; at < text.size();) {
    out.base_offset = at;
    Result<size_t> used =
        decoder->DecodeStream(std::string_view(padded).substr(at, text.size() - at), true, max_rows, &out);
    if (!used) {
      result.status = used.error().message();
      return result;
    }
    at += *used;
    result.rows += RowsText(out.Take(), request.columns);
  }
  result.bad = out.bad.count();
  Batch bad = out.bad.Take();
  if (bad.rows > 0) {
    result.first_error =
        std::string(bad.columns[1]->StringAt(0)) + " @ " + std::string(bad.columns[2]->StringAt(0));
  }
  return result;
}

std::string EncodeAll(const std::string& format, const FormatRequest& request, const Batch& batch) {
  Result<std::unique_ptr<Encoder>> encoder = (*FindFormat(format))->NewEncoder(request);
  CHECK(encoder.has_value());
  std::string out;
  for (int64_t row = 0; row < batch.rows; ++row) {
    Status status = (*encoder)->EncodeRow(batch, row, &out);
    if (!status.ok()) return status.message();
    out += "\n";
  }
  return out;
}

// Decodes JSON lines and encodes what came out.
std::string Convert(const std::vector<Field>& columns, const std::string& lines, const std::string& to,
                    const Options& to_options = {}) {
  std::unique_ptr<Decoder> decoder = MakeDecoder("json", Request(columns));
  DecodedRows out(TypesOf(columns), true);
  std::string padded = lines + std::string(kDecodePadding, '\0');
  CHECK(
      decoder->DecodeStream(std::string_view(padded).substr(0, lines.size()), true, 1000, &out).has_value());
  CHECK(out.bad.count() == 0);
  return EncodeAll(to, Request(columns, to_options), out.Take());
}

const DataType kRow = DataType::Row({{"x", DataType::Int()}, {"y", DataType::String()}});

TEST(JsonDecoder, ReadsFieldsByNameInAnyOrderAndIgnoresOthers) {
  std::vector<Field> columns = {{"a", DataType::Int()}, {"r", kRow}, {"s", DataType::String()}};
  Decoded d = Decode("json", Request(columns),
                     R"({"a":1,"s":"x","r":{"x":5,"y":"q"}})"
                     "\n"
                     R"({"s":"y","z":[1,{"a":2}],"r":{"y":"w","more":1},"a":2})"
                     "\n\n"
                     R"({"A":3,"s":"\u00e9\n"})");
  EXPECT_EQ(d.rows, "1|(5, q)|x\n2|(NULL, w)|y\nNULL|NULL|é\n\n");
  EXPECT_EQ(d.bad, 0);
}

TEST(JsonDecoder, IsLenientAboutTheKindOfAValue) {
  std::vector<Field> columns = {{"i", DataType::Int()},
                                {"b", DataType::Boolean()},
                                {"s", DataType::String()},
                                {"d", DataType::Double()},
                                {"m", DataType::Decimal(30, 2)}};
  Decoded d = Decode("json", Request(columns),
                     R"({"i":"12","b":"TRUE","s":{"k": [1, 2]},"d":"NaN","m":"1.005"})"
                     "\n"
                     R"({"i":null,"b":0,"s":12.50,"d":3,"m":123456789012345678901234567.89})"
                     "\n"
                     R"({"i":1,"b":true,"s":true,"d":1e3,"m":1e40})");
  EXPECT_EQ(d.rows,
            "12|TRUE|{\"k\":[1,2]}|NaN|1.01\n"
            "NULL|FALSE|12.50|3.0|123456789012345678901234567.89\n"
            "1|TRUE|true|1000.0|NULL\n");
}

TEST(JsonDecoder, ReadsTimesInBothStandards) {
  std::vector<Field> columns = {{"t", DataType::Timestamp(3)},
                                {"z", DataType::TimestampLtz(3)},
                                {"d", DataType::Date()},
                                {"c", DataType::Time()}};
  std::string sql =
      R"({"t":"2020-12-30 12:13:14.123","z":"2020-12-30 12:13:14Z","d":"2020-12-30","c":"12:13:14"})";
  std::string rows = "2020-12-30 12:13:14.123|2020-12-30 12:13:14.000|2020-12-30|12:13:14\n";
  EXPECT_EQ(Decode("json", Request(columns), sql).rows, rows);
  std::string iso =
      R"({"t":"2020-12-30T12:13:14.123","z":"2020-12-30T12:13:14Z","d":"2020-12-30","c":"12:13:14"})";
  EXPECT_EQ(Decode("json", Request(columns, {{"timestamp-format.standard", "ISO-8601"}}), iso).rows, rows);
  EXPECT_EQ(Decode("json", Request(columns), iso).bad, 1);
  EXPECT_EQ(Decode("json", Request(columns), R"({"z":"2020-12-30 12:13:14"})").bad, 1);
}

TEST(JsonDecoder, ReadsNestedTypes) {
  std::vector<Field> columns = {{"a", DataType::Array(DataType::Array(DataType::Int()))},
                                {"m", DataType::Map(DataType::String(), kRow)},
                                {"b", DataType::Bytes()}};
  Decoded d = Decode("json", Request(columns),
                     R"({"a":[[1,null],[],null],"m":{"k":{"x":1,"y":null},"l":null},"b":"aGk="})"
                     "\n{\"a\":[],\"m\":{}}\n");
  EXPECT_EQ(d.rows, "[[1, NULL], [], NULL]|{k=(1, NULL), l=NULL}|hi\n[]|{}|NULL\n");
}

TEST(JsonDecoder, ATopLevelArrayIsSeveralRows) {
  Decoded d = Decode("json", Request({{"a", DataType::Int()}}), "[{\"a\":1},{\"a\":2}]\n[]\n[{\"a\":3},4]\n");
  EXPECT_EQ(d.rows, "1\n2\n");
  EXPECT_EQ(d.bad, 1);
}

TEST(JsonDecoder, BadRecordsAreDataWithPositionAndKeepTheirNeighbours) {
  std::vector<Field> columns = {{"a", DataType::Int()}, {"s", DataType::String()}};
  std::string text =
      "{\"a\":1,\"s\":\"x\"}\n{\"a\":2,\"s\":\"\xff\"}\n{\"a\":\"no\"}\n{\"s\":\"y\",\"a\":3\n{\"a\":5}{"
      "\"a\":6}\n5\n{\"a\":7}\n";
  Decoded d = Decode("json", Request(columns), text);
  EXPECT_EQ(d.rows, "1|x\n7|NULL\n");
  EXPECT_EQ(d.bad, 5);
  EXPECT_TRUE(d.first_error.ends_with(" @ file:16")) << d.first_error;
}

TEST(JsonDecoder, FailsOnABadRecordWhenAsked) {
  FormatRequest request = Request({{"a", DataType::Int()}});
  request.on_bad_record = OnBadRecord::kFail;
  Decoded d = Decode("json", request, "{\"a\":1}\n{\"a\":\n");
  EXPECT_NE(d.status.find("bad record at file:8"), std::string::npos) << d.status;
  request.options["fail-on-missing-field"] = "true";
  EXPECT_NE(Decode("json", request, "{\"b\":1}\n").status.find("'a'"), std::string::npos);
}

TEST(JsonDecoder, IgnoreParseErrorsNullsFieldsAndSkipsRecords) {
  std::vector<Field> columns = {{"a", DataType::Int()}, {"l", DataType::Array(DataType::Int())}, {"r", kRow}};
  FormatRequest request = Request(columns, {{"ignore-parse-errors", "true"}});
  request.on_bad_record = OnBadRecord::kFail;
  Decoded d = Decode("json", request,
                     "{\"a\":\"x\",\"l\":[1,\"b\",2],\"r\":{\"x\":\"?\",\"y\":\"k\"}}\n{broken\n{\"a\":4,"
                     "\"l\":3,\"r\":[]}\n");
  EXPECT_EQ(d.rows, "NULL|[1, NULL, 2]|(NULL, k)\n4|NULL|NULL\n");
  EXPECT_EQ(d.bad, 1);
}

TEST(JsonDecoder, RepeatedKeysKeepTheLastAndEscapedKeysAreFound) {
  Decoded d = Decode("json", Request({{"a", DataType::Int()}}),
                     "{\"a\":1,\"a\":2}\n{\"\\u0061\":3}\n{\"\\u0061\":4}\n");
  EXPECT_EQ(d.rows, "2\n3\n4\n");
}

TEST(JsonDecoder, RowsDoNotDependOnBatchBoundaries) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += i % 7 == 3 ? "{bad\n" : "{\"a\":" + std::to_string(i) + "}\r\n";
  FormatRequest request = Request({{"a", DataType::Int()}});
  std::string all = Decode("json", request, text).rows;
  for (int64_t max_rows : {1, 3, 49}) EXPECT_EQ(Decode("json", request, text, max_rows).rows, all);
}

TEST(Format, RefusesWrongOptionsAndTypes) {
  auto check = [](const std::string& format, const std::vector<Field>& columns, const Options& options) {
    return (*FindFormat(format))->Check(Request(columns, options)).ok();
  };
  std::vector<Field> one = {{"a", DataType::Int()}};
  EXPECT_TRUE(check("json", one, {}));
  EXPECT_FALSE(check("json", one, {{"ignore-parse-errors", "yes"}}));
  EXPECT_FALSE(check("json", one, {{"ignore-parse-errors", "true"}, {"fail-on-missing-field", "true"}}));
  EXPECT_FALSE(check("json", one, {{"timestamp-format.standard", "RFC"}}));
  EXPECT_FALSE(check("json", {{"m", DataType::Map(DataType::Int(), DataType::Int())}}, {}));
  EXPECT_FALSE(check("csv", {{"m", DataType::Map(DataType::String(), DataType::Int())}}, {}));
  EXPECT_FALSE(check("csv", one, {{"field-delimiter", "ab"}}));
  EXPECT_FALSE(check("csv", one, {{"quote-character", "'"}, {"disable-quote-character", "true"}}));
  EXPECT_FALSE(check("raw", {{"a", DataType::Int()}, {"b", DataType::Int()}}, {}));
  EXPECT_FALSE(check("raw", one, {{"endianness", "middle"}}));
  EXPECT_FALSE(FindFormat("xml").has_value());
}

TEST(JsonEncoder, WritesAsFlinkDoes) {
  std::vector<Field> columns = {{"d", DataType::Decimal(10, 2)},
                                {"t", DataType::Timestamp(3)},
                                {"z", DataType::TimestampLtz(3)},
                                {"s", DataType::String()},
                                {"f", DataType::Double()},
                                {"r", kRow},
                                {"m", DataType::Map(DataType::String(), DataType::Int())}};
  std::string line =
      R"({"d":100.00,"t":"2020-12-30 12:13:14.120","z":"2020-12-30 12:13:14Z","s":"a\"\u0001é",)"
      R"("f":1,"r":{"x":1,"y":null},"m":{"k":1}})"
      "\n";
  EXPECT_EQ(Convert(columns, line, "json"),
            R"({"d":1E+2,"t":"2020-12-30 12:13:14.12","z":"2020-12-30 12:13:14Z","s":"a\"\u0001é",)"
            R"("f":1.0,"r":{"x":1,"y":null},"m":{"k":1}})"
            "\n");
  EXPECT_EQ(Convert(columns, line, "json",
                    {{"encode.decimal-as-plain-number", "true"},
                     {"encode.ignore-null-fields", "true"},
                     {"timestamp-format.standard", "ISO-8601"}}),
            R"({"d":100.00,"t":"2020-12-30T12:13:14.12","z":"2020-12-30T12:13:14Z","s":"a\"\u0001é",)"
            R"("f":1.0,"r":{"x":1},"m":{"k":1}})"
            "\n");
}

TEST(JsonEncoder, NullMapKeysFollowTheOption) {
  std::vector<Field> columns = {{"m", DataType::Map(DataType::String(), DataType::Int())}};
  ColumnBuilder builder(columns[0].type);
  builder.AppendValue(Value::List({Value::Null(), Value::Int(1), Value::String("k"), Value::Int(2)}));
  Batch batch(1, {builder.Finish()});
  EXPECT_NE(EncodeAll("json", Request(columns), batch).find("null keys"), std::string::npos);
  EXPECT_EQ(EncodeAll("json", Request(columns, {{"map-null-key.mode", "DROP"}}), batch),
            "{\"m\":{\"k\":2}}\n");
  EXPECT_EQ(
      EncodeAll("json", Request(columns, {{"map-null-key.mode", "LITERAL"}, {"map-null-key.literal", "n"}}),
                batch),
      "{\"m\":{\"n\":1,\"k\":2}}\n");
}

TEST(CsvDecoder, ReadsQuotedFieldsOverLineEnds) {
  std::vector<Field> columns = {
      {"a", DataType::Int()}, {"s", DataType::String()}, {"b", DataType::Boolean()}};
  Decoded d = Decode("csv", Request(columns), "1,\"x,\"\"y\"\"\nz\",true\r\n2,,no\n3,\"\",TRUE");
  EXPECT_EQ(d.rows, "1|x,\"y\"\nz|TRUE\n2||FALSE\n3||TRUE\n");
  EXPECT_EQ(d.bad, 0);
}

TEST(CsvDecoder, HonoursItsOptions) {
  std::vector<Field> columns = {{"a", DataType::Int()},
                                {"s", DataType::String()},
                                {"l", DataType::Array(DataType::Int())},
                                {"r", kRow}};
  FormatRequest request = Request(columns, {{"field-delimiter", "\\t"},
                                            {"quote-character", "'"},
                                            {"escape-character", "\\"},
                                            {"null-literal", "n/a"},
                                            {"array-element-delimiter", "|"},
                                            {"allow-comments", "true"}});
  Decoded d = Decode("csv", request, "# none\n1\t'it\\'s\t\"'\t1|2|n/a\t7|q\nn/a\tn\\/a\t\t1|\n");
  EXPECT_EQ(d.rows, "1|it's\t\"|[1, 2, NULL]|(7, q)\nNULL|NULL|[]|(1, )\n");
  EXPECT_EQ(d.bad, 0);
}

TEST(CsvDecoder, ReadsTimesAndOnlyWantedColumns) {
  std::vector<Field> stored = {{"x", DataType::String()},
                               {"t", DataType::Timestamp(3)},
                               {"d", DataType::Date()},
                               {"m", DataType::Decimal(10, 2)}};
  FormatRequest request = Request(stored);
  request.columns = {stored[3], stored[1], stored[2]};
  Decoded d = Decode("csv", request, "q,2020-12-30 12:13:14.5,2020-1-3,1E+2\n");
  EXPECT_EQ(d.rows, "100.00|2020-12-30 12:13:14.500|2020-01-03\n");
}

TEST(CsvDecoder, BadRecordsAreSkippedOneByOne) {
  std::vector<Field> columns = {{"a", DataType::Int()}, {"s", DataType::String()}};
  std::string text = "1,x\n2\n3,y,z\nfour,x\n5,\"u\" v\n6,\xfe\n7,\"open\n8,k\n";
  Decoded d = Decode("csv", Request(columns), text);
  EXPECT_EQ(d.rows, "1|x\n8|k\n");
  EXPECT_EQ(d.bad, 6);
  Decoded ignoring = Decode("csv", Request(columns, {{"ignore-parse-errors", "true"}}), text);
  EXPECT_EQ(ignoring.rows, "1|x\n2|NULL\nNULL|x\n8|k\n");
}

TEST(CsvDecoder, WaitsForTheRestOfARecord) {
  std::vector<Field> columns = {{"a", DataType::Int()}, {"s", DataType::String()}};
  std::unique_ptr<Decoder> decoder = MakeDecoder("csv", Request(columns));
  DecodedRows out(TypesOf(columns), true);
  EXPECT_EQ(*decoder->DecodeStream("1,x\n2,\"a\nb", false, 10, &out), 4u);
  EXPECT_EQ(out.rows, 1);
  EXPECT_EQ(*decoder->DecodeStream("2,\"a\nb\"", false, 10, &out), 0u);
  EXPECT_EQ(*decoder->DecodeStream("2,\"a\nb\"", true, 10, &out), 7u);
  EXPECT_EQ(out.rows, 2);
}

TEST(CsvEncoder, QuotesWhereFlinkQuotes) {
  std::vector<Field> columns = {
      {"s", DataType::String()}, {"d", DataType::Decimal(10, 2)}, {"l", DataType::Array(DataType::Int())}};
  std::string lines =
      "{\"s\":\"plain\",\"d\":100,\"l\":[1,2]}\n{\"s\":\"a b\",\"d\":null}\n{\"s\":\"q\\\"\",\"d\":1.5}\n";
  EXPECT_EQ(Convert(columns, lines, "csv"), "plain,1E+2,1;2\n\"a b\",,\n\"q\"\"\",1.5,\n");
  EXPECT_EQ(Convert(columns, lines, "csv",
                    {{"null-literal", "-"},
                     {"write-bigdecimal-in-scientific-notation", "false"},
                     {"field-delimiter", ";"}}),
            "plain;100.00;\"1;2\"\n\"a b\";-;-\n\"q\"\"\";1.50;-\n");
}

TEST(RawFormat, IsTheBytesOfOneColumn) {
  Decoded text = Decode("raw", Request({{"line", DataType::String()}}), "a b\n\n\xff\nlast");
  EXPECT_EQ(text.rows, "a b\n\nlast\n");
  EXPECT_EQ(text.bad, 1);
  EXPECT_EQ(Decode("raw", Request({{"n", DataType::SmallInt()}}), std::string("\x01\x02\n", 3)).rows,
            "258\n");
  EXPECT_EQ(
      Decode("raw", Request({{"n", DataType::SmallInt()}}, {{"endianness", "little-endian"}}), "\x01\x02\n")
          .rows,
      "513\n");
  EXPECT_EQ(Convert({{"n", DataType::SmallInt()}}, "{\"n\":258}", "raw"), "\x01\x02\n");
}

}  // namespace
}  // namespace penstock
