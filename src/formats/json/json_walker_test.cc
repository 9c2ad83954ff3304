// The two readers of the JSON decoder agree: on seeded records, whole and damaged, the fast one gives the
// rows and the bad records that the careful one gives. A column of a type that the fast reader does not know
// makes a decoder careful.
#include "formats/json/json_walker.h"

#include <gtest/gtest.h>

#include "data/row_codec.h"
#include "data/value_text.h"
#include "formats/json/json_decoder.h"

namespace penstock {
namespace {

const DataType kBid = DataType::Row({{"auction", DataType::BigInt()},
                                     {"price", DataType::Decimal(10, 2)},
                                     {"url", DataType::String()},
                                     {"at", DataType::Timestamp(3)}});

std::vector<Field> Columns(bool careful) {
  std::vector<Field> columns = {{"kind", DataType::Int()},
                                {"bid", kBid},
                                {"name", DataType::String()},
                                {"rate", DataType::Double()},
                                {"ok", DataType::Boolean()},
                                {"day", DataType::Date()},
                                {"tags", DataType::Array(DataType::String())}};
  if (careful) columns.push_back({"never", DataType::Map(DataType::String(), DataType::Int())});
  return columns;
}

struct Decoded {
  std::vector<std::string> rows;
  std::vector<std::string> bad;
};

Decoded Decode(const std::string& lines, bool careful, const JsonOptions& options, int64_t max_rows) {
  std::vector<Field> columns = Columns(careful);
  JsonDecoder decoder(columns, options, OnBadRecord::kSkip);
  DecodedRows out(Schema(columns).types(), true);
  out.source = "f";
  std::string padded = lines + std::string(kDecodePadding, '\0');
  Decoded result;
  for (size_t at = 0; at < lines.size();) {
    out.base_offset = at;
    Result<size_t> used =
        decoder.DecodeStream(std::string_view(padded).substr(at, lines.size() - at), true, max_rows, &out);
    EXPECT_TRUE(used.has_value());
    EXPECT_LE(out.rows, max_rows);
    at += *used;
    Batch batch = out.Take();
    for (int64_t row = 0; row < batch.rows; ++row) {
      std::string text;
      for (size_t i = 0; i < 7; ++i)
        text += ValueToText(batch.columns[i]->ValueAt(row), columns[i].type, TimeZone::Utc()) + "|";
      result.rows.push_back(text);
    }
  }
  Batch bad = out.bad.Take();
  for (int64_t row = 0; row < bad.rows; ++row) {
    result.bad.push_back(std::string(bad.columns[0]->StringAt(row)) + " " +
                         std::string(bad.columns[1]->StringAt(row)) + " " +
                         std::string(bad.columns[2]->StringAt(row)));
  }
  return result;
}

std::string FirstDifference(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i] != b[i]) return a[i] + " and " + b[i];
  }
  return a.size() == b.size() ? "" : std::to_string(a.size()) + " and " + std::to_string(b.size());
}

class Records {
 public:
  explicit Records(uint32_t seed) : state_(seed) {}

  std::string NextRecord() {
    std::string text = "{\"never\":{}";
    const char* const fields[] = {"kind", "bid", "name", "rate", "ok", "day", "tags", "other"};
    size_t start = Below(4) == 0 ? Below(8) : 0;
    for (size_t i = 0; i < 8; ++i) {
      size_t field = (start + i) % 8;
      if (Below(10) == 0) continue;
      if (text.size() > 1) text += Blank() + "," + Blank();
      text += '"' + std::string(fields[field]) + '"' + Blank() + ":" + Blank() + ValueOf(field);
    }
    text += "}";
    if (Below(4) == 0) Damage(&text);
    return text;
  }

 private:
  uint64_t Next() {  // Knuth's MMIX generator
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return state_ >> 33;
  }
  size_t Below(size_t n) { return Next() % n; }
  std::string Blank() { return Below(12) == 0 ? std::string(1 + Below(3), ' ') : ""; }
  std::string Pick(std::initializer_list<const char*> values) {
    return *(values.begin() + (Below(3) == 0 ? Below(values.size()) : 0));
  }

