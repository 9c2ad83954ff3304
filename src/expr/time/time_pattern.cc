// Compiling and printing of Java patterns; time_pattern_parse.cc reads with them.
#include "expr/time/time_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "expr/time/time_names.h"

namespace penstock {

namespace {

bool IsLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

Status BadPattern(const std::string& why) {
  return SqlError(ErrorNumber::kBadArguments, {}, "invalid date and time pattern: " + why);
}

bool IsZone(char letter) { return std::string_view("zZXxOV").find(letter) != std::string_view::npos; }

// The widest run a letter may have; 0: unknown letter.
int LongestRun(char letter, PatternStyle style) {
  if (style == PatternStyle::kSimple) {
    return std::string_view("GyYMLwWDdFEuaHkKhmsSzZX").find(letter) == std::string_view::npos ? 0 : 1000;
  }
  switch (letter) {
    case 'd':
    case 'h':
    case 'H':
    case 'k':
    case 'K':
    case 'm':
    case 's':
    case 'w': return 2;
    case 'D': return 3;
    case 'S': return 9;
    case 'u':
    case 'y':
    case 'Y':
    case 'A':
    case 'n':
    case 'N': return 19;
    case 'M':
    case 'L':
    case 'Q':
    case 'q':
    case 'E':
    case 'e':
    case 'c':
    case 'G':
    case 'X':
    case 'x':
    case 'Z': return 5;
    case 'a':
    case 'F':
    case 'W': return 1;
    case 'V': return 2;
    case 'z':
    case 'O': return 4;
    default: return 0;
  }
}

// Numbers that have exactly as many digits as the pattern has letters.
bool IsFixedNumber(const TimePattern::Element& element, PatternStyle style) {
  switch (element.letter) {
    case 'd':
    case 'h':
    case 'H':
    case 'k':
    case 'K':
    case 'm':
    case 's':
    case 'w': return style == PatternStyle::kSimple || element.count == 2;
    case 'M':
    case 'L':
    case 'Q':
    case 'q': return element.count == 2 || (style == PatternStyle::kSimple && element.count < 3);
    case 'S': return true;
    case 'y':
    case 'u':
    case 'Y': return style == PatternStyle::kSimple ? element.letter != 'u' : element.count == 2;
    case 'D': return style == PatternStyle::kSimple;
    default: return false;
  }
}

bool IsNumber(const TimePattern::Element& element, PatternStyle style) {
  if (IsFixedNumber(element, style)) return true;
  switch (element.letter) {
    case 'y':
    case 'u':
    case 'Y':
    case 'd':
    case 'h':
    case 'H':
    case 'k':
    case 'K':
    case 'm':
    case 's':
    case 'D':
    case 'A':
    case 'n':
    case 'N': return true;
    case 'M':
    case 'L': return element.count < 3;
    default: return false;
  }
}

// Quoted text from the opening quote on; '' is a quote.
Result<std::string> TakeQuoted(std::string_view pattern, size_t* at) {
  std::string text;
  for (size_t i = *at + 1; i < pattern.size(); ++i) {
    if (pattern[i] != '\'') {
      text.push_back(pattern[i]);
    } else if (i + 1 < pattern.size() && pattern[i + 1] == '\'') {
      text.push_back(pattern[i++]);
    } else {
      *at = i + 1;
      return text;
    }
  }
  return BadPattern("Pattern ends with an incomplete string literal: " + std::string(pattern));
}

}  // namespace

Result<TimePattern> TimePattern::Compile(std::string_view pattern, PatternStyle style) {
  TimePattern compiled(style);
  auto literal = [&](std::string_view text) {
    auto& elements = compiled.elements_;
    if (elements.empty() || elements.back().letter != 0) elements.push_back({});
    elements.back().literal += text;
  };
  int depth = 0;
  for (size_t i = 0; i < pattern.size();) {
    char c = pattern[i];
    if (IsLetter(c)) {
      size_t end = i;
      while (end < pattern.size() && pattern[end] == c) ++end;
      auto count = static_cast<int>(end - i);
      int longest = LongestRun(c, style);
      if (longest == 0) return BadPattern(std::string("Unknown pattern letter: ") + c);
      if (count > longest) return BadPattern(std::string("Too many pattern letters: ") + c);
      if (c == 'V' && count != 2) return BadPattern("Pattern letter count must be 2: V");
      compiled.elements_.push_back({.letter = c, .count = count, .literal = {}});
      i = end;
    } else if (c == '\'') {
      if (i + 1 < pattern.size() && pattern[i + 1] == '\'') {
        literal("'");
        i += 2;
        continue;
      }
      ASSIGN_OR_RETURN(std::string text, TakeQuoted(pattern, &i));
      literal(text);
    } else if (style == PatternStyle::kFormatter && (c == '[' || c == ']')) {
      depth += c == '[' ? 1 : -1;
      if (depth < 0) return BadPattern("Pattern invalid as it contains ] without previous [");
      compiled.elements_.push_back({.letter = c, .count = 1, .literal = {}});
      ++i;
    } else if (style == PatternStyle::kFormatter && (c == '{' || c == '}' || c == '#')) {
      return BadPattern(std::string("Pattern includes reserved character: '") + c + "'");
    } else {
      literal(pattern.substr(i++, 1));
    }
  }
  for (; depth > 0; --depth) compiled.elements_.push_back({.letter = ']', .count = 1, .literal = {}});
  compiled.ReserveDigits();
  return compiled;
}

// "yyyyMMdd": the year must leave four digits to those behind it.
void TimePattern::ReserveDigits() {
  for (size_t i = 0; i < elements_.size(); ++i) {
    if (!IsNumber(elements_[i], style_)) continue;
    for (size_t k = i + 1; k < elements_.size() && IsFixedNumber(elements_[k], style_); ++k) {
      elements_[i].reserved += elements_[k].count;
    }
  }
}

int64_t TimePattern::unit_nanos() const {
  int64_t unit = kNanosPerDay;
  for (const Element& element : elements_) {
    int64_t of_letter = kNanosPerDay;
    switch (element.letter) {
      case 'H':
      case 'k':
      case 'K':
      case 'h':
      case 'a': of_letter = 3600 * kNanosPerSecond; break;
      case 'm': of_letter = 60 * kNanosPerSecond; break;
      case 's': of_letter = kNanosPerSecond; break;
      case 'A': of_letter = 1'000'000; break;
      case 'S':
        of_letter = kNanosPerSecond;
        for (int digits = style_ == PatternStyle::kSimple ? 3 : element.count; digits > 0; --digits)
          of_letter /= 10;
        break;
      case 'n':
      case 'N': of_letter = 1; break;
      default:
        // Where the zone is printed, its offset may change at any time.
        if (IsZone(element.letter)) of_letter = 1;
        break;
    }
    unit = std::min(unit, of_letter);
  }
  return unit;
}

int TimePattern::fraction_digits() const {
  int digits = 0;
  for (const Element& element : elements_) {
    if (element.letter == 'S') digits = std::max(digits, element.count);
  }
  return digits;
}

namespace {

struct Clock {
  int64_t days = 0;
  CivilDate date;
  int64_t nanos = 0;  // of the day

