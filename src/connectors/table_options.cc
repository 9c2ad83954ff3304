// Parsing of option values.
#include "connectors/table_options.h"

#include <charconv>

#include "base/strings.h"

namespace penstock {

namespace {
std::optional<std::string> Find(const Options& options, const std::string& key) {
  auto it = options.find(key);
  if (it == options.end()) return std::nullopt;
  return it->second;
}

bool ParseInt(std::string_view text, int64_t* value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}
}  // namespace

Status BadTableOption(const Options& options, const std::string& key, const std::string& expected) {
  return SqlError(ErrorNumber::kBadOption, {},
                  "option '" + key + "' is " + expected + ", not '" + Find(options, key).value_or("") + "'");
}

Result<bool> BoolOption(const Options& options, const std::string& key, bool fallback) {
  std::optional<std::string> text = Find(options, key);
  if (!text) return fallback;
  if (EqualsIgnoreCase(*text, "true")) return true;
  if (EqualsIgnoreCase(*text, "false")) return false;
  return BadTableOption(options, key, "true or false");
}

Result<int64_t> IntOption(const Options& options, const std::string& key, int64_t fallback) {
  std::optional<std::string> text = Find(options, key);
  if (!text) return fallback;
  int64_t value = 0;
  if (!ParseInt(TrimSpace(*text), &value)) return BadTableOption(options, key, "an integer");
  return value;
}

Result<int64_t> DurationOption(const Options& options, const std::string& key, int64_t fallback_ms) {
  std::optional<std::string> text = Find(options, key);
  if (!text) return fallback_ms;
  long long millis = 0;
  if (!ParseDuration(*text, &millis)) return BadTableOption(options, key, "a duration such as '10 s'");
  return static_cast<int64_t>(millis);
}

Result<int64_t> SizeOption(const Options& options, const std::string& key, int64_t fallback_bytes) {
  std::optional<std::string> text = Find(options, key);
  if (!text) return fallback_bytes;
  long long bytes = 0;
  if (!ParseMemorySize(*text, &bytes)) return BadTableOption(options, key, "a size such as '128 mb'");
  return static_cast<int64_t>(bytes);
}

Status CheckDurations(const Options& options, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) RETURN_IF_ERROR(DurationOption(options, key, 0).status());
  return Status::Ok();
}

const std::vector<std::string>& CommonSourceOptions() {
  static const std::vector<std::string> keys = {"scan.parallelism", "scan.watermark.emit.strategy",
                                                "scan.watermark.idle-timeout", "scan.watermark.alignment.*"};
  return keys;
}

}  // namespace penstock
