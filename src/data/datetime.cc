// Calendar arithmetic, zones and text of dates and times.
#include "data/datetime.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <map>
#include <memory>
#include <mutex>

#include "base/strings.h"

namespace penstock {

int64_t DaysFromCivil(CivilDate date) {
  int64_t y = date.year - (date.month <= 2 ? 1 : 0);
  int64_t era = FloorDiv(y, int64_t{400});
  int64_t year_of_era = y - era * 400;
  int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

CivilDate CivilFromDays(int64_t days) {
  days += 719468;
  int64_t era = FloorDiv(days, int64_t{146097});
  int64_t day_of_era = days - era * 146097;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted_month = (5 * day_of_year + 2) / 153;
  int day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  int month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

bool IsLeapYear(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int DaysInMonth(int64_t year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[month - 1];
}

int64_t AddMonths(int64_t days, int64_t months) {
  CivilDate date = CivilFromDays(days);
  int64_t total = date.year * 12 + date.month - 1 + months;
  date.year = FloorDiv(total, int64_t{12});
  date.month = static_cast<int>(FloorMod(total, int64_t{12})) + 1;
  date.day = std::min(date.day, DaysInMonth(date.year, date.month));
  return DaysFromCivil(date);
}

namespace {
// "+08:00", "-8", "+0830", "GMT+8", "UTC-03:30" as seconds.
std::optional<int64_t> ParseOffset(std::string_view text) {
  for (std::string_view prefix : {"GMT", "UTC", "UT"}) {
    if (text.substr(0, prefix.size()) == prefix) {
      text.remove_prefix(prefix.size());
      break;
    }
  }
  if (text.empty() || text == "Z") return 0;
  if (text[0] != '+' && text[0] != '-') return std::nullopt;
  int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  std::string digits;
  for (char c : text) {
    if (c == ':') continue;
    if (c < '0' || c > '9') return std::nullopt;
    digits.push_back(c);
  }
  if (digits.empty() || digits.size() > 6) return std::nullopt;
  if (digits.size() % 2 == 1) digits.insert(0, "0");
  digits.resize(6, '0');
  int64_t seconds = std::stoi(digits.substr(0, 2)) * 3600 + std::stoi(digits.substr(2, 2)) * 60 +
                    std::stoi(digits.substr(4));
  if (seconds > 18 * 3600) return std::nullopt;
  return sign * seconds;
}
}  // namespace

const TimeZone& TimeZone::Utc() {
  static const TimeZone* utc = [] {
    auto* zone = new TimeZone();
    zone->name_ = "UTC";
    return zone;
  }();
  return *utc;
}

Result<const TimeZone*> TimeZone::Find(std::string_view name) {
  static std::mutex mutex;
  static auto* known = new std::map<std::string, std::unique_ptr<TimeZone>, std::less<>>();
  std::lock_guard lock(mutex);
  if (auto it = known->find(name); it != known->end()) return it->second.get();
  auto zone = std::make_unique<TimeZone>();
  zone->name_ = std::string(name);
  if (std::optional<int64_t> offset = ParseOffset(name)) {
    zone->fixed_offset_ = *offset;
  } else {
    try {
      zone->region_ = date::locate_zone(std::string(name));
    } catch (const std::exception&) {
      return Status::InvalidArgument("unknown time zone '" + std::string(name) + "'");
    }
  }
  const TimeZone* found = zone.get();
  known->emplace(std::string(name), std::move(zone));
  return found;
}

int64_t TimeZone::OffsetAtInstant(int64_t utc_seconds) const {
  if (region_ == nullptr) return fixed_offset_;
  date::sys_seconds instant{std::chrono::seconds(utc_seconds)};
  return static_cast<const date::time_zone*>(region_)->get_info(instant).offset.count();
}

int64_t TimeZone::OffsetAtLocal(int64_t local_seconds) const {
  if (region_ == nullptr) return fixed_offset_;
  date::local_seconds local{std::chrono::seconds(local_seconds)};
  return static_cast<const date::time_zone*>(region_)->get_info(local).first.offset.count();
}

int64_t TimeZone::ToLocalMicros(int64_t utc) const {
  if (region_ == nullptr) return utc + fixed_offset_ * kMicrosPerSecond;
  return utc + OffsetAtInstant(FloorDiv(utc, kMicrosPerSecond)) * kMicrosPerSecond;
}
int64_t TimeZone::ToUtcMicros(int64_t local) const {
  if (region_ == nullptr) return local - fixed_offset_ * kMicrosPerSecond;
  return local - OffsetAtLocal(FloorDiv(local, kMicrosPerSecond)) * kMicrosPerSecond;
}
int128_t TimeZone::ToLocalNanos(int128_t utc) const {
  return utc + int128_t(OffsetAtInstant(static_cast<int64_t>(FloorDiv(utc, int128_t(kNanosPerSecond))))) *
                   kNanosPerSecond;
}
int128_t TimeZone::ToUtcNanos(int128_t local) const {
  return local - int128_t(OffsetAtLocal(static_cast<int64_t>(FloorDiv(local, int128_t(kNanosPerSecond))))) *
                     kNanosPerSecond;
}

std::string FormatDate(int64_t days) {
  CivilDate date = CivilFromDays(days);
  if (date.year > 9999) return fmt::format("+{}-{:02}-{:02}", date.year, date.month, date.day);
  if (date.year < 0) return fmt::format("-{:04}-{:02}-{:02}", -date.year, date.month, date.day);
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

namespace {
std::string FormatClock(int64_t nanos_of_day, int digits) {
  int64_t seconds = nanos_of_day / kNanosPerSecond;
  std::string text = fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (digits > 0) {
    text += "." + fmt::format("{:09}", nanos_of_day % kNanosPerSecond).substr(0, static_cast<size_t>(digits));
  }
  return text;
}
}  // namespace

std::string FormatTime(int64_t millis_of_day, int digits) {
  return FormatClock(millis_of_day * 1'000'000, digits);
}

std::string FormatTimestamp(int128_t nanos, int digits, char separator) {
  auto days = static_cast<int64_t>(FloorDiv(nanos, int128_t(kNanosPerDay)));
  auto of_day = static_cast<int64_t>(FloorMod(nanos, int128_t(kNanosPerDay)));
  return FormatDate(days) + separator + FormatClock(of_day, digits);
}

std::string FormatTimestampShort(int128_t nanos, char separator) {
  auto fraction = static_cast<int64_t>(FloorMod(nanos, int128_t(kNanosPerSecond)));
  int digits = 9;
  while (digits > 0 && fraction % 10 == 0) {
    fraction /= 10;
    --digits;
  }
  return FormatTimestamp(nanos, digits, separator);
}

namespace {
// A cursor over digits and separators.
struct Scanner {
  std::string_view rest;
  bool Accept(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  // 1..max digits.
  std::optional<int64_t> Number(size_t max) {
    int64_t value = 0;
    size_t count = 0;
    while (count < max && count < rest.size() && rest[count] >= '0' && rest[count] <= '9') {
      value = value * 10 + (rest[count] - '0');
      ++count;
    }
    if (count == 0) return std::nullopt;
    rest.remove_prefix(count);
    return value;
  }
};

std::optional<int64_t> ScanDate(Scanner& in) {
  bool negative = in.Accept('-');
  std::optional<int64_t> year = in.Number(9);
  if (!year) return std::nullopt;
  CivilDate date{negative ? -*year : *year, 1, 1};
  if (in.Accept('-')) {
    std::optional<int64_t> month = in.Number(2);
    if (!month || *month < 1 || *month > 12) return std::nullopt;
    date.month = static_cast<int>(*month);
    if (in.Accept('-')) {
      std::optional<int64_t> day = in.Number(2);
      if (!day || *day < 1 || *day > DaysInMonth(date.year, date.month)) return std::nullopt;
      date.day = static_cast<int>(*day);
    }
  }
  return DaysFromCivil(date);
}

// Nanoseconds of the day.
std::optional<int64_t> ScanTime(Scanner& in) {
  std::optional<int64_t> hour = in.Number(2);
  if (!hour || *hour > 23) return std::nullopt;
  int64_t seconds = *hour * 3600;
  int64_t nanos = 0;
  if (in.Accept(':')) {
    std::optional<int64_t> minute = in.Number(2);
    if (!minute || *minute > 59) return std::nullopt;
    seconds += *minute * 60;
    if (in.Accept(':')) {
      std::optional<int64_t> second = in.Number(2);
      if (!second || *second > 59) return std::nullopt;
      seconds += *second;
      if (in.Accept('.')) {
        int64_t unit = kNanosPerSecond / 10;
        while (!in.rest.empty() && in.rest.front() >= '0' && in.rest.front() <= '9') {
          nanos += (in.rest.front() - '0') * unit;
          unit /= 10;
          in.rest.remove_prefix(1);
        }
      }
    }
  }
  return seconds * kNanosPerSecond + nanos;
}
}  // namespace

std::optional<int64_t> ParseDate(std::string_view text) {
  Scanner in{TrimSpace(text)};
  std::optional<int64_t> days = ScanDate(in);
  // Whatever follows a blank or a T is ignored, as Flink's cast does.
  if (!days || (!in.rest.empty() && in.rest.front() != ' ' && in.rest.front() != 'T')) return std::nullopt;
  return days;
}

std::optional<int64_t> ParseTime(std::string_view text) {
  Scanner in{TrimSpace(text)};
  std::optional<int64_t> nanos = ScanTime(in);
  if (!nanos || !in.rest.empty()) return std::nullopt;
  return *nanos / 1'000'000;
}

std::optional<int128_t> ParseTimestamp(std::string_view text) {
  Scanner in{TrimSpace(text)};
  std::optional<int64_t> days = ScanDate(in);
  if (!days) return std::nullopt;
  int128_t nanos = int128_t(*days) * kNanosPerDay;
  if (in.rest.empty()) return nanos;
  if (!in.Accept(' ') && !in.Accept('T')) return std::nullopt;
  std::optional<int64_t> of_day = ScanTime(in);
  if (!of_day || !in.rest.empty()) return std::nullopt;
  return nanos + *of_day;
}

int128_t NanosToTimestamp(int128_t nanos, int precision) {
  int128_t unit = 1;
  for (int p = precision; p < 9; ++p) unit *= 10;
  int128_t truncated = FloorDiv(nanos, unit) * unit;
  return precision <= 6 ? truncated / 1000 : truncated;
}

std::string FormatYearMonthInterval(int64_t months) {
  int64_t magnitude = months < 0 ? -months : months;
  return fmt::format("{}{}-{:02}", months < 0 ? "-" : "+", magnitude / 12, magnitude % 12);
}

std::string FormatDayTimeInterval(int64_t millis) {
  int64_t magnitude = millis < 0 ? -millis : millis;
  return fmt::format("{}{} {}", millis < 0 ? "-" : "+", magnitude / kMillisPerDay,
                     FormatTime(magnitude % kMillisPerDay, 3));
}

}  // namespace penstock
