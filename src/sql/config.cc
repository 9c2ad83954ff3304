// Typed reading of session options.
#include "sql/config.h"

#include <charconv>
#include <optional>

#include "base/strings.h"

namespace penstock::sql {

namespace {

enum class OptionKind : uint8_t { kNumber, kDuration, kMemorySize, kBoolean };

struct KnownOption {
  std::string_view key;
  OptionKind kind;
};

constexpr KnownOption kKnownOptions[] = {
    {"parallelism.default", OptionKind::kNumber},
    {"pipeline.max-parallelism", OptionKind::kNumber},
    {"penstock.batch-rows", OptionKind::kNumber},
    {"table.exec.mini-batch.size", OptionKind::kNumber},
    {"execution.checkpointing.num-retained", OptionKind::kNumber},
    {"execution.checkpointing.tolerable-failed-checkpoints", OptionKind::kNumber},
    {"state.checkpoints.num-retained", OptionKind::kNumber},
    {"execution.checkpointing.interval", OptionKind::kDuration},
    {"execution.checkpointing.min-pause", OptionKind::kDuration},
    {"execution.checkpointing.timeout", OptionKind::kDuration},
    {"penstock.early-interval", OptionKind::kDuration},
    {"penstock.idle-time", OptionKind::kDuration},
    {"pipeline.auto-watermark-interval", OptionKind::kDuration},
    {"table.exec.interval-join.min-cleanup-interval", OptionKind::kDuration},
    {"table.exec.mini-batch.allow-latency", OptionKind::kDuration},
    {"table.exec.source.idle-timeout", OptionKind::kDuration},
    {"table.exec.state.ttl", OptionKind::kDuration},
    {"state.memory.budget", OptionKind::kMemorySize},
    {"execution.state-recovery.ignore-unclaimed-state", OptionKind::kBoolean},
    {"penstock.job.round-trip", OptionKind::kBoolean},
    {"table.dml-sync", OptionKind::kBoolean},
    {"table.exec.mini-batch.enabled", OptionKind::kBoolean},
    {"table.exec.sink.require-on-conflict", OptionKind::kBoolean},
    {"table.exec.source.cdc-events-duplicate", OptionKind::kBoolean},
    {"table.optimizer.reuse-sub-plan-enabled", OptionKind::kBoolean},
};

std::optional<int64_t> ParseWhole(std::string_view text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool Fits(OptionKind kind, const std::string& value) {
  long long amount = 0;
  switch (kind) {
    case OptionKind::kNumber: return ParseWhole(value).has_value();
    case OptionKind::kDuration: return ParseDuration(value, &amount);
    case OptionKind::kMemorySize: return ParseMemorySize(value, &amount);
    case OptionKind::kBoolean: return EqualsIgnoreCase(value, "true") || EqualsIgnoreCase(value, "false");
  }
  return true;
}

}  // namespace

Status Config::Check(const std::string& key, const std::string& value) {
  static const char* const kWanted[] = {"a whole number", "a duration such as '5 s'",
                                        "a size such as '512 mb'", "'true' or 'false'"};
  bool mode = EqualsIgnoreCase(value, "batch") || EqualsIgnoreCase(value, "streaming") ||
              EqualsIgnoreCase(value, "automatic");
  if (key == "execution.runtime-mode" && !mode) {
    return SqlError(ErrorNumber::kBadOption, {},
                    "option '" + key + "' must be 'streaming' or 'batch', not '" + value + "'");
  }
  for (const KnownOption& option : kKnownOptions) {
    if (option.key != key || Fits(option.kind, value)) continue;
    return SqlError(ErrorNumber::kBadOption, {},
                    "option '" + key + "' must be " + kWanted[static_cast<size_t>(option.kind)] + ", not '" +
                        value + "'");
  }
  return Status::Ok();
}

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
  return ParseWhole(it->second).value_or(fallback);
}

int64_t Config::GetDuration(const std::string& key, int64_t fallback) const {
  auto it = values_.find(key);
  long long millis = 0;
  return it != values_.end() && ParseDuration(it->second, &millis) ? millis : fallback;
}

int64_t Config::GetMemorySize(const std::string& key, int64_t fallback) const {
  auto it = values_.find(key);
  long long bytes = 0;
  return it != values_.end() && ParseMemorySize(it->second, &bytes) ? bytes : fallback;
}

Result<const TimeZone*> Config::time_zone() const {
  std::string name = GetString("table.local-time-zone", "UTC");
  return TimeZone::Find(name == "default" ? "UTC" : name);
}

}  // namespace penstock::sql
