// Reading with Java patterns: one cursor over the text, one set of fields, and at the end the rules that make
// a wall clock of the fields (java.time's SMART resolving, or the rolling calendar of SimpleDateFormat).
#include <algorithm>

#include "base/strings.h"
#include "expr/time/time_names.h"
#include "expr/time/time_pattern.h"

namespace penstock {

namespace {

using Element = TimePattern::Element;
using Number = std::optional<int64_t>;

struct Fields {
  Number year, month, day, day_of_year, weekday, hour, hour_of_half, half, minute, second, nano, milli_of_day,
      nano_of_day, offset;
  const TimeZone* zone = nullptr;
};

// A field that is named twice must have the same value both times.
bool Set(Number* field, int64_t value) {
  if (*field && **field != value) return false;
  *field = value;
  return true;
}

class Reader {
 public:
  Reader(const std::vector<Element>& elements, PatternStyle style, std::string_view text)
      : elements_(elements), strict_(style == PatternStyle::kFormatter), rest_(text) {}

  bool Run(size_t begin, size_t end);
  bool at_end() const { return rest_.empty(); }
  const Fields& fields() const { return fields_; }

 private:
  bool RunElement(const Element& element);
  bool Literal(const std::string& text);
  bool Name(const Element& element);
  bool Year(const Element& element);
  bool Fraction(const Element& element);
  bool Zone(const Element& element);
  bool Store(char letter, int64_t value);
  Number Digits(int least, int most, int reserved);
  Number Integer(const Element& element);
  // The index of the first name (or its first three letters) that the text goes on with; -1: none.
  template <typename Names>
  int Match(const Names& names, bool full);
  bool Starts(std::string_view word) const;

