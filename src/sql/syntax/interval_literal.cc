// Parsing of interval literals: the text is a list of numbers split by '-', ' ', ':' and '.', one per unit
// from the first to the last named.
#include "sql/syntax/interval_literal.h"

#include <array>

#include "base/strings.h"

namespace penstock::sql {

namespace {

struct Unit {
  std::string_view name;
  int64_t factor;  // months, or milliseconds
  bool months;
};

constexpr std::array<Unit, 9> kUnits = {{{"YEAR", 12, true},
                                         {"QUARTER", 3, true},
                                         {"MONTH", 1, true},
                                         {"WEEK", 604800000, false},
                                         {"DAY", 86400000, false},
                                         {"HOUR", 3600000, false},
                                         {"MINUTE", 60000, false},
                                         {"SECOND", 1000, false},
                                         {"MILLISECOND", 1, false}}};

int FindUnit(std::string name) {
  if (name.size() > 1 && name.back() == 'S') name.pop_back();
  for (size_t i = 0; i < kUnits.size(); ++i) {
    if (kUnits[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

Status Bad(const std::string& text, const std::string& units, TextPosition at) {
  return SqlError(ErrorNumber::kBadLiteral, at, "illegal interval literal '" + text + "' for " + units);
}

// The units a literal lists between its first and last, without WEEK and QUARTER, which stand alone.
bool InRange(int unit) { return unit != 1 && unit != 3; }

}  // namespace

Result<IntervalLiteral> ParseIntervalLiteral(const std::string& text, const std::string& units,
                                             TextPosition at) {
  size_t to = units.find(" TO ");
  int first = FindUnit(units.substr(0, to));
  int last = to == std::string::npos ? first : FindUnit(units.substr(to + 4));
  if (first < 0 || last < first ||
      kUnits[static_cast<size_t>(first)].months != kUnits[static_cast<size_t>(last)].months) {
    return Bad(text, units, at);
  }
  std::string_view rest = TrimSpace(text);
  int64_t sign = 1;
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) {
    if (rest.front() == '-') sign = -1;
    rest.remove_prefix(1);
  }
  int64_t total = 0;
  for (int u = first; u <= last; ++u) {
    if (u != first && !InRange(u)) continue;
    if (u != first) {
      if (rest.empty() || std::string_view("- :").find(rest.front()) == std::string_view::npos)
        return Bad(text, units, at);
      rest.remove_prefix(1);
    }
    int64_t number = 0;
    size_t digits = 0;
    while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9') {
      if (__builtin_mul_overflow(number, int64_t{10}, &number)) return Bad(text, units, at);
      number += rest[digits++] - '0';
    }
    if (digits == 0) return Bad(text, units, at);
    rest.remove_prefix(digits);
    int64_t part = 0;
    if (__builtin_mul_overflow(number, kUnits[static_cast<size_t>(u)].factor, &part) ||
        __builtin_add_overflow(total, part, &total)) {
      return Bad(text, units, at);
    }
  }
  if (!rest.empty() && rest.front() == '.' && kUnits[static_cast<size_t>(last)].name == "SECOND") {
    rest.remove_prefix(1);
    int64_t unit = 100;
    while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
      total += (rest.front() - '0') * unit;
      unit /= 10;
      rest.remove_prefix(1);
    }
  }
  if (!rest.empty()) return Bad(text, units, at);
  bool months = kUnits[static_cast<size_t>(first)].months;
  DataType type = months ? DataType::IntervalYearMonth() : DataType::IntervalDayTime();
  return IntervalLiteral{Value::Int(sign * total), type.NotNull()};
}

}  // namespace penstock::sql