  std::string ValueOf(size_t field) {
    if (Below(12) == 0)
      return Pick({"null", "12", "\"x\"", "true", "{\"a\":[1,{}]}", "[]", "1e400", "-0", "01", ""});
    switch (field) {
      case 0: return Pick({"1", "-77", "2147483647", "2147483648", "12.0", "99999999999999999999"});
      case 1:
        return "{\"auction\":" + std::to_string(Next()) +
               ",\"price\":" + Pick({"1.25", "3", "\"4.5\"", "1e3"}) +
               ",\"url\":\"http:\\/\\/x\",\"extra\":\"" + std::string(Below(70), 'z') + "\",\"at\":\"" +
               Pick({"2026-01-01 00:00:00.123", "2024-02-29 23:59:59.999", "2026-13-01 00:00:00.000",
                     "2026-01-01 00:00:00", "2026-01-01 24:00:00.000", "2026-01-01T00:00:00.123"}) +
               "\"}";
      case 2:
        return Pick({"\"plain\"", "\"\"", "\"q\\\"uote\"", "\"\\u00e9\\ud83d\\ude00\"", "\"\\ud83d\"",
                     "\"\\x\"", "\"a\\\\\"", "\"{,:\"", "\"\xC3\xA9\"", "\"\xFF\""});
      case 3: return Pick({"1.5", "1e300", "-0.0", "0.1", "\"NaN\"", "3", "1e-400", "1.", ".5"});
      case 4: return Pick({"true", "false", "\"TRUE\"", "tru", "1"});
      case 5: return Pick({"\"2026-01-01\"", "\"2026-02-30\"", "17"});
      case 6: return Pick({"[]", "[\"a\",\"b\"]", "[1,null]", "[\"a\" \"b\"]", "[[\"a\"]]", "\"a\""});
      default: return Pick({"{\"deep\":[1,{\"x\":\"}\"}]}", "7", "\"}\"", "[,]", "{\"a\"}"});
    }
  }

  void Damage(std::string* text) {
    size_t at = 11 + Below(text->size() - 11);  // behind what only the careful reader wants
    switch (Below(6)) {
      case 0: text->erase(at, 1); break;
      case 1: text->insert(at, 1, "{}[]:,\"\\x"[Below(9)]); break;
      case 2: text->resize(at); break;
      case 3: *text += *text; break;
      case 4: text->insert(at, 1, '\x01'); break;
      default: *text = '[' + *text + ']';
    }
  }

  uint64_t state_;
};

TEST(JsonWalker, BothReadersAgreeOnWholeAndDamagedRecords) {
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    Records records(seed);
    std::string lines;
    for (int i = 0; i < 200; ++i) lines += records.NextRecord() + (i % 50 == 7 ? "\r\n" : "\n");
    JsonOptions options;
    options.ignore_parse_errors = seed % 3 == 0;
    options.fail_on_missing_field = seed % 4 == 1;
    Decoded careful = Decode(lines, true, options, 1000);
    EXPECT_GT(careful.rows.size(), 10U);
    EXPECT_GT(careful.bad.size(), 10U);
    for (int64_t max_rows : {1, 7, 1000}) {
      Decoded fast = Decode(lines, false, options, max_rows);
      EXPECT_EQ(FirstDifference(fast.rows, careful.rows), "") << "seed " << seed;
      EXPECT_EQ(FirstDifference(fast.bad, careful.bad), "") << "seed " << seed;
    }
  }
}

TEST(JsonWalker, ReadsWellFormedLinesItself) {
  std::vector<Field> columns = Columns(false);
  JsonFields root(columns);
  JsonOptions options;
  JsonWalker walker(&options, &root);
  std::vector<ColumnBuilder> builders = MakeBuilders(Schema(columns).types());
  std::string lines =
      "{\"kind\":1,\"bid\":{\"auction\":5,\"x\":[{\"y\":1}],\"at\":\"2026-01-01 00:00:00.001\"}}\n"
      " { \"name\" : \"a\\\"b\" , \"kind\":2 }\n";
  size_t first = lines.find('\n');
  std::string padded = lines + std::string(kDecodePadding, '\0');
  ASSERT_TRUE(walker.Start(std::string_view(padded).substr(0, lines.size())));
  EXPECT_TRUE(walker.ReadLine(0, first, builders));
  EXPECT_TRUE(walker.ReadLine(first + 1, lines.size() - 1, builders));
  walker.Settle(builders);
  for (const ColumnBuilder& builder : builders) EXPECT_EQ(builder.length(), 2);
  EXPECT_EQ(builders[2].Finish()->StringAt(1), "a\"b");
}

TEST(JsonWalker, ALineEndInsideAStringIsNoStructure) {
  std::vector<Field> columns = Columns(false);
  JsonFields root(columns);
  JsonOptions options;
  JsonWalker walker(&options, &root);
  std::string lines = "{\"name\":\"a\nb\"}\n" + std::string(kDecodePadding, '\0');
  EXPECT_FALSE(walker.Start(std::string_view(lines).substr(0, lines.size() - kDecodePadding)));
}

}  // namespace
}  // namespace penstock
