// Running a job on one thread: sources in turn, a few rows each, and after each the rest of the job until
// nothing moves. For jobs whose result depends on the order in which sources are read (connector `values`),
// and for callers that drive a job under a manual clock.
#include <algorithm>
#include <chrono>

#include "runtime/job_runner.h"

namespace penstock {

Status JobRunner::StepTask(size_t task, Round* round) {
  ASSIGN_OR_RETURN(StepResult result,
                   tasks_[task]->Step(graph_.lock_step ? options_.turn_rows : options_.batch_rows));
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

Status JobRunner::Settle(Round* round) {
  for (bool again = true; again;) {
    Round part;
    for (size_t i = 0; i < tasks_.size(); ++i) {
      if (!tasks_[i]->is_source() && !finished_[i]) RETURN_IF_ERROR(StepTask(i, &part));
    }
    again = part.again;
    round->moved = round->moved || part.moved;
    round->wake_at_ms = std::min(round->wake_at_ms, part.wake_at_ms);
  }
  return Status::Ok();
}

Result<JobRunner::Round> JobRunner::RunRound() {
  if (finished_.empty()) {
    finished_.resize(tasks_.size());
    exhausted_.resize(tasks_.size());
    left_ = tasks_.size();
  }
  Round round;
  bool any_source = false, all_exhausted = true;
  for (size_t s = 0; s < tasks_.size(); ++s) {
    if (!tasks_[s]->is_source()) continue;
    any_source = true;
    if (finished_[s]) continue;
    RETURN_IF_ERROR(StepTask(s, &round));
    RETURN_IF_ERROR(Settle(&round));
    all_exhausted = all_exhausted && (exhausted_[s] || finished_[s]);
  }
  // Also when every source has ended: what waits for a sink or a timer goes on.
  RETURN_IF_ERROR(Settle(&round));
  round.exhausted = any_source && all_exhausted;
  return round;
}

Status JobRunner::RunLockStep() {
  do {
    if (cancelled_) return Status(StatusCode::kCancelled, "the job was cancelled");
    ASSIGN_OR_RETURN(Round round, RunRound());
    OnQuiet(round.exhausted, round.moved);
    if (!round.moved && !round.again && left_ > 0) {
      int64_t pause = std::clamp<int64_t>(round.wake_at_ms - environment_.clock->MonotonicMillis(), 0, 5);
      std::unique_lock lock(mutex_);
      wakeup_.wait_for(lock, std::chrono::milliseconds(pause));
    }
  } while (left_ > 0);
  return Status::Ok();
}

Result<JobRunner::Quiet> JobRunner::RunUntilQuiet() {
  bool moved = false;
  while (true) {
    Result<Round> round = Status(StatusCode::kCancelled, "the job was cancelled");
    if (!cancelled_) round = RunRound();
    if (!round) return CloseTasks(round.error());
    moved = moved || round->moved;
    if (left_ == 0) {
      RETURN_IF_ERROR(CloseTasks(Status::Ok()));
      return Quiet{true, true, INT64_MAX};
    }
    if (!round->moved && !round->again) return Quiet{false, moved, round->wake_at_ms};
  }
}

}  // namespace penstock
