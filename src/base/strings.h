// Small text functions that several modules need: ASCII case, splitting, trimming, joining, SQL quoting.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

std::string ToUpperAscii(std::string_view text);
std::string ToLowerAscii(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
std::string_view TrimSpace(std::string_view text);
std::vector<std::string> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
// 'it''s': a SQL string literal.
std::string QuoteLiteral(std::string_view text);
// `a``b`: a quoted SQL identifier.
std::string QuoteIdentifier(std::string_view name);
// "text" with JSON escapes; invalid UTF-8 becomes U+FFFD.
std::string QuoteJson(std::string_view text);
// Parses a Flink duration such as "200 ms", "5 min", "1d", "10 s"; false when it is none.
bool ParseDuration(std::string_view text, long long* milliseconds);
// Parses a Flink memory size such as "512 mb", "2g", "1024" (bytes); false when it is none.
bool ParseMemorySize(std::string_view text, long long* bytes);
// The candidate with the smallest edit distance to a name, "" when none is near: for "did you mean" hints.
std::string NearestName(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace penstock
