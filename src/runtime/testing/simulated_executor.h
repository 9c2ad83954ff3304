// SimulatedExecutor: steps the tasks of a job on one thread in an order that a seed decides, each source with
// its own number of rows each time, and moves a manual clock on when nothing can go on. The same seed gives
// the same steps. It tells every step to a tracer, and fails a job that no time and no wake-up could take
// further. The job's checkpoints are stepped among the tasks, and work in the background is; Interleave lets
// others go on while such a step would wait for a disk or a broker.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "env/random.h"
#include "runtime/executors/executor.h"

namespace penstock {

// One step of a task.
struct SimulationEvent {
  int64_t number = 0;
  int64_t now_ms = 0;
  size_t task = 0;
  std::string name;
  int64_t max_rows = 0;
  StepResult result;

  // One aligned line without its end.
  std::string ToString() const;
};

class SimulatedExecutor : public Executor {
 public:
  using Tracer = std::function<void(const SimulationEvent&)>;
  // `clock` is moved by Run alone. `max_rows`: the most that a source hands out in a step; `max_step_micros`:
  // the longest that a step takes.
  SimulatedExecutor(ManualClock* clock, uint64_t seed, int max_rows, Tracer tracer,
                    int64_t max_step_micros = 0)
      : clock_(clock),
        random_(seed),
        max_rows_(max_rows),
        max_step_micros_(max_step_micros),
        tracer_(std::move(tracer)) {}

  Status Run(TaskSet* tasks) override;
  void Wake(size_t task) override;
  void Cancel() override { cancelled_ = true; }
  bool AddDriver(const std::function<int64_t()>& step) override {
    driver_ = step;
    return true;
  }
  bool AddBackground(const std::function<bool()>& step) override {
    background_.push_back(step);
    return true;
  }
  // Steps up to so many tasks, or work in the background, from inside a step of the driver; from inside of
  // such work, tasks alone; elsewhere it does nothing.
  void Interleave(uint64_t most_steps);

 private:
  struct Slot {
    bool ready = true;
    bool finished = false;
    bool exhausted = false;
    int64_t wake_at_ms = INT64_MAX;
  };
  std::vector<size_t> Ready();
  Status Step(TaskSet* tasks, size_t task);
  Status Rest(TaskSet* tasks);
  void StepDriver();
  void StepBackground();

  ManualClock* clock_;
  Random random_;
  int max_rows_;
  int64_t max_step_micros_;
  Tracer tracer_;
  std::function<int64_t()> driver_;
  int64_t driver_due_ms_ = INT64_MAX;
  std::vector<std::function<bool()>> background_;
  bool in_background_ = false;
  TaskSet* interleaved_ = nullptr;  // the tasks, while the driver is in a step and no task is
  Status failed_;                   // of a task that was stepped then
  std::vector<Slot> slots_;
  size_t left_ = 0;
  int64_t number_ = 0;
  bool moved_ = false;
  bool cancelled_ = false;
};

}  // namespace penstock
