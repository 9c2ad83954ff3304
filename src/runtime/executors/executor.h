// Executor: decides which task of a job steps next, and on which thread. Tasks are cooperative: a step is
// short and never blocks, so the executor is the only place with a control loop. Three exist: worker threads
// (threaded_executor.cc), one thread that reads the sources in turn (lock_step_executor.h), and one thread
// that picks by a seed and moves a manual clock (testing/simulated_executor.h).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "env/clock.h"
#include "runtime/task.h"

namespace penstock {

// The tasks of a job, by number, as an executor sees them.
class TaskSet {
 public:
  virtual ~TaskSet() = default;
  virtual size_t size() const = 0;
  virtual const std::string& name(size_t task) const = 0;
  virtual bool is_source(size_t task) const = 0;
  // REQUIRES: no other thread steps the same task.
  virtual Result<StepResult> Step(size_t task, int64_t max_rows) = 0;
  // Nothing can go on right now. `exhausted`: every source that has not finished has handed out all it has;
  // `moved`: something was processed since the last call. The job may wake tasks in it, to stop them. By one
  // thread at a time.
  virtual void OnQuiet(bool exhausted, bool moved) = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;
  // Steps the tasks until all have finished, one fails (its error), or Cancel (kCancelled). Called once; owns
  // the calling thread until then. `tasks` outlives the executor.
  virtual Status Run(TaskSet* tasks) = 0;
  // The task may have something to do. From any thread, at any time.
  virtual void Wake(size_t task) = 0;
  // Ends Run when the steps that are under way have returned. From any thread, at any time.
  virtual void Cancel() = 0;
  // Steps something else beside the tasks on the thread of Run (a job's checkpoints), again and again while
  // it runs; `step` returns the monotonic time until which it has nothing to do, unless a task gives it
  // something. False: this executor does not, and the caller needs a thread. Before Run.
  virtual bool AddDriver(const std::function<int64_t()>&) { return false; }
  // Work beside the job that takes longer than a step of the driver may: `step` does a bit of it, and is
  // called while Run lasts until it returns false. False: this executor does not, and the caller needs a
  // thread. By a step of the driver.
  virtual bool AddBackground(const std::function<bool()>&) { return false; }
};

struct ExecutorOptions {
  const Clock* clock = nullptr;
  int threads = 0;     // 0: as many as cores
  int slice_rows = 1;  // most rows that a source hands out in one step
};

std::unique_ptr<Executor> MakeThreadedExecutor(const ExecutorOptions& options);

Status JobCancelled();

}  // namespace penstock
