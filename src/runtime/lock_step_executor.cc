// One thread, the sources in turn: what connector `values` and tests of a job's exact changelog need.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "runtime/executor.h"

namespace penstock {

Status JobCancelled() { return Status(StatusCode::kCancelled, "the job was cancelled"); }

namespace {

constexpr int64_t kLongestPauseMillis = 5;

class LockStepExecutor : public Executor {
 public:
  explicit LockStepExecutor(const ExecutorOptions& options) : options_(options) {}

  Status Run(TaskSet* tasks) override {
    tasks_ = tasks;
    finished_.assign(tasks->size(), false);
    exhausted_.assign(tasks->size(), false);
    left_ = tasks->size();
    while (left_ > 0) {
      moved_ = again_ = false;
      wake_at_ms_ = INT64_MAX;
      RETURN_IF_ERROR(RunTurns());
      bool any_source = false, all_exhausted = true;
      for (size_t i = 0; i < tasks->size(); ++i) {
        if (!tasks->is_source(i)) continue;
        any_source = true;
        all_exhausted = all_exhausted && (exhausted_[i] || finished_[i]);
      }
      tasks->OnQuiet(all_exhausted && any_source, moved_);
      if (!moved_ && !again_ && left_ > 0) Pause();
    }
    return Status::Ok();
  }
  void Wake(size_t) override {
    std::lock_guard lock(mutex_);
    woken_ = true;
    wakeup_.notify_all();
  }
  void Cancel() override {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
    wakeup_.notify_all();
  }

 private:
  Status RunTurns() {
    for (size_t i = 0; i < tasks_->size(); ++i) {
      if (!tasks_->is_source(i) || finished_[i]) continue;
      RETURN_IF_ERROR(Step(i));
      RETURN_IF_ERROR(Settle());
    }
    // Also when every source has ended: what waits for a sink or a timer goes on.
    return Settle();
  }

  // Steps all that is no source until nothing wants to go on.
  Status Settle() {
    bool before = again_;
    do {
      again_ = false;
      for (size_t i = 0; i < tasks_->size(); ++i) {
        if (!tasks_->is_source(i) && !finished_[i]) RETURN_IF_ERROR(Step(i));
      }
    } while (again_);
    again_ = before;
    return Status::Ok();
  }

  Status Step(size_t task) {
    if (cancelled_.load(std::memory_order_relaxed)) return JobCancelled();
    ASSIGN_OR_RETURN(StepResult result, tasks_->Step(task, options_.slice_rows));
    moved_ = moved_ || result.moved;
    again_ = again_ || result.want == StepResult::Want::kAgain;
    exhausted_[task] = result.exhausted;
    if (result.want == StepResult::Want::kFinished && !finished_[task]) {
      finished_[task] = true;
      --left_;
    }
    wake_at_ms_ = std::min(wake_at_ms_, result.wake_at_ms);
    return Status::Ok();
  }

  void Pause() {
    int64_t now = options_.clock->MonotonicMillis();
    int64_t pause = std::clamp<int64_t>(wake_at_ms_ - now, 0, kLongestPauseMillis);
    std::unique_lock lock(mutex_);
    wakeup_.wait_for(lock, std::chrono::milliseconds(pause), [&] { return cancelled_ || woken_; });
    woken_ = false;
  }

  const ExecutorOptions options_;
  TaskSet* tasks_ = nullptr;
  std::vector<bool> finished_, exhausted_;
  size_t left_ = 0;
  bool moved_ = false;  // rows, not timers, in this round
  bool again_ = false;
  int64_t wake_at_ms_ = INT64_MAX;
  std::mutex mutex_;
  std::condition_variable wakeup_;
  bool woken_ = false;
  std::atomic<bool> cancelled_{false};
};

}  // namespace

std::unique_ptr<Executor> MakeLockStepExecutor(const ExecutorOptions& options) {
  return std::make_unique<LockStepExecutor>(options);
}

}  // namespace penstock
