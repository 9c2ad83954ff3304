// Facts about regular expressions in Java's syntax.
#include "expr/functions/text/regexp_pattern.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

bool Finds(const std::string& regex, const std::string& text) {
  Result<std::unique_ptr<Regex>> made = Regex::CompileJava(regex);
  return made && (*made)->Find(text, 0);
}

TEST(RegexTest, ClassesMayHoldClassesAndIntersections) {
  EXPECT_TRUE(Finds("^[a-c[x-z]]+$", "abxz"));
  EXPECT_FALSE(Finds("^[a-c[x-z]]+$", "d"));
  EXPECT_TRUE(Finds("^[a-z&&[^aeiou]]+$", "xyz"));
  EXPECT_FALSE(Finds("[a-z&&[^aeiou]]", "aei"));
  EXPECT_TRUE(Finds("^[^a-c[x-z]]$", "m"));
}

TEST(RegexTest, EscapesOfJavaWork) {
  EXPECT_TRUE(Finds("\\u0041\\Q.*\\E\\x42", "A.*B"));
  EXPECT_TRUE(Finds("^\\p{Alpha}+[\\p{Digit}_]$", "abc1"));
  EXPECT_TRUE(Finds("^\\p{IsLatin}\\P{L}$", "\xc3\xa4."));
  EXPECT_FALSE(Regex::CompileJava("\\y").has_value());
  EXPECT_FALSE(Regex::CompileJava("(").has_value());
}

TEST(RegexTest, ATextThatIsNoUtf8IsSearchedAllTheSame) {
  EXPECT_TRUE(Finds("b+",
                    "a\xff\xfe"
                    "bb"));
}

TEST(RegexTest, RunawayPatternsEnd) { EXPECT_FALSE(Finds("^(a+)+$", std::string(40, 'a') + "b")); }

TEST(RegexTest, SplitKeepsTrailingEmptyPiecesOnlyWhenAsked) {
  auto comma = Regex::CompileJava(",");
  ASSERT_TRUE(comma.has_value());
  EXPECT_EQ(SplitByRegex(**comma, "a,,b,,", 0), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(SplitByRegex(**comma, "a,b,", -1), (std::vector<std::string_view>{"a", "b", ""}));
  EXPECT_EQ(SplitByRegex(**comma, "a,b,c", 2), (std::vector<std::string_view>{"a", "b,c"}));
}

}  // namespace
}  // namespace penstock
