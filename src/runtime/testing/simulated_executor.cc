// Steps by a seed.
#include "runtime/testing/simulated_executor.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace penstock {

std::string SimulationEvent::ToString() const {
  static const char* const kWants[] = {"again", "wait", "finished"};
  char line[200];
  std::snprintf(line, sizeof(line), "%6lld %10lld ms  task %2zu %-28.28s %5lld rows  %-8s %s",
                static_cast<long long>(number), static_cast<long long>(now_ms), task, name.c_str(),
                static_cast<long long>(max_rows), kWants[static_cast<size_t>(result.want)],
                result.moved ? "moved" : "");
  return line;
}

void SimulatedExecutor::Wake(size_t task) {
  if (task < slots_.size()) slots_[task].ready = true;
}

std::vector<size_t> SimulatedExecutor::Ready() {
  int64_t now = clock_->MonotonicMillis();
  std::vector<size_t> ready;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].finished && (slots_[i].ready || slots_[i].wake_at_ms <= now)) ready.push_back(i);
  }
  return ready;
}

Status SimulatedExecutor::Step(TaskSet* tasks, size_t task) {
  Slot& slot = slots_[task];
  slot.ready = false;
  auto rows = static_cast<int64_t>(1 + random_.Below(static_cast<uint64_t>(max_rows_)));
  int64_t now = clock_->MonotonicMillis();
  if (max_step_micros_ > 0)
    clock_->AdvanceMicros(static_cast<int64_t>(random_.Below(static_cast<uint64_t>(max_step_micros_) + 1)));
  ASSIGN_OR_RETURN(StepResult result, tasks->Step(task, rows));
  if (tracer_) tracer_({++number_, now, task, tasks->name(task), rows, result});
  slot.ready = slot.ready || result.want == StepResult::Want::kAgain;
  slot.exhausted = result.exhausted;
  slot.wake_at_ms = result.wake_at_ms;
  slot.finished = result.want == StepResult::Want::kFinished;
  left_ -= slot.finished ? 1 : 0;
  moved_ = moved_ || result.moved;
  return Status::Ok();
}

void SimulatedExecutor::StepDriver() {
  if (driver_) driver_due_ms_ = driver_();
}

// One of the works does a bit, which takes time.
void SimulatedExecutor::StepBackground() {
  in_background_ = true;
  if (max_step_micros_ > 0)
    clock_->AdvanceMicros(static_cast<int64_t>(random_.Below(static_cast<uint64_t>(max_step_micros_) + 1)));
  size_t which = random_.Below(background_.size());
  if (!background_[which]()) background_.erase(background_.begin() + static_cast<ptrdiff_t>(which));
  in_background_ = false;
}

void SimulatedExecutor::Interleave(uint64_t most_steps) {
  TaskSet* tasks = std::exchange(interleaved_, nullptr);
  if (tasks == nullptr) return;
  for (uint64_t left = random_.Below(most_steps + 1); left > 0 && failed_.ok() && !cancelled_; --left) {
    std::vector<size_t> ready = Ready();
    if (!in_background_ && !background_.empty() && random_.Below(ready.size() + 1) == 0)
      StepBackground();
    else if (ready.empty())
      break;
    else
      failed_ = Step(tasks, ready[random_.Below(ready.size())]);
  }
  interleaved_ = tasks;
}

// Time goes on to the first instant that a task waits for.
Status SimulatedExecutor::Rest(TaskSet* tasks) {
  bool exhausted = true;
  int64_t next = driver_due_ms_;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].finished) continue;
    next = std::min(next, slots_[i].wake_at_ms);
    if (tasks->is_source(i)) exhausted = exhausted && slots_[i].exhausted;
  }
  int64_t before = clock_->MonotonicMillis();
  tasks->OnQuiet(exhausted, moved_);
  moved_ = false;
  if (!Ready().empty()) return Status::Ok();
  // Without an instant, a job that waits to be idle for long enough may still stop.
  if (next == INT64_MAX && !exhausted)
    return Status::Internal("no task can go on, and none waits for a time: a wake-up was lost");
  int64_t step = next == INT64_MAX ? 100 : std::max<int64_t>(1, next - before);
  clock_->AdvanceMicros(step * 1000);
  return Status::Ok();
}

Status SimulatedExecutor::Run(TaskSet* tasks) {
  slots_.assign(tasks->size(), Slot());
  left_ = tasks->size();
  while (left_ > 0) {
    if (cancelled_) return JobCancelled();
    std::vector<size_t> ready = Ready();
    // The driver may have been given something by any step: it is always one of those that can go on.
    if (driver_ && random_.Below(ready.size() + 1) == 0) {
      interleaved_ = tasks;
      StepDriver();
      interleaved_ = nullptr;
      RETURN_IF_ERROR(failed_);
      ready = Ready();
    }
    // Where nothing else is ready, time goes on as well: a fold may outlast many checkpoints.
    if (!cancelled_ && !background_.empty() && random_.Below(ready.size() + 2) == 0) {
      interleaved_ = tasks;
      StepBackground();
      interleaved_ = nullptr;
      RETURN_IF_ERROR(failed_);
      continue;
    }
    if (cancelled_) return JobCancelled();
    if (left_ == 0) break;
    if (ready.empty()) {
      RETURN_IF_ERROR(Rest(tasks));
    } else {
      RETURN_IF_ERROR(Step(tasks, ready[random_.Below(ready.size())]));
    }
  }
  return Status::Ok();
}

}  // namespace penstock
