// DelaySketch: how far rows come behind the newest one, in a histogram of fixed size: what the watermark
// advisor of a run's summary stands on. Buckets grow by a sixteenth of a power of two, so a share told for
// any delay is that of a delay at most 7 % away. One thread adds, any thread reads.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "stream/operator.h"

namespace penstock {

// The histogram of one table, added up over subtasks.
class DelayShares {
 public:
  int64_t rows = 0;
  int64_t delay_ms = 0;         // the greatest delay of the watermark itself
  std::vector<int64_t> behind;  // rows per bucket
  bool empty() const { return rows == 0; }
  // The share of rows that a watermark `delay_ms` behind the newest row would have overtaken; between the
  // borders of a bucket it is interpolated.
  double Late(int64_t delay_ms) const;
};

class DelaySketch : public OperatorFindings {
 public:
  static constexpr int kBuckets = 640;

  // A row that is `behind_ms` behind the newest row before it; not positive where it is the newest itself.
  void Add(int64_t behind_ms) {
    Raise(rows_, 1);
    if (behind_ms > 0) Raise(behind_[static_cast<size_t>(BucketOf(behind_ms))], 1);
  }
  // A watermark of `delay_ms` behind the row it was made of.
  void NoteDelay(int64_t delay_ms) {
    if (delay_ms > delay_ms_.load(std::memory_order_relaxed))
      delay_ms_.store(delay_ms, std::memory_order_relaxed);
  }
  void AddTo(DelayShares* sum) const;

  // Sixteen buckets a power of two; exact below 16 ms.
  static int BucketOf(int64_t behind_ms) {
    if (behind_ms < 16) return static_cast<int>(behind_ms);
    int power = 63 - __builtin_clzll(static_cast<uint64_t>(behind_ms));
    int bucket = (power - 3) * 16 + static_cast<int>(behind_ms >> (power - 4) & 15);
    return bucket < kBuckets ? bucket : kBuckets - 1;
  }
  // The least milliseconds of a bucket.
  static int64_t LeastOf(int bucket) {
    if (bucket < 16) return bucket;
    int power = bucket / 16 + 3;
    return int64_t{16 + bucket % 16} << (power - 4);
  }

 private:
  // There is one writer: no need for an atomic addition.
  static void Raise(std::atomic<int64_t>& counter, int64_t by) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  std::atomic<int64_t> rows_{0}, delay_ms_{0};
  std::array<std::atomic<int64_t>, kBuckets> behind_{};
};

}  // namespace penstock
