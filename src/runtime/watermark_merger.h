// WatermarkMerger: the watermark of a task from those of its inputs: the minimum over channels that are
// neither idle nor ended; never goes back. When all channels are idle the task is idle, and the watermark
// becomes the maximum any of them had (Flink's rule). Used by the task's thread.
#pragma once

#include <algorithm>
#include <vector>

#include "data/batch.h"

namespace penstock {

class WatermarkMerger {
 public:
  explicit WatermarkMerger(size_t channels) : channels_(channels) {}

  // Applies a mark of one channel; returns true and fills `out` when the merged state changes.
  bool Apply(size_t channel, const Mark& mark, Mark* out) {
    Channel& c = channels_[channel];
    switch (mark.kind) {
      case MarkKind::kWatermark:
        c.watermark = std::max(c.watermark, mark.watermark);
        c.idle = false;
        break;
      case MarkKind::kIdle: c.idle = true; break;
      case MarkKind::kActive: c.idle = false; break;
    }
    return Recompute(out);
  }
  // An ended channel no longer holds the watermark back.
  bool End(size_t channel, Mark* out) {
    channels_[channel].ended = true;
    return Recompute(out);
  }
  int64_t watermark() const { return merged_; }

 private:
  struct Channel {
    int64_t watermark = kNoWatermark;
    bool idle = false;
    bool ended = false;
  };

  bool Recompute(Mark* out) {
    int64_t low = kMaxWatermark, high = kNoWatermark;
    bool any_active = false, any_open = false;
    for (const Channel& c : channels_) {
      high = std::max(high, c.watermark);
      any_open = any_open || !c.ended;
      if (c.idle || c.ended) continue;
      any_active = true;
      low = std::min(low, c.watermark);
    }
    int64_t merged = any_active ? low : high;
    if (merged > merged_) {
      merged_ = merged;
      idle_ = false;
      *out = {0, MarkKind::kWatermark, merged_};
      return true;
    }
    bool idle = !any_active && any_open;
    if (idle == idle_) return false;
    idle_ = idle;
    *out = {0, idle ? MarkKind::kIdle : MarkKind::kActive, kNoWatermark};
    return true;
  }

  std::vector<Channel> channels_;
  int64_t merged_ = kNoWatermark;
  bool idle_ = false;
};

}  // namespace penstock
