// JobService: what may be asked of the running jobs of a process, whoever asks: the control socket
// (control_endpoint.h) today, a network service on the same calls later. Every call returns at once and may
// come from any thread; what takes long tells its end through a callback.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "checkpoint/checkpoint_coordinator.h"

namespace penstock {

// Flink's names, for what a job here can be in.
enum class JobState : uint8_t {
  kCreated,
  kRunning,
  kRestarting,  // waits for its next attempt
  kStopping,    // ends in order
  kCancelling,
};
const char* JobStateName(JobState state);  // "RUNNING"

struct JobOverview {
  std::string job;        // uid: how calls name it
  std::string name;       // for people
  std::string script;     // that it is a statement of
  std::string directory;  // of its checkpoints
  JobState state = JobState::kCreated;
  int64_t process = 0;
  int64_t started_micros = 0;
  int64_t restarts = 0;
  std::string last_failure;  // "": none
  CheckpointStatistics checkpoints;
};

// What one subtask of an operator has done; docs/reference/metrics.md.
struct OperatorFigures {
  std::string name;
  int subtask = 0;
  int64_t rows_in = 0, rows_out = 0;
  int64_t late_rows = 0, partial_rows = 0, bad_rows = 0, bad_fields = 0, future_rows = 0;
  int64_t watermark = INT64_MIN;  // milliseconds; kNoWatermark, kMaxWatermark as data/batch.h has them
  int64_t state_bytes = 0, spilled_bytes = 0;
  int64_t forecast_bytes = 0;  // of its state at the end, its part of what EXPLAIN STATE said; 0: not asked
  bool heads_task = false;     // the times below are those of the task that begins with it
  int64_t busy_nanos = 0, idle_nanos = 0, blocked_nanos = 0;
};

struct JobMetrics {
  JobOverview job;
  int64_t uptime_ms = 0;
  std::vector<OperatorFigures> operators;  // of the present attempt
  int64_t state_disk_bytes = 0;            // of state that did not fit into memory
};

enum class StopMode : uint8_t {
  kSuspend,  // what was read is written; open windows wait for the next start
  kDrain,    // as at the end of the input: every window fires, the job is finished
};

class JobService {
 public:
  virtual ~JobService() = default;
  virtual std::vector<JobOverview> List() = 0;
  // kNotFound: no such job runs.
  virtual Result<JobMetrics> Metrics(const std::string& job) = 0;
  // Where the savepoint is, or "" where none was asked for. Called once, on any thread.
  using Done = std::function<void(Result<std::string> path)>;
  // A copy of a checkpoint taken now; `directory` empty: that of execution.checkpointing.savepoint-dir.
  virtual void Savepoint(const std::string& job, const std::string& directory, Done done) = 0;
  // Ends the job in order; done when it has ended. `savepoint`: with a copy of its last checkpoint.
  virtual void Stop(const std::string& job, StopMode mode, bool savepoint, const std::string& directory,
                    Done done) = 0;
  // Ends the job at once: its last checkpoint is what there is to go on from.
  virtual Status Cancel(const std::string& job) = 0;
};

}  // namespace penstock
