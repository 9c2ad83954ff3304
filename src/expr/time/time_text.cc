// Readers of dates and times without a pattern.
#include "expr/time/time_text.h"

#include <algorithm>

#include "base/strings.h"
#include "data/datetime.h"

namespace penstock {

namespace {

// Digits only, blanks around allowed; at most nine digits.
std::optional<int64_t> Digits(std::string_view text) {
  text = TrimSpace(text);
  if (text.empty() || text.size() > 9) return std::nullopt;
  int64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// Takes `least` to `most` digits off the front.
std::optional<int64_t> TakeDigits(std::string_view* text, size_t least, size_t most) {
  size_t count = 0;
  while (count < most && count < text->size() && (*text)[count] >= '0' && (*text)[count] <= '9') ++count;
  if (count < least) return std::nullopt;
  std::optional<int64_t> value = Digits(text->substr(0, count));
  text->remove_prefix(count);
  return value;
}

bool Take(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

// A fraction after its point as nanoseconds, nullopt beyond nine digits or at a foreign character.
std::optional<int64_t> FractionNanos(std::string_view text) {
  if (text.size() > 9) return std::nullopt;
  int64_t nanos = 0;
  for (size_t i = 0; i < 9; ++i) {
    if (i < text.size() && (text[i] < '0' || text[i] > '9')) return std::nullopt;
    nanos = nanos * 10 + (i < text.size() ? text[i] - '0' : 0);
  }
  return nanos;
}

// Milliseconds of a fraction, rounded at the fourth digit; what is no digit counts as 0.
int64_t FractionMillis(std::string_view text) {
  int64_t millis = 0, unit = 100;
  for (size_t i = 0; i < text.size() && i < 3; ++i, unit /= 10) {
    if (text[i] >= '0' && text[i] <= '9') millis += unit * (text[i] - '0');
  }
  return millis + (text.size() > 3 && text[3] >= '5' && text[3] <= '9' ? 1 : 0);
}

// " 1:02:03.5" behind the date of a timestamp, to nanoseconds; 24:00:00 is the next day's midnight.
std::optional<int128_t> ReadClock(std::string_view text) {
  std::optional<int64_t> hour = TakeDigits(&text, 1, 2);
  if (!hour || !Take(&text, ':')) return std::nullopt;
  std::optional<int64_t> minute = TakeDigits(&text, 1, 2);
  if (!minute || !Take(&text, ':')) return std::nullopt;
  std::optional<int64_t> second = TakeDigits(&text, 1, 2);
  if (!second || *minute > 59 || *second > 59) return std::nullopt;
  std::optional<int64_t> nanos = 0;
  if (Take(&text, '.')) {
    nanos = FractionNanos(text);
  } else if (!text.empty()) {
    return std::nullopt;
  }
  if (!nanos) return std::nullopt;
  bool midnight = *hour == 24 && *minute == 0 && *second == 0 && *nanos == 0;
  if (*hour > 23 && !midnight) return std::nullopt;
  return int128_t((*hour * 60 + *minute) * 60 + *second) * kNanosPerSecond + *nanos;
}

}  // namespace

std::optional<int64_t> ReadDate(std::string_view text) {
  size_t blank = text.find(' ');
  if (blank != std::string_view::npos && blank > 0) text = text.substr(0, blank);
  int64_t parts[] = {0, 1, 1};
  for (size_t i = 0; i < 3; ++i) {
    size_t hyphen = i < 2 ? text.find('-') : std::string_view::npos;
    std::optional<int64_t> number = Digits(text.substr(0, hyphen));
    if (!number) return std::nullopt;
    parts[i] = *number;
    if (hyphen == std::string_view::npos) break;
    text.remove_prefix(hyphen + 1);
  }
  if (parts[0] > 9999 || parts[1] < 1 || parts[1] > 12 || parts[2] < 1) return std::nullopt;
  if (parts[2] > DaysInMonth(parts[0], static_cast<int>(parts[1]))) return std::nullopt;
  return DaysFromCivil({parts[0], static_cast<int>(parts[1]), static_cast<int>(parts[2])});
}

std::optional<int64_t> ReadTime(std::string_view text) {
  int64_t sign = -1, offset = 0;
  size_t zone = text.find('-');
  if (zone == std::string_view::npos) {
    zone = text.find('+');
    sign = 1;
  }
  if (zone != std::string_view::npos) {
    std::string_view rest = text.substr(zone + 1);
    size_t colon = rest.find(':');
    std::optional<int64_t> hours = Digits(rest.substr(0, colon));
    std::optional<int64_t> minutes =
        colon == std::string_view::npos ? std::optional<int64_t>(0) : Digits(rest.substr(colon + 1));
    if (!hours || !minutes) return std::nullopt;
    offset = sign * (*hours * 60 + *minutes) * 60'000;
    text = text.substr(0, zone);
  }
  int64_t parts[] = {0, 0, 0}, millis = 0;
  for (size_t i = 0; i < 3; ++i) {
    size_t stop = i < 2 ? text.find(':') : text.find('.');
    std::optional<int64_t> number = Digits(text.substr(0, stop));
    if (!number) return std::nullopt;
    parts[i] = *number;
    if (stop == std::string_view::npos) break;
    text.remove_prefix(stop + 1);
    if (i == 2) millis = FractionMillis(TrimSpace(text));
  }
  if (parts[0] > 23 || parts[1] > 59 || parts[2] > 59) return std::nullopt;
  int64_t total = ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + millis + offset;
  if (total < 0 || total >= kMillisPerDay) return std::nullopt;
  return total;
}

std::optional<int128_t> ReadTimestamp(std::string_view text) {
  std::optional<int64_t> year = TakeDigits(&text, 4, 4);
  if (!year || *year < 1 || !Take(&text, '-')) return std::nullopt;
  std::optional<int64_t> month = TakeDigits(&text, 1, 2);
  if (!month || !Take(&text, '-')) return std::nullopt;
  std::optional<int64_t> day = TakeDigits(&text, 1, 2);
  if (!day || *month < 1 || *month > 12 || *day < 1 || *day > 31) return std::nullopt;
  // The 31st of a shorter month is its last day.
  int64_t last = std::min<int64_t>(*day, DaysInMonth(*year, static_cast<int>(*month)));
  int64_t days = DaysFromCivil({*year, static_cast<int>(*month), static_cast<int>(last)});
  int128_t nanos = int128_t(days) * kNanosPerDay;
  if (text.empty()) return nanos;
  if (!Take(&text, ' ')) return std::nullopt;
  std::optional<int128_t> of_day = ReadClock(text);
  if (!of_day) return std::nullopt;
  return nanos + *of_day;
}

std::optional<int128_t> ReadTimestampLoosely(std::string_view text) {
  text = TrimSpace(text);
  std::optional<int64_t> year = TakeDigits(&text, 4, 4);
  if (!year || !Take(&text, '-')) return std::nullopt;
  std::optional<int64_t> month = TakeDigits(&text, 1, 2);
  if (!month || !Take(&text, '-')) return std::nullopt;
  std::optional<int64_t> day = TakeDigits(&text, 1, 2);
  if (!day || *month < 1 || *month > 12 || *day < 1 || *day > 31) return std::nullopt;
  int64_t days = DaysFromCivil({*year, static_cast<int>(*month), 1}) + *day - 1;
  int128_t nanos = int128_t(days) * kNanosPerDay;
  if (text.empty()) return nanos;
  if (!Take(&text, ' ')) return std::nullopt;
  int64_t parts[] = {0, 0, 0};
  for (size_t i = 0; i < 3; ++i) {
    if (i > 0 && !Take(&text, ':')) return std::nullopt;
    std::optional<int64_t> number = TakeDigits(&text, 1, 4);
    if (!number) return std::nullopt;
    parts[i] = *number;
  }
  std::optional<int64_t> fraction = 0;
  if (Take(&text, '.')) {
    if (text.empty()) return std::nullopt;
    fraction = FractionNanos(text);
  } else if (!text.empty()) {
    return std::nullopt;
  }
  if (!fraction) return std::nullopt;
  return nanos + int128_t((parts[0] * 60 + parts[1]) * 60 + parts[2]) * kNanosPerSecond + *fraction;
}

}  // namespace penstock
