// Config: the SET options of a session, read through typed getters with Flink's defaults. Unknown keys are
// kept: scripts stay portable. Getters give the fallback where a value is ill-formed: Check comes before.
#pragma once

#include <map>
#include <string>

#include "base/status.h"
#include "data/datetime.h"

namespace penstock::sql {

class Config {
 public:
  void Set(const std::string& key, const std::string& value) { values_[key] = value; }
  // Fails where an option that is known to be a number, a duration or a boolean cannot have this value.
  static Status Check(const std::string& key, const std::string& value);
  void Reset(const std::string& key) { values_.erase(key); }
  void ResetAll() { values_.clear(); }
  const std::map<std::string, std::string>& values() const { return values_; }

  std::string GetString(const std::string& key, const std::string& fallback = "") const;
  bool GetBool(const std::string& key, bool fallback) const;
  int64_t GetInt(const std::string& key, int64_t fallback) const;
  // Milliseconds from "5 min".
  int64_t GetDuration(const std::string& key, int64_t fallback) const;
  // Bytes from "512 mb".
  int64_t GetMemorySize(const std::string& key, int64_t fallback) const;

  // table.local-time-zone; UTC where it is not set or "default".
  Result<const TimeZone*> time_zone() const;

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace penstock::sql
