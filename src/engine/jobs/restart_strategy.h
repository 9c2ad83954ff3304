// RestartStrategy: whether and when a failed job starts again, as Flink's options restart-strategy.* say
// (docs/reference/options.md). Used by the job's own thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/status.h"
#include "sql/config.h"

namespace penstock {

struct RestartOptions {
  enum class Kind : uint8_t { kNone, kFixedDelay, kExponentialDelay, kFailureRate };
  Kind kind = Kind::kNone;
  int64_t delay_ms = 1000;       // fixed-delay, failure-rate; the first of exponential-delay
  int64_t delay_ms_max = 60000;  // exponential-delay
  double multiplier = 1.5;
  int64_t reset_ms = 60 * 60 * 1000;  // running that long makes the delay short again
  int64_t attempts_max = 10;          // fixed-delay; of exponential-delay without a reset between
  int64_t failures_max = 1;           // failure-rate: within interval_ms
  int64_t interval_ms = 60000;
};

// `checkpointing`: without a strategy named, jobs with checkpoints start again, others do not.
Result<RestartOptions> ReadRestartOptions(const sql::Config& config, bool checkpointing);

class RestartStrategy {
 public:
  explicit RestartStrategy(RestartOptions options) : options_(options) {}
  // The job failed at `now` (monotonic milliseconds): the pause before it starts again; nullopt: it does not.
  std::optional<int64_t> OnFailure(int64_t now);
  int64_t restarts() const { return restarts_; }

 private:
  std::optional<int64_t> Pause(int64_t now);

  RestartOptions options_;
  int64_t restarts_ = 0;
  int64_t attempts_ = 0;  // since the last reset
  int64_t next_delay_ms_ = 0;
  int64_t last_failure_ms_ = INT64_MIN;
  std::deque<int64_t> recent_;
};

}  // namespace penstock
