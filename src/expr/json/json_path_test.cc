// Facts about JSON texts and paths.
#include "expr/json/json_path.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

const char kStore[] = R"({"books":[{"t":"a","p":8.95},{"t":"b","p":12},{"t":"c"}],"x y":1,"n":null})";

// What a path names as JSON texts; "!" where it is an error.
std::vector<std::string> Named(const std::string& path, const std::string& json = kStore) {
  JsonDocument document;
  Result<JsonPath> parsed = JsonPath::Parse(path);
  if (!parsed || !document.Parse(json)) return {"!!"};
  std::vector<const JsonNode*> found;
  if (!parsed->Evaluate(document.root(), &document, &found).ok()) return {"!"};
  std::vector<std::string> texts;
  for (const JsonNode* node : found) AppendJson(*node, &texts.emplace_back());
  return texts;
}

using Texts = std::vector<std::string>;

TEST(JsonPathTest, NamesIndicesAndSlices) {
  EXPECT_EQ(Named("$.books[0].t"), Texts{"\"a\""});
  EXPECT_EQ(Named("$['x y']"), Texts{"1"});
  EXPECT_EQ(Named("$.books[-1].t"), Texts{"\"c\""});
  EXPECT_EQ(Named("$.books[0:2].t"), (Texts{"\"a\"", "\"b\""}));
  EXPECT_EQ(Named("$.books[*].p"), (Texts{"8.95", "12"}));
  EXPECT_EQ(Named("$..t"), (Texts{"\"a\"", "\"b\"", "\"c\""}));
  EXPECT_EQ(Named("$.books.length()"), Texts{"3"});
}

TEST(JsonPathTest, DefinitePathsThatNameNothingAreErrors) {
  EXPECT_EQ(Named("$.nothing"), Texts{"!"});
  EXPECT_EQ(Named("$.books[7]"), Texts{"!"});
  EXPECT_EQ(Named("$.books[*].nothing"), Texts{});
  EXPECT_EQ(Named("$.books["), Texts{"!!"});
  EXPECT_EQ(Named("$.a."), Texts{"!!"});
}

TEST(JsonPathTest, FiltersPickElements) {
  EXPECT_EQ(Named("$.books[?(@.p > 10)].t"), Texts{"\"b\""});
  EXPECT_EQ(Named("$.books[?(@.p)].t"), (Texts{"\"a\"", "\"b\""}));
  EXPECT_EQ(Named("$.books[?(!@.p || @.t == 'a')].t"), (Texts{"\"a\"", "\"c\""}));
  EXPECT_EQ(Named("$.books[?(@.t =~ /[bc]/ && @.t in ['b','z'])].t"), Texts{"\"b\""});
}

TEST(JsonDocumentTest, TheFirstValueCountsAndTheLastOfEqualKeysWins) {
  JsonDocument document;
  EXPECT_TRUE(document.Parse("\"\"\""));
  EXPECT_TRUE(document.Parse("{} x"));
  EXPECT_FALSE(document.Parse("1x"));
  EXPECT_FALSE(document.Parse("01"));
  EXPECT_FALSE(document.Parse(""));
  ASSERT_TRUE(document.Parse(R"({"b":1,"a":"\ud83d\ude00","b":1.50e1})"));
  std::string text;
  AppendJson(document.root(), &text);
  EXPECT_EQ(text, "{\"a\":\"\xf0\x9f\x98\x80\",\"b\":15.0}");
}

TEST(JsonDocumentTest, NumbersPrintAsBigDecimalDoes) {
  EXPECT_EQ(BigDecimalText("1e2"), "1E+2");
  EXPECT_EQ(BigDecimalText("0.0000001"), "1E-7");
  EXPECT_EQ(BigDecimalText("0.000001"), "0.000001");
  EXPECT_EQ(BigDecimalText("-12.340"), "-12.340");
  EXPECT_EQ(BigDecimalText("1.5E10"), "1.5E+10");
}

}  // namespace
}  // namespace penstock
