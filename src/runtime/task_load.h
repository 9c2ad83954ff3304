// TaskLoad: what a task spends its time with: working (that includes waiting for a processor), waiting for
// input, waiting for room behind it (back-pressure). Adds to the metrics of the head of the task. One clock
// read where a step begins and one where it ends. The task's thread calls Begin and End; any thread may ask
// for what has passed since (Refresh).
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "env/stopwatch.h"
#include "stream/operator.h"

namespace penstock {

class TaskLoad {
 public:
  enum class Kind : uint8_t { kBusy, kIdle, kBlocked };

  // Before the first step; it counts from then on.
  void Start(OperatorMetrics* metrics) {
    metrics_ = metrics;
    last_ = StopwatchNanos();
  }
  void Begin() { Count(Kind::kBusy); }
  void End(Kind next) { Count(next); }
  void Refresh() { Count(kind_.load(std::memory_order_relaxed)); }

 private:
  // The time since the last call was of the kind that held; `next` holds from now on.
  void Count(Kind next) {
    if (metrics_ == nullptr) return;
    int64_t now = StopwatchNanos();
    int64_t passed = now - last_.exchange(now, std::memory_order_relaxed);
    Kind held = kind_.exchange(next, std::memory_order_relaxed);
    // Two threads may have read the clock in the other order than they came here.
    if (passed > 0) Counter(held).fetch_add(passed, std::memory_order_relaxed);
  }
  std::atomic<int64_t>& Counter(Kind kind) {
    switch (kind) {
      case Kind::kIdle: return metrics_->idle_nanos;
      case Kind::kBlocked: return metrics_->blocked_nanos;
      case Kind::kBusy: break;
    }
    return metrics_->busy_nanos;
  }

  OperatorMetrics* metrics_ = nullptr;
  std::atomic<int64_t> last_{0};
  std::atomic<Kind> kind_{Kind::kBusy};
};

}  // namespace penstock
