// The machine's clock.
#include "env/clock.h"

#include <chrono>

namespace penstock {

int64_t SystemClock::NowMicros() const {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

int64_t SystemClock::MonotonicMillis() const {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace penstock
