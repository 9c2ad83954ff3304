// Tests of Java patterns and of the readers without a pattern.
#include "expr/time/time_pattern.h"

#include <gtest/gtest.h>

#include "expr/time/time_text.h"

namespace penstock {
namespace {

std::string Reprint(std::string_view text, std::string_view pattern, PatternStyle style) {
  Result<TimePattern> compiled = TimePattern::Compile(pattern, style);
  if (!compiled) return "bad pattern";
  std::optional<ParsedTime> parsed = compiled->Parse(text);
  return parsed ? FormatTimestampShort(parsed->local_nanos) : "unreadable";
}

std::string Print(std::string_view timestamp, std::string_view pattern, PatternStyle style) {
  Result<TimePattern> compiled = TimePattern::Compile(pattern, style);
  if (!compiled) return "bad pattern";
  return compiled->Format(*ParseTimestamp(timestamp), TimeZone::Utc()).value_or("unprintable");
}

constexpr PatternStyle kFormatter = PatternStyle::kFormatter;
constexpr PatternStyle kSimple = PatternStyle::kSimple;

TEST(TimePatternTest, AdjacentNumbersShareTheDigits) {
  EXPECT_EQ(Reprint("20240309174501", "yyyyMMddHHmmss", kFormatter), "2024-03-09 17:45:01");
  EXPECT_EQ(Reprint("20240309", "yyyyMMdd", kSimple), "2024-03-09 00:00:00");
}

TEST(TimePatternTest, TheStrictReaderWantsTheWholeText) {
  EXPECT_EQ(Reprint("2024-03-09 more", "yyyy-MM-dd", kFormatter), "unreadable");
  EXPECT_EQ(Reprint("2024-03-09 more", "yyyy-MM-dd", kSimple), "2024-03-09 00:00:00");
  EXPECT_EQ(Reprint("2024-3-9", "yyyy-MM-dd", kFormatter), "unreadable");
  EXPECT_EQ(Reprint("2024-3-9", "yyyy-MM-dd", kSimple), "2024-03-09 00:00:00");
}

TEST(TimePatternTest, TooLargePartsRollOverOrEndTheMonth) {
  EXPECT_EQ(Reprint("2023-02-30", "yyyy-MM-dd", kFormatter), "2023-02-28 00:00:00");
  EXPECT_EQ(Reprint("2023-02-30", "yyyy-MM-dd", kSimple), "2023-03-02 00:00:00");
  EXPECT_EQ(Reprint("2023-13-01", "yyyy-MM-dd", kFormatter), "unreadable");
}

TEST(TimePatternTest, FractionsAreDigitsOrMilliseconds) {
  EXPECT_EQ(Reprint("00:00:01.25", "HH:mm:ss.SS", kFormatter), "1970-01-01 00:00:01.25");
  EXPECT_EQ(Reprint("00:00:01.25", "HH:mm:ss.SS", kSimple), "1970-01-01 00:00:01.025");
  EXPECT_EQ(Print("2024-03-09 01:02:03.045", "SS", kFormatter), "04");
  EXPECT_EQ(Print("2024-03-09 01:02:03.045", "SS", kSimple), "45");
}

TEST(TimePatternTest, HalfDaysNamesAndQuotes) {
  EXPECT_EQ(Reprint("9 Mar 2024 12:30 AM", "d MMM yyyy hh:mm a", kFormatter), "2024-03-09 00:30:00");
  EXPECT_EQ(Print("2024-03-09 15:04:05", "EEEE, d MMMM yy 'at' h 'o''clock' a", kFormatter),
            "Saturday, 9 March 24 at 3 o'clock PM");
}

TEST(TimePatternTest, OptionalPartsMayBeMissing) {
  EXPECT_EQ(Reprint("2024-03-09", "yyyy-MM-dd[ HH:mm]", kFormatter), "2024-03-09 00:00:00");
  EXPECT_EQ(Reprint("2024-03-09 10:11", "yyyy-MM-dd[ HH:mm]", kFormatter), "2024-03-09 10:11:00");
}

TEST(TimePatternTest, APrintedTextIsKeptOnlyWhileItIsTheSame) {
  const TimeZone& utc = TimeZone::Utc();
  const TimeZone& berlin = *TimeZone::Find("Europe/Berlin").value();
  const char* times[] = {"2024-03-09 23:59:59.999", "2024-03-09 00:00:00", "2024-03-10 00:00:00",
                         "2024-03-10 00:59:59.9",   "2024-03-31 01:30:00", "2024-03-31 03:30:00",
                         "1969-12-31 23:59:59.999", "1969-12-31 00:00:00", "1970-01-01 00:00:00.001"};
  for (PatternStyle style : {kFormatter, kSimple}) {
    for (const char* pattern :
         {"yyyy-MM-dd", "dd HH", "K a", "HH:mm", "E ss", "ss.S", "ss.SSS", "w", "D Z"}) {
      PatternCache cache(style);
      std::optional<TimePattern> compiled = TimePattern::Compile(pattern, style).value();
      for (const char* time : times) {
        for (const TimeZone* zone : {&utc, &berlin, &berlin}) {
          int128_t local = *ParseTimestamp(time);
          const std::string* kept = cache.Print(pattern, local, *zone);
          EXPECT_EQ(kept != nullptr ? std::optional(*kept) : std::nullopt, compiled->Format(local, *zone))
              << pattern << " of " << time;
        }
      }
    }
  }
}

TEST(TimePatternTest, UnknownLettersAreRefused) {
  EXPECT_EQ(Reprint("x", "yyyy-rr", kFormatter), "bad pattern");
  EXPECT_EQ(Reprint("x", "yyyy-rr", kSimple), "bad pattern");
  EXPECT_EQ(Reprint("x", "'open", kFormatter), "bad pattern");
}

TEST(TimeTextTest, CastsReadTimestampsStrictly) {
  EXPECT_TRUE(ReadTimestamp("2024-3-9 1:2:3.5"));
  EXPECT_TRUE(ReadTimestamp("2024-03-09"));
  EXPECT_FALSE(ReadTimestamp("2024-03"));
  EXPECT_FALSE(ReadTimestamp("2024-03-09 10:11"));
  EXPECT_FALSE(ReadTimestamp("2024-03-09T10:11:12"));
  EXPECT_FALSE(ReadTimestamp(" 2024-03-09"));
}

TEST(TimeTextTest, DatesMayLackTheirEnd) {
  EXPECT_EQ(ReadDate("1970"), 0);
  EXPECT_EQ(ReadDate("1970-2"), 31);
  EXPECT_EQ(ReadDate("1970-01-02 whatever"), 1);
  EXPECT_FALSE(ReadDate("1970/01/02"));
  EXPECT_FALSE(ReadDate("1971-02-29"));
}

TEST(TimeTextTest, TimesRoundTheirFraction) {
  EXPECT_EQ(ReadTime("00:00:01.2346"), 1235);
  EXPECT_EQ(ReadTime("23"), 23 * 3600 * 1000);
  EXPECT_FALSE(ReadTime("24:00:00"));
  EXPECT_FALSE(ReadTime("2024-03-09"));
}

}  // namespace
}  // namespace penstock
