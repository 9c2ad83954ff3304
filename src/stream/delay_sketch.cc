// Shares out of the histogram of delays.
#include "stream/delay_sketch.h"

#include <algorithm>

namespace penstock {

void DelaySketch::AddTo(DelayShares* sum) const {
  sum->rows += rows_.load(std::memory_order_relaxed);
  sum->delay_ms = std::max(sum->delay_ms, delay_ms_.load(std::memory_order_relaxed));
  sum->behind.resize(kBuckets);
  for (size_t i = 0; i < kBuckets; ++i) sum->behind[i] += behind_[i].load(std::memory_order_relaxed);
}

// A row is late when it is not later than the watermark: at a distance of `delay_ms` or more.
double DelayShares::Late(int64_t delay) const {
  if (rows == 0) return 0;
  int first = DelaySketch::BucketOf(std::max<int64_t>(delay, 1));
  double late = 0;
  for (size_t i = static_cast<size_t>(first) + 1; i < behind.size(); ++i)
    late += static_cast<double>(behind[i]);
  auto least = static_cast<double>(DelaySketch::LeastOf(first));
  auto next = static_cast<double>(DelaySketch::LeastOf(first + 1));
  double part = std::clamp((next - static_cast<double>(delay)) / (next - least), 0.0, 1.0);
  late += part * static_cast<double>(behind[static_cast<size_t>(first)]);
  return late / static_cast<double>(rows);
}

}  // namespace penstock