  int64_t hour() const { return nanos / kNanosPerSecond / 3600; }
  int64_t minute() const { return nanos / kNanosPerSecond / 60 % 60; }
  int64_t second() const { return nanos / kNanosPerSecond % 60; }
  int64_t nano() const { return nanos % kNanosPerSecond; }
  int weekday() const { return static_cast<int>(FloorMod(days + 3, int64_t{7})); }  // Monday is 0
  int64_t day_of_year() const { return days - DaysFromCivil({date.year, 1, 1}) + 1; }
};

// Weeks as in the United States: they begin on Sunday, and the first holds January 1st.
int64_t WeekOfYear(const Clock& clock, int64_t* week_year) {
  auto first_sunday = [](int64_t year) {
    int64_t january = DaysFromCivil({year, 1, 1});
    return january - FloorMod(january + 4, int64_t{7});
  };
  *week_year = clock.date.year;
  if (clock.days >= first_sunday(clock.date.year + 1)) *week_year += 1;
  return (clock.days - first_sunday(*week_year)) / 7 + 1;
}

std::string OffsetText(int64_t seconds, bool colon, int fields) {
  int64_t magnitude = seconds < 0 ? -seconds : seconds;
  std::string text = fmt::format("{}{:02}", seconds < 0 ? '-' : '+', magnitude / 3600);
  if (fields > 1 || magnitude / 60 % 60 != 0) {
    text += fmt::format("{}{:02}", colon ? ":" : "", magnitude / 60 % 60);
  }
  return text;
}

std::string FormatYear(int64_t year, int count, PatternStyle style) {
  if (count == 2) return fmt::format("{:02}", FloorMod(year, int64_t{100}));
  if (year < 0) return fmt::format("-{:0{}}", -year, count);
  std::string text = fmt::format("{:0{}}", year, count);
  bool exceeds = style == PatternStyle::kFormatter && count >= 4 && text.size() > static_cast<size_t>(count);
  return exceeds ? "+" + text : text;
}

// nullopt: not a text name, print the number.
std::optional<std::string> FormatName(const Clock& clock, const TimePattern::Element& element,
                                      PatternStyle style) {
  auto pick = [&](std::string_view name) {
    if (style == PatternStyle::kFormatter && element.count == 5) return std::string(name.substr(0, 1));
    return std::string(element.count >= 4 ? name : name.substr(0, 3));
  };
  switch (element.letter) {
    case 'M':
    case 'L':
      if (element.count < 3) return std::nullopt;
      return pick(kMonthNames[static_cast<size_t>(clock.date.month - 1)]);
    case 'E': return pick(kDayNames[static_cast<size_t>(clock.weekday())]);
    case 'e':
    case 'c':
      if (element.count < 3) return std::nullopt;
      return pick(kDayNames[static_cast<size_t>(clock.weekday())]);
    case 'a': return clock.hour() < 12 ? "AM" : "PM";
    case 'G': return clock.date.year > 0 ? "AD" : "BC";
    case 'Q':
    case 'q': {
      int quarter = (clock.date.month + 2) / 3;
      static constexpr std::string_view kQuarters[] = {"1st", "2nd", "3rd", "4th"};
      if (element.count == 3) return fmt::format("Q{}", quarter);
      if (element.count == 4) return std::string(kQuarters[quarter - 1]) + " quarter";
      return std::nullopt;
    }
    default: return std::nullopt;
  }
}

int64_t NumberOf(const Clock& clock, char letter) {
  int64_t week_year = 0;
  switch (letter) {
    case 'M':
    case 'L': return clock.date.month;
    case 'd': return clock.date.day;
    case 'D': return clock.day_of_year();
    case 'Q':
    case 'q': return (clock.date.month + 2) / 3;
    case 'H': return clock.hour();
    case 'k': return clock.hour() == 0 ? 24 : clock.hour();
    case 'K': return clock.hour() % 12;
    case 'h': return clock.hour() % 12 == 0 ? 12 : clock.hour() % 12;
    case 'm': return clock.minute();
    case 's': return clock.second();
    case 'A': return clock.nanos / 1'000'000;
    case 'n': return clock.nano();
    case 'N': return clock.nanos;
    case 'e':
    case 'c': return (clock.weekday() + 1) % 7 + 1;
    case 'u': return clock.weekday() + 1;
    case 'F': return (clock.date.day - 1) / 7 + 1;
    case 'W': {
      int64_t first = FloorMod(int64_t{clock.weekday()} + 2 - clock.date.day, int64_t{7});  // Sunday is 0
      return (clock.date.day - 1 + first) / 7 + 1;
    }
    case 'w': return WeekOfYear(clock, &week_year);
    default: return 0;
  }
}

// The zone letters, of SimpleDateFormat only.
std::string FormatZone(const TimePattern::Element& element, int64_t offset, const TimeZone& zone) {
  if (element.letter == 'z') {
    bool utc = offset == 0 && (zone.name() == "UTC" || zone.name() == "GMT");
    return utc ? zone.name() : "GMT" + OffsetText(offset, true, 2);
  }
  if (element.letter == 'Z') return OffsetText(offset, false, 2);
  if (offset == 0) return "Z";
  if (element.count == 1) return OffsetText(offset, false, 1).substr(0, 3);
  return OffsetText(offset, element.count == 3, 2);
}

}  // namespace

std::optional<std::string> TimePattern::Format(int128_t local_nanos, const TimeZone& zone) const {
  Clock clock;
  clock.days = static_cast<int64_t>(FloorDiv(local_nanos, int128_t(kNanosPerDay)));
  clock.nanos = static_cast<int64_t>(FloorMod(local_nanos, int128_t(kNanosPerDay)));
  clock.date = CivilFromDays(clock.days);
  std::string text;
  for (const Element& element : elements_) {
    char letter = element.letter;
    if (letter == 0) {
      text += element.literal;
    } else if (letter == 'y' || (letter == 'u' && style_ == PatternStyle::kFormatter)) {
      text += FormatYear(clock.date.year, element.count, style_);
    } else if (letter == 'Y') {
      int64_t year = 0;
      WeekOfYear(clock, &year);
      text += FormatYear(year, element.count, style_);
    } else if (letter == 'S') {
      text += style_ == PatternStyle::kSimple
                  ? fmt::format("{:0{}}", clock.nano() / 1'000'000, element.count)
                  : fmt::format("{:09}", clock.nano()).substr(0, static_cast<size_t>(element.count));
    } else if (IsZone(letter)) {
      if (style_ == PatternStyle::kFormatter) return std::nullopt;
      int64_t local = clock.days * 86400 + clock.nanos / kNanosPerSecond;
      text += FormatZone(element, zone.OffsetAtLocal(local), zone);
    } else if (letter != '[' && letter != ']') {
      std::optional<std::string> name = FormatName(clock, element, style_);
      text += name ? *name : fmt::format("{:0{}}", NumberOf(clock, letter), element.count);
    }
  }
  return text;
}

const TimePattern* PatternCache::Get(std::string_view pattern) {
  if (!known_ || text_ != pattern) {
    text_ = std::string(pattern);
    known_ = true;
    Result<TimePattern> compiled = TimePattern::Compile(pattern, style_);
    compiled_.reset();
    printed_zone_ = nullptr;
    if (compiled) compiled_.emplace(std::move(*compiled));
  }
  return compiled_ ? &*compiled_ : nullptr;
}

const std::string* PatternCache::Print(std::string_view pattern, int128_t local_nanos, const TimeZone& zone) {
  const TimePattern* compiled = Get(pattern);
  if (compiled == nullptr) return nullptr;
  bool known = printed_zone_ == &zone && local_nanos >= printed_from_ && local_nanos < printed_to_;
  if (!known) {
    printed_ = compiled->Format(local_nanos, zone);
    int128_t unit = compiled->unit_nanos();
    printed_from_ = FloorDiv(local_nanos, unit) * unit;
    printed_to_ = printed_from_ + unit;
    printed_zone_ = &zone;
  }
  return printed_ ? &*printed_ : nullptr;
}

}  // namespace penstock