  const std::vector<Element>& elements_;
  bool strict_;
  std::string_view rest_;
  Fields fields_;
};

bool Reader::Run(size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    if (elements_[i].letter != '[') {
      if (elements_[i].letter != ']' && !RunElement(elements_[i])) return false;
      continue;
    }
    size_t close = i + 1;
    for (int depth = 1; close < end; ++close) {
      if (elements_[close].letter == '[') ++depth;
      if (elements_[close].letter == ']' && --depth == 0) break;
    }
    std::string_view rest = rest_;
    Fields fields = fields_;
    if (!Run(i + 1, close)) {
      rest_ = rest;
      fields_ = fields;
    }
    i = close;
  }
  return true;
}

bool Reader::Starts(std::string_view word) const {
  std::string_view head = rest_.substr(0, word.size());
  return strict_ ? head == word : EqualsIgnoreCase(head, word);
}

bool Reader::Literal(const std::string& text) {
  if (rest_.substr(0, text.size()) != text) return false;
  rest_.remove_prefix(text.size());
  return true;
}

template <typename Names>
int Reader::Match(const Names& names, bool full) {
  for (bool whole : {true, false}) {
    if (strict_ && whole != full) continue;
    for (size_t i = 0; i < names.size(); ++i) {
      std::string_view word = whole ? names[i] : names[i].substr(0, 3);
      if (!Starts(word)) continue;
      rest_.remove_prefix(word.size());
      return static_cast<int>(i);
    }
  }
  return -1;
}

Number Reader::Digits(int least, int most, int reserved) {
  int available = 0;
  while (available < most + reserved && static_cast<size_t>(available) < rest_.size() &&
         rest_[static_cast<size_t>(available)] >= '0' && rest_[static_cast<size_t>(available)] <= '9') {
    ++available;
  }
  int take = std::min(most, std::max(least, available - reserved));
  if (take > available || take == 0 || take > 18) return std::nullopt;
  int64_t value = 0;
  for (int i = 0; i < take; ++i) value = value * 10 + (rest_[static_cast<size_t>(i)] - '0');
  rest_.remove_prefix(static_cast<size_t>(take));
  return value;
}

Number Reader::Integer(const Element& element) {
  if (strict_) {
    bool one = element.count == 1 || element.letter == 'A' || element.letter == 'n' || element.letter == 'N';
    return Digits(element.count, one ? 18 : std::max(element.count, element.letter == 'D' ? 3 : 0),
                  one ? element.reserved : 0);
  }
  while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
  bool negative = !rest_.empty() && rest_.front() == '-';
  if (negative) rest_.remove_prefix(1);
  // In a run of numbers all but the last have as many digits as letters.
  Number value = element.reserved > 0 ? Digits(1, element.count, 0) : Digits(1, 18, 0);
  return value && negative ? Number(-*value) : value;
}

bool Reader::Year(const Element& element) {
  if (!strict_) {
    size_t before = rest_.size();
    Number value = Integer(element);
    if (!value) return false;
    bool two_digits = element.count <= 2 && before - rest_.size() == 2;
    // Two digits mean a year near today's: from 1946 on.
    if (two_digits) *value += *value < 46 ? 2000 : 1900;
    return Set(&fields_.year, *value);
  }
  if (element.count == 2) {
    Number value = Digits(2, 2, 0);
    return value && Set(&fields_.year, 2000 + *value);
  }
  bool plus = !rest_.empty() && rest_.front() == '+' && element.count >= 4;
  bool minus = !rest_.empty() && rest_.front() == '-' && element.letter == 'u';
  if (plus || minus) rest_.remove_prefix(1);
  size_t before = rest_.size();
  Number value = Digits(element.count, 18, element.reserved);
  if (!value) return false;
  // More digits than letters need a plus sign, and a plus sign needs more digits.
  bool exceeds = before - rest_.size() > static_cast<size_t>(element.count);
  if (element.count >= 4 && !minus && exceeds != plus) return false;
  return Set(&fields_.year, minus ? -*value : *value);
}

bool Reader::Fraction(const Element& element) {
  if (!strict_) {
    Number millis = Integer(element);
    return millis && Set(&fields_.nano, *millis * 1'000'000);
  }
  Number value = Digits(element.count, element.count, 0);
  if (!value) return false;
  for (int digits = element.count; digits < 9; ++digits) *value *= 10;
  return Set(&fields_.nano, *value);
}

bool Reader::Name(const Element& element) {
  switch (element.letter) {
    case 'M':
    case 'L': {
      int index = Match(kMonthNames, element.count >= 4);
      return index >= 0 && Set(&fields_.month, index + 1);
    }
    case 'E': {
      int index = Match(kDayNames, element.count >= 4);
      return index >= 0 && Set(&fields_.weekday, index);
    }
    case 'a':
      for (int half : {0, 1}) {
        if (!Starts(half == 0 ? "AM" : "PM")) continue;
        rest_.remove_prefix(2);
        return Set(&fields_.half, half);
      }
      return false;
    default: {  // an era
      bool known = Starts("AD");
      if (known) rest_.remove_prefix(2);
      return known;
    }
  }
}

bool Reader::Zone(const Element&) {
  if (Starts("Z")) {
    rest_.remove_prefix(1);
    return Set(&fields_.offset, 0);
  }
  size_t length = 0;
  while (length < rest_.size()) {
    char c = rest_[length];
    bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter && std::string_view("/_+-:").find(c) == std::string_view::npos) break;
    ++length;
  }
  if (length == 0) return false;
  Result<const TimeZone*> zone = TimeZone::Find(rest_.substr(0, length));
  if (!zone) return false;
  rest_.remove_prefix(length);
  fields_.zone = *zone;
  return true;
}

bool Reader::Store(char letter, int64_t value) {
  switch (letter) {
    case 'M':
    case 'L': return Set(&fields_.month, value);
    case 'd': return Set(&fields_.day, value);
    case 'D': return Set(&fields_.day_of_year, value);
    case 'H': return (!strict_ || value <= 24) && Set(&fields_.hour, value);
    case 'k': return (!strict_ || (value >= 1 && value <= 24)) && Set(&fields_.hour, value == 24 ? 0 : value);
    case 'h':
      return (!strict_ || (value >= 1 && value <= 12)) && Set(&fields_.hour_of_half, value == 12 ? 0 : value);
    case 'K': return (!strict_ || value <= 11) && Set(&fields_.hour_of_half, value);
    case 'm': return (!strict_ || value <= 59) && Set(&fields_.minute, value);
    case 's': return (!strict_ || value <= 59) && Set(&fields_.second, value);
    case 'n': return Set(&fields_.nano, value);
    case 'A': return Set(&fields_.milli_of_day, value);
    case 'N': return Set(&fields_.nano_of_day, value);
    default: return true;  // read, but without influence: weeks, quarters, weekdays by number
  }
}

