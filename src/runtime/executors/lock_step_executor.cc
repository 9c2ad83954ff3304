// Rounds of turns.
#include "runtime/executors/lock_step_executor.h"

#include <algorithm>
#include <chrono>

namespace penstock {

namespace {
constexpr int64_t kLongestPauseMillis = 5;
}  // namespace

Status JobCancelled() { return Status(StatusCode::kCancelled, "the job was cancelled"); }

Status LockStepExecutor::Step(TaskSet* tasks, size_t task, Round* round) {
  if (cancelled_.load(std::memory_order_relaxed)) return JobCancelled();
  ASSIGN_OR_RETURN(StepResult result, tasks->Step(task, options_.slice_rows));
  round->moved = round->moved || result.moved;
  round->again = round->again || result.want == StepResult::Want::kAgain;
  round->wake_at_ms = std::min(round->wake_at_ms, result.wake_at_ms);
  exhausted_[task] = result.exhausted;
  if (result.want == StepResult::Want::kFinished && !finished_[task]) {
    finished_[task] = true;
    --left_;
  }
  return Status::Ok();
}

Status LockStepExecutor::Settle(TaskSet* tasks, Round* round) {
  for (bool again = true; again;) {
    Round part;
    for (size_t i = 0; i < tasks->size(); ++i) {
      if (!tasks->is_source(i) && !finished_[i]) RETURN_IF_ERROR(Step(tasks, i, &part));
    }
    again = part.again;
    round->moved = round->moved || part.moved;
    round->wake_at_ms = std::min(round->wake_at_ms, part.wake_at_ms);
  }
  return Status::Ok();
}

Result<LockStepExecutor::Round> LockStepExecutor::RunRound(TaskSet* tasks) {
  if (finished_.empty()) {
    finished_.resize(tasks->size());
    exhausted_.resize(tasks->size());
    left_ = tasks->size();
  }
  Round round;
  bool any_source = false, all_exhausted = true;
  for (size_t s = 0; s < tasks->size(); ++s) {
    if (!tasks->is_source(s)) continue;
    any_source = true;
    if (finished_[s]) continue;
    RETURN_IF_ERROR(Step(tasks, s, &round));
    RETURN_IF_ERROR(Settle(tasks, &round));
    all_exhausted = all_exhausted && (exhausted_[s] || finished_[s]);
  }
  // Also when every source has ended: what waits for a sink or a timer goes on.
  RETURN_IF_ERROR(Settle(tasks, &round));
  round.exhausted = any_source && all_exhausted;
  return round;
}

Status LockStepExecutor::Run(TaskSet* tasks) {
  do {
    if (cancelled_) return JobCancelled();
    ASSIGN_OR_RETURN(Round round, RunRound(tasks));
    tasks->OnQuiet(round.exhausted, round.moved);
    if (!round.moved && !round.again && left_ > 0) Pause(round);
  } while (left_ > 0);
  return Status::Ok();
}

Result<LockStepExecutor::Quiet> LockStepExecutor::RunUntilQuiet(TaskSet* tasks) {
  bool moved = false;
  while (true) {
    if (cancelled_) return JobCancelled();
    ASSIGN_OR_RETURN(Round round, RunRound(tasks));
    moved = moved || round.moved;
    if (left_ == 0) return Quiet{true, true, INT64_MAX};
    if (!round.moved && !round.again) return Quiet{false, moved, round.wake_at_ms};
  }
}

void LockStepExecutor::Pause(const Round& round) {
  int64_t now = options_.clock->MonotonicMillis();
  int64_t pause = std::clamp<int64_t>(round.wake_at_ms - now, 0, kLongestPauseMillis);
  std::unique_lock lock(mutex_);
  wakeup_.wait_for(lock, std::chrono::milliseconds(pause), [&] { return cancelled_ || woken_; });
  woken_ = false;
}

void LockStepExecutor::Wake(size_t) {
  std::lock_guard lock(mutex_);
  woken_ = true;
  wakeup_.notify_all();
}

void LockStepExecutor::Cancel() {
  std::lock_guard lock(mutex_);
  cancelled_ = true;
  wakeup_.notify_all();
}

}  // namespace penstock
