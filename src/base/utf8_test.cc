// What is UTF-8 and what is not.
#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"

namespace penstock {
namespace {

TEST(Utf8Test, TakesEveryWidth) {
  for (const char* text :
       {"", "a", "\xc2\x80", "\xc3\xa4", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf", "long enough for a block \xe2\x82\xac and on"})
    EXPECT_TRUE(IsValidUtf8(text)) << text;
  EXPECT_EQ(Utf8SequenceLength("\xe2\x82\xac and more"), 3u);
}

TEST(Utf8Test, RefusesOverlongFormsSurrogatesAndCuts) {
  for (const char* text : {"\x80", "\xc1\xbf", "\xc3", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80",
                           "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80", "\xff", "12345678\xc3", "1234567\xff"})
    EXPECT_FALSE(IsValidUtf8(text)) << QuoteJson(text);
}

TEST(Utf8Test, JsonTextNeverHoldsASurrogate) {
  EXPECT_EQ(QuoteJson("a\xed\xa0\x80"), "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace penstock