bool Reader::RunElement(const Element& element) {
  char letter = element.letter;
  if (letter == 0) return Literal(element.literal);
  if (letter == 'y' || (letter == 'u' && strict_)) return Year(element);
  if (letter == 'S') return Fraction(element);
  bool month_name = (letter == 'M' || letter == 'L') && element.count >= 3;
  if (month_name || letter == 'E' || letter == 'a' || letter == 'G') return Name(element);
  if (std::string_view("zZXxOV").find(letter) != std::string_view::npos) return Zone(element);
  Number value = Integer(element);
  return value && Store(letter, *value);
}

int64_t HourOf(const Fields& fields, bool strict) {
  if (fields.hour) return *fields.hour;
  if (!fields.hour_of_half || (strict && !fields.half)) return strict ? 0 : fields.half.value_or(0) * 12;
  return *fields.hour_of_half + fields.half.value_or(0) * 12;
}

std::optional<int64_t> StrictDays(const Fields& fields) {
  int64_t year = fields.year.value_or(1970);
  if (fields.day_of_year && !fields.month && !fields.day) {
    int64_t days = IsLeapYear(year) ? 366 : 365;
    if (*fields.day_of_year < 1 || *fields.day_of_year > days) return std::nullopt;
    return DaysFromCivil({year, 1, 1}) + *fields.day_of_year - 1;
  }
  int64_t month = fields.month.value_or(1), day = fields.day.value_or(1);
  if (month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  // The 31st of a shorter month is its last day.
  day = std::min<int64_t>(day, DaysInMonth(year, static_cast<int>(month)));
  return DaysFromCivil({year, static_cast<int>(month), static_cast<int>(day)});
}

std::optional<int128_t> ResolveStrict(const Fields& fields) {
  std::optional<int64_t> days = StrictDays(fields);
  if (!days) return std::nullopt;
  if (fields.weekday && *fields.weekday != FloorMod(*days + 3, int64_t{7})) return std::nullopt;
  int64_t hour = HourOf(fields, true);
  int64_t seconds = hour * 3600 + fields.minute.value_or(0) * 60 + fields.second.value_or(0);
  int64_t of_day = seconds * kNanosPerSecond + fields.nano.value_or(0);
  if (fields.milli_of_day) of_day = *fields.milli_of_day * 1'000'000;
  if (fields.nano_of_day) of_day = *fields.nano_of_day;
  if (of_day > kNanosPerDay || (of_day == kNanosPerDay && hour != 24)) return std::nullopt;
  return int128_t(*days) * kNanosPerDay + of_day;
}

// Months, days and hours beyond their ranges roll over into the next unit.
int128_t ResolveRolling(const Fields& fields) {
  int64_t months = fields.month.value_or(1) - 1;
  int64_t days = AddMonths(DaysFromCivil({fields.year.value_or(1970), 1, 1}), months);
  if (fields.day_of_year && !fields.month) {
    days += *fields.day_of_year - 1;
  } else {
    days += fields.day.value_or(1) - 1;
  }
  int64_t seconds = HourOf(fields, false) * 3600 + fields.minute.value_or(0) * 60 + fields.second.value_or(0);
  return int128_t(days) * kNanosPerDay + int128_t(seconds) * kNanosPerSecond + fields.nano.value_or(0);
}

}  // namespace

std::optional<ParsedTime> TimePattern::Parse(std::string_view text) const {
  Reader reader(elements_, style_, text);
  if (!reader.Run(0, elements_.size())) return std::nullopt;
  bool strict = style_ == PatternStyle::kFormatter;
  if (strict && !reader.at_end()) return std::nullopt;
  const Fields& fields = reader.fields();
  ParsedTime parsed;
  if (strict) {
    std::optional<int128_t> nanos = ResolveStrict(fields);
    if (!nanos) return std::nullopt;
    parsed.local_nanos = *nanos;
  } else {
    parsed.local_nanos = ResolveRolling(fields);
  }
  parsed.offset_seconds = fields.offset;
  if (fields.zone != nullptr) {
    auto local = static_cast<int64_t>(FloorDiv(parsed.local_nanos, int128_t(kNanosPerSecond)));
    parsed.offset_seconds = fields.zone->OffsetAtLocal(local);
  }
  return parsed;
}

}  // namespace penstock
