// Flink's strategies.
#include "engine/jobs/restart_strategy.h"

#include <algorithm>
#include <cstdlib>

#include "base/strings.h"

namespace penstock {

Result<RestartOptions> ReadRestartOptions(const sql::Config& config, bool checkpointing) {
  using Kind = RestartOptions::Kind;
  RestartOptions options;
  std::string name = config.GetString("restart-strategy.type", config.GetString("restart-strategy"));
  if (name.empty()) name = checkpointing ? "exponential-delay" : "none";
  if (name == "none" || name == "off" || name == "disable") return options;
  std::string prefix = "restart-strategy." + name + ".";
  if (name == "fixed-delay" || name == "fixeddelay") {
    prefix = "restart-strategy.fixed-delay.";
    options.kind = Kind::kFixedDelay;
    options.attempts_max = config.GetInt(prefix + "attempts", 1);
    options.delay_ms = config.GetDuration(prefix + "delay", 1000);
  } else if (name == "exponential-delay" || name == "exponentialdelay") {
    prefix = "restart-strategy.exponential-delay.";
    options.kind = Kind::kExponentialDelay;
    options.delay_ms = config.GetDuration(prefix + "initial-backoff", 1000);
    options.delay_ms_max = config.GetDuration(prefix + "max-backoff", 60000);
    options.reset_ms = config.GetDuration(prefix + "reset-backoff-threshold", options.reset_ms);
    options.attempts_max = config.GetInt(prefix + "attempts-before-reset-backoff", options.attempts_max);
    options.multiplier = std::strtod(config.GetString(prefix + "backoff-multiplier", "1.5").c_str(), nullptr);
    if (!(options.multiplier >= 1)) {
      return SqlError(ErrorNumber::kBadOption, {},
                      "option '" + prefix + "backoff-multiplier' is a number of at least 1");
    }
  } else if (name == "failure-rate" || name == "failurerate") {
    prefix = "restart-strategy.failure-rate.";
    options.kind = Kind::kFailureRate;
    options.failures_max = config.GetInt(prefix + "max-failures-per-interval", 1);
    options.interval_ms = config.GetDuration(prefix + "failure-rate-interval", 60000);
    options.delay_ms = config.GetDuration(prefix + "delay", 1000);
  } else {
    return SqlError(
        ErrorNumber::kBadOption, {},
        "option 'restart-strategy.type' is none, fixed-delay, exponential-delay or failure-rate, not '" +
            name + "'");
  }
  return options;
}

std::optional<int64_t> RestartStrategy::OnFailure(int64_t now) {
  std::optional<int64_t> pause = Pause(now);
  last_failure_ms_ = now;
  if (pause) ++restarts_;
  return pause;
}

std::optional<int64_t> RestartStrategy::Pause(int64_t now) {
  switch (options_.kind) {
    case RestartOptions::Kind::kNone: return std::nullopt;
    case RestartOptions::Kind::kFixedDelay:
      if (attempts_++ >= options_.attempts_max) return std::nullopt;
      return options_.delay_ms;
    case RestartOptions::Kind::kExponentialDelay: {
      bool reset = last_failure_ms_ == INT64_MIN || now - last_failure_ms_ >= options_.reset_ms;
      if (reset) {
        attempts_ = 0;
        next_delay_ms_ = options_.delay_ms;
      }
      if (attempts_++ >= options_.attempts_max) return std::nullopt;
      int64_t delay = next_delay_ms_;
      next_delay_ms_ = std::min(options_.delay_ms_max,
                                static_cast<int64_t>(static_cast<double>(delay) * options_.multiplier));
      return delay;
    }
    case RestartOptions::Kind::kFailureRate:
      while (!recent_.empty() && now - recent_.front() >= options_.interval_ms) recent_.pop_front();
      recent_.push_back(now);
      if (static_cast<int64_t>(recent_.size()) > options_.failures_max) return std::nullopt;
      return options_.delay_ms;
  }
  return std::nullopt;
}

}  // namespace penstock
