// Worker threads over a queue of tasks that can go on. A task is in one of the states of Slot; the mutex
// guards them all, and is not held while a task steps.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "env/thread.h"
#include "runtime/executors/executor.h"

namespace penstock {

namespace {

constexpr int kStepsPerSlice = 32;  // before other tasks get their turn
constexpr int64_t kLongestPauseMillis = 50;

class ThreadedExecutor : public Executor {
 public:
  explicit ThreadedExecutor(const ExecutorOptions& options) : options_(options) {}

  Status Run(TaskSet* tasks) override {
    if (tasks->size() == 0) return Status::Ok();
    {
      std::lock_guard lock(mutex_);
      tasks_ = tasks;
      unfinished_ = tasks->size();
      slots_.resize(tasks->size());
      for (size_t i = 0; i < tasks->size(); ++i) MakeReady(i);
    }
    auto threads = static_cast<size_t>(options_.threads > 0 ? options_.threads : AvailableCores());
    std::vector<Thread> workers;
    for (size_t i = 1; i < std::min(threads, tasks->size()); ++i)
      workers.emplace_back("worker-" + std::to_string(i), [this] { Work(); });
    Work();
    for (Thread& worker : workers) worker.Join();
    std::lock_guard lock(mutex_);
    return outcome_;
  }

  void Wake(size_t task) override {
    std::lock_guard lock(mutex_);
    if (task >= slots_.size()) return;  // before Run every task is ready
    Slot& slot = slots_[task];
    if (slot.state == Slot::kWaiting) {
      MakeReady(task);
      wakeup_.notify_one();
    } else if (slot.state == Slot::kRunning) {
      slot.state = Slot::kRunningWoken;
    }
  }

  void Cancel() override {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
    wakeup_.notify_all();
  }

 private:
  struct Slot {
    enum State : uint8_t {
      kWaiting,       // for a wake-up, or for wake_at_ms
      kReady,         // in ready_
      kRunning,       // on a worker
      kRunningWoken,  // the same, and something came meanwhile
      kFinished,
    };
    State state = kWaiting;
    int64_t wake_at_ms = INT64_MAX;
    bool exhausted = false;
  };

  // All below REQUIRE mutex_, but for RunSlice.
  void MakeReady(size_t task) {
    slots_[task].state = Slot::kReady;
    ready_.push_back(task);
  }
  void Finish(Status status) {
    if (!done_) outcome_ = std::move(status);
    done_ = true;
    wakeup_.notify_all();
  }

  void Work() {
    std::unique_lock lock(mutex_);
    while (!done_) {
      if (cancelled_) return Finish(JobCancelled());
      int64_t now = options_.clock->MonotonicMillis();
      int64_t next_wake = WakeDue(now);
      if (ready_.empty() && running_ == 0 && !in_quiet_) ReportQuiet(lock);
      if (done_ || cancelled_) continue;
      if (ready_.empty()) {
        wakeup_.wait_for(lock, std::chrono::milliseconds(std::max<int64_t>(1, next_wake - now)));
      } else {
        size_t task = ready_.front();
        ready_.pop_front();
        RunTask(task, lock);
      }
    }
  }

  // Tasks whose time has come become ready; returns when to look again.
  int64_t WakeDue(int64_t now) {
    int64_t next = now + kLongestPauseMillis;
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].state != Slot::kWaiting) continue;
      if (slots_[i].wake_at_ms <= now) {
        MakeReady(i);
      } else {
        next = std::min(next, slots_[i].wake_at_ms);
      }
    }
    return next;
  }

  void ReportQuiet(std::unique_lock<std::mutex>& lock) {
    bool exhausted = true;
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (tasks_->is_source(i) && slots_[i].state != Slot::kFinished)
        exhausted = exhausted && slots_[i].exhausted;
    }
    bool moved = std::exchange(moved_, false);
    in_quiet_ = true;
    lock.unlock();
    tasks_->OnQuiet(exhausted, moved);
    lock.lock();
    in_quiet_ = false;
  }

  void RunTask(size_t task, std::unique_lock<std::mutex>& lock) {
    slots_[task].state = Slot::kRunning;
    ++running_;
    lock.unlock();
    bool moved = false;
    Result<StepResult> result = RunSlice(task, &moved);
    lock.lock();
    --running_;
    moved_ = moved_ || moved;
    if (!result) return Finish(result.error());
    Slot& slot = slots_[task];
    slot.exhausted = result->exhausted;
    slot.wake_at_ms = result->wake_at_ms;
    if (result->want == StepResult::Want::kFinished) {
      slot.state = Slot::kFinished;
      if (--unfinished_ == 0) Finish(Status::Ok());
    } else if (slot.state == Slot::kRunningWoken || result->want == StepResult::Want::kAgain) {
      MakeReady(task);
      wakeup_.notify_one();
    } else {
      slot.state = Slot::kWaiting;
    }
  }

  Result<StepResult> RunSlice(size_t task, bool* moved) {
    for (int steps = 1;; ++steps) {
      Result<StepResult> result = tasks_->Step(task, options_.slice_rows);
      if (!result) return result;
      *moved = *moved || result->moved;
      bool more = result->want == StepResult::Want::kAgain && steps < kStepsPerSlice;
      if (!more || cancelled_.load(std::memory_order_relaxed)) return result;
    }
  }

  const ExecutorOptions options_;
  TaskSet* tasks_ = nullptr;
  std::mutex mutex_;
  std::condition_variable wakeup_;
  std::deque<size_t> ready_;
  std::vector<Slot> slots_;
  size_t running_ = 0;
  size_t unfinished_ = 0;
  bool in_quiet_ = false;
  bool moved_ = false;
  bool done_ = false;
  Status outcome_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace

std::unique_ptr<Executor> MakeThreadedExecutor(const ExecutorOptions& options) {
  return std::make_unique<ThreadedExecutor>(options);
}

}  // namespace penstock
