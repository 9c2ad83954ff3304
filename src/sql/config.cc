// Typed reading of session options.
#include "sql/config.h"

#include <charconv>

#include "base/strings.h"

namespace penstock::sql {

std::string Config::GetString(const std::string& key, const std::string& fallback) const {
  auto it = values_.find(key);
  return it == values_.end() ? fallback : it->second;
}

bool Config::GetBool(const std::string& key, bool fallback) const {
  auto it = values_.find(key);
  return it == values_.end() ? fallback : EqualsIgnoreCase(it->second, "true");
}

int64_t Config::GetInt(const std::string& key, int64_t fallback) const {
  auto it = values_.find(key);
  if (it == values_.end()) return fallback;
  int64_t value = 0;
  auto [end, error] = std::from_chars(it->second.data(), it->second.data() + it->second.size(), value);
  return error == std::errc() ? value : fallback;
}

int64_t Config::GetDuration(const std::string& key, int64_t fallback) const {
  auto it = values_.find(key);
  long long millis = 0;
  return it != values_.end() && ParseDuration(it->second, &millis) ? millis : fallback;
}

Result<const TimeZone*> Config::time_zone() const {
  std::string name = GetString("table.local-time-zone", "UTC");
  return TimeZone::Find(name == "default" ? "UTC" : name);
}

}  // namespace penstock::sql
