// The machine's monotonic clock.
#include "env/stopwatch.h"

#include <chrono>

namespace penstock {

int64_t StopwatchNanos() {
  auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

}  // namespace penstock
