// Every nanosecond is counted once, as what it was.
#include "runtime/task_load.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

constexpr int64_t kMilli = 1'000'000;

void Spend(int64_t nanos) {
  for (int64_t until = StopwatchNanos() + nanos; StopwatchNanos() < until;) {
  }
}

TEST(TaskLoad, TimeIsWhatTheTaskDidMeanwhile) {
  OperatorMetrics metrics;
  TaskLoad load;
  int64_t start = StopwatchNanos();
  load.Start(&metrics);
  load.Begin();
  Spend(2 * kMilli);
  load.End(TaskLoad::Kind::kIdle);
  Spend(3 * kMilli);
  load.Begin();
  load.End(TaskLoad::Kind::kBlocked);
  Spend(4 * kMilli);
  load.Refresh();
  int64_t blocked = metrics.blocked_nanos;
  EXPECT_GE(metrics.busy_nanos, 2 * kMilli);
  EXPECT_GE(metrics.idle_nanos, 3 * kMilli);
  EXPECT_GE(blocked, 4 * kMilli);
  Spend(kMilli);
  load.Refresh();
  EXPECT_GE(metrics.blocked_nanos, blocked + kMilli) << "a task that waits is counted while it waits";
  EXPECT_LE(metrics.busy_nanos + metrics.idle_nanos + metrics.blocked_nanos, StopwatchNanos() - start);
}

TEST(TaskLoad, WithoutMetricsNothingIsCounted) {
  TaskLoad load;
  load.Start(nullptr);
  load.Begin();
  load.End(TaskLoad::Kind::kIdle);
  load.Refresh();
}

}  // namespace
}  // namespace penstock
