// EarlyResults: what the windows of an aggregation hold before they end, told on a timer. Keeps which windows
// have changed since they were last told, when the next telling is due, and the rows that wait for the early
// lane. They are upserts keyed by window and group: the aggregation's result columns, then `is_final`: FALSE
// while the window is open, TRUE for what it fired with. The aggregation's own output does not depend on any
// of it. Used by the operator's thread.
#pragma once

#include <set>

#include "operators/emit_queue.h"

namespace penstock {

class EarlyResults {
 public:
  // interval 0: no early results, and every other call does nothing.
  void Open(int64_t interval_ms, const Clock* clock) {
    interval_ms_ = interval_ms;
    clock_ = clock;
  }
  bool enabled() const { return interval_ms_ > 0; }

  // The window has taken rows. The first after a telling starts the interval.
  void Touch(int64_t window_end) {
    if (!enabled() || !touched_.insert(window_end).second) return;
    if (due_ms_ == INT64_MAX) due_ms_ = clock_->MonotonicMillis() + interval_ms_;
  }
  // It has fired: nothing more is told of it but its final rows.
  void Forget(int64_t window_end) { touched_.erase(window_end); }
  // As Operator::NextProcessingTime.
  int64_t due_ms() const { return due_ms_; }
  // The windows to tell, once it is due; empty before.
  std::set<int64_t> TakeDue(int64_t now_ms);

  // Queues groups of a window as they are now; `emptied`: groups whose rows were all taken back, deleted.
  void AddRows(Batch groups, bool is_final, bool emptied);
  Progress Flush(Output& out) { return queue_.Flush(out, kEarlyLane); }

 private:
  int64_t interval_ms_ = 0;
  const Clock* clock_ = nullptr;
  std::set<int64_t> touched_;
  int64_t due_ms_ = INT64_MAX;
  EmitQueue queue_;
};

}  // namespace penstock
