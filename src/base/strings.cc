// Small text functions; see the header.
#include "base/strings.h"

#include <algorithm>
#include <utility>
#include <array>
#include <cctype>
#include <charconv>
#include <span>
#include <cstdio>

#include "base/utf8.h"

namespace penstock {

namespace {
char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
}  // namespace

std::string ToUpperAscii(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), Upper);
  return out;
}

std::string ToLowerAscii(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), Lower);
  return out;
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view TrimSpace(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (size_t start = 0;;) {
    size_t end = text.find(separator, start);
    if (end == std::string_view::npos) {
      parts.emplace_back(text.substr(start));
      return parts;
    }
    parts.emplace_back(text.substr(start, end - start));
    start = end + 1;
  }
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

namespace {
std::string Quote(std::string_view text, char quote) {
  std::string out(1, quote);
  for (char c : text) {
    if (c == quote) out.push_back(c);
    out.push_back(c);
  }
  out.push_back(quote);
  return out;
}
}  // namespace

std::string QuoteLiteral(std::string_view text) { return Quote(text, '\''); }
std::string QuoteIdentifier(std::string_view name) { return Quote(name, '`'); }

std::string QuoteJson(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    char c = text.front();
    size_t length = Utf8SequenceLength(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";
      length = 1;
    } else if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 8> buffer{};
      std::snprintf(buffer.data(), buffer.size(), "\\u%04x", c);
      out += buffer.data();
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  out.push_back('"');
  return out;
}

namespace {

struct Unit {
  std::string_view name;
  long long factor;
};

// A whole number and one of the units, or none where a unit has no name.
bool ParseAmount(std::string_view text, std::span<const Unit> units, long long* result) {
  text = TrimSpace(text);
  long long amount = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (error != std::errc() || amount < 0) return false;
  std::string unit = ToLowerAscii(TrimSpace(text.substr(static_cast<size_t>(end - text.data()))));
  for (const Unit& known : units) {
    if (unit == known.name) return !__builtin_mul_overflow(amount, known.factor, result);
  }
  return false;
}

constexpr Unit kDurations[] = {
    {"", 1},
    {"ms", 1},
    {"milli", 1},
    {"millis", 1},
    {"millisecond", 1},
    {"milliseconds", 1},
    {"s", 1000},
    {"sec", 1000},
    {"secs", 1000},
    {"second", 1000},
    {"seconds", 1000},
    {"m", 60000},
    {"min", 60000},
    {"minute", 60000},
    {"minutes", 60000},
    {"mins", 60000},
    {"h", 3600000},
    {"hour", 3600000},
    {"hours", 3600000},
    {"d", 86400000},
    {"day", 86400000},
    {"days", 86400000},
};

constexpr long long kKibi = 1024;
constexpr Unit kMemorySizes[] = {
    {"", 1},
    {"b", 1},
    {"bytes", 1},
    {"k", kKibi},
    {"kb", kKibi},
    {"kibibytes", kKibi},
    {"m", kKibi* kKibi},
    {"mb", kKibi* kKibi},
    {"mebibytes", kKibi* kKibi},
    {"g", kKibi* kKibi* kKibi},
    {"gb", kKibi* kKibi* kKibi},
    {"gibibytes", kKibi* kKibi* kKibi},
    {"t", kKibi* kKibi* kKibi* kKibi},
    {"tb", kKibi* kKibi* kKibi* kKibi},
    {"tebibytes", kKibi* kKibi* kKibi* kKibi},
};

}  // namespace

bool ParseDuration(std::string_view text, long long* milliseconds) {
  return ParseAmount(text, kDurations, milliseconds);
}

bool ParseMemorySize(std::string_view text, long long* bytes) {
  return ParseAmount(text, kMemorySizes, bytes);
}

std::string NearestName(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  size_t best_distance = std::max<size_t>(name.size() / 3, 1) + 1;
  for (const std::string& candidate : candidates) {
    auto same = [&](size_t i, size_t j) { return Lower(name[i - 1]) == Lower(candidate[j - 1]); };
    std::vector<size_t> older, old, row(candidate.size() + 1);
    for (size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= name.size(); ++i) {
      older = std::exchange(old, row);
      row[0] = i;
      for (size_t j = 1; j < row.size(); ++j) {
        row[j] = std::min({old[j] + 1, row[j - 1] + 1, old[j - 1] + (same(i, j) ? 0 : 1)});
        // Two letters that stand the wrong way round are one slip.
        bool swapped = i > 1 && j > 1 && same(i - 1, j) && same(i, j - 1);
        if (swapped) row[j] = std::min(row[j], older[j - 2] + 1);
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace penstock
