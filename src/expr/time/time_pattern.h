// TimePattern: Java's date and time patterns ("yyyy-MM-dd HH:mm:ss.SSS"), compiled once and used for many
// rows, to print and to read. Flink uses both of Java's formatters, and they differ:
// java.time.DateTimeFormatter is strict (TO_TIMESTAMP, DATE_FORMAT of a timestamp),
// java.text.SimpleDateFormat is lenient, ignores what follows and counts S in milliseconds (UNIX_TIMESTAMP,
// FROM_UNIXTIME, TO_DATE with a pattern, DATE_FORMAT of text). Names of months and days are English.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/datetime.h"

namespace penstock {

enum class PatternStyle : uint8_t { kFormatter, kSimple };

// What a text says: a wall clock and, where the pattern has a zone, its offset from UTC.
struct ParsedTime {
  int128_t local_nanos = 0;
  std::optional<int64_t> offset_seconds;
};

class TimePattern {
 public:
  // Fails on letters that the formatter does not know and on unbalanced quotes or brackets.
  static Result<TimePattern> Compile(std::string_view pattern, PatternStyle style);

  // `zone` and `utc_seconds` serve the zone letters of SimpleDateFormat; a DateTimeFormatter has no zone for
  // a local time and gives nullopt.
  std::optional<std::string> Format(int128_t local_nanos, const TimeZone& zone) const;
  // nullopt where the text does not follow the pattern. Fields that the pattern does not name come from
  // 1970-01-01 00:00:00.
  std::optional<ParsedTime> Parse(std::string_view text) const;

  // Every time within the same so many nanoseconds, counted from the start of its day, prints the same.
  int64_t unit_nanos() const;

  // How many fraction digits the pattern reads: the longest run of S.
  int fraction_digits() const;

  struct Element {
    char letter = 0;      // 0: literal text; '[' and ']': an optional part
    int count = 0;        // how often the letter is repeated
    std::string literal;  // of letter 0
    int reserved = 0;     // digits that directly following fixed-width numbers need
  };

 private:
  explicit TimePattern(PatternStyle style) : style_(style) {}
  void ReserveDigits();

  PatternStyle style_;
  std::vector<Element> elements_;
};

// Keeps the last pattern, and the last text: kernels whose pattern is a column compile it again only when it
// changes, and rows of the same day (hour, ...) print once.
class PatternCache {
 public:
  explicit PatternCache(PatternStyle style) : style_(style) {}
  // Null when the pattern is not valid.
  const TimePattern* Get(std::string_view pattern);
  // The text of TimePattern::Format, valid until the next call; null where there is none.
  const std::string* Print(std::string_view pattern, int128_t local_nanos, const TimeZone& zone);

 private:
  PatternStyle style_;
  std::string text_;
  std::optional<TimePattern> compiled_;
  bool known_ = false;
  // What Print said for local times in [printed_from_, printed_to_) of printed_zone_.
  std::optional<std::string> printed_;
  int128_t printed_from_ = 0, printed_to_ = 0;
  const TimeZone* printed_zone_ = nullptr;
};

}  // namespace penstock
