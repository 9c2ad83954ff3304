// LockStepExecutor: runs a job on one thread: the sources in turn, a few rows each, and after each the rest
// of the job until nothing moves. For jobs whose result depends on the order in which sources are read
// (connector `values`), and for callers that drive a job themselves under a manual clock.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "runtime/executors/executor.h"

namespace penstock {

class LockStepExecutor : public Executor {
 public:
  explicit LockStepExecutor(const ExecutorOptions& options) : options_(options) {}

  Status Run(TaskSet* tasks) override;
  void Wake(size_t task) override;
  void Cancel() override;

  struct Quiet {
    bool finished = false;
    bool moved = false;              // rows were processed
    int64_t wake_at_ms = INT64_MAX;  // the earliest time that something waits for
  };
  // Works until nothing moves without time passing or help from outside. REQUIRES: Run is not used.
  Result<Quiet> RunUntilQuiet(TaskSet* tasks);

 private:
  // One turn: every source once, and after each the rest of the job until nothing moves.
  struct Round {
    bool moved = false;      // rows, not timers
    bool again = false;      // something asked to be called again
    bool exhausted = false;  // there are sources, and none has rows now
    int64_t wake_at_ms = INT64_MAX;
  };
  Result<Round> RunRound(TaskSet* tasks);
  Status Step(TaskSet* tasks, size_t task, Round* round);
  Status Settle(TaskSet* tasks, Round* round);
  void Pause(const Round& round);

  const ExecutorOptions options_;
  std::vector<bool> finished_, exhausted_;  // by task
  size_t left_ = 0;
  std::mutex mutex_;
  std::condition_variable wakeup_;
  bool woken_ = false;
  std::atomic<bool> cancelled_{false};
};

}  // namespace penstock
