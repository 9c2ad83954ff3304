// Clock: the only door to time. SystemClock is the machine's; ManualClock moves when told, for tests, the
// simulation and users who test their pipelines. All methods may be called from any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace penstock {

class Clock {
 public:
  virtual ~Clock() = default;
  // Microseconds since the epoch, UTC; may jump when the machine's clock is set.
  virtual int64_t NowMicros() const = 0;
  // Milliseconds that only move forward, for waits and processing-time timers.
  virtual int64_t MonotonicMillis() const = 0;
};

class SystemClock : public Clock {
 public:
  int64_t NowMicros() const override;
  int64_t MonotonicMillis() const override;
};

class ManualClock : public Clock {
 public:
  explicit ManualClock(int64_t start_micros) : now_(start_micros) {}
  int64_t NowMicros() const override { return now_.load(); }
  int64_t MonotonicMillis() const override { return now_.load() / 1000; }
  void AdvanceMicros(int64_t delta) { now_ += delta; }

 private:
  std::atomic<int64_t> now_;
};

}  // namespace penstock
