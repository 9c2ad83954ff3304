// WatermarkMerger: the watermark of a task from those of its inputs, by the rules of Flink's
// StatusWatermarkValve: the minimum over the channels that are active and aligned; never goes back. A channel
// that wakes up behind the merged watermark is not aligned, and does not hold it back, until it has caught
// up. When the last active channel goes idle, the watermark first becomes the maximum of the idle ones, then
// the task is idle. Unlike in Flink, a channel that has ended counts for neither: its final watermark would
// make all rows late that an idle channel still has to bring. Used by the task's thread.
#pragma once

#include <algorithm>
#include <vector>

#include "data/batch.h"

namespace penstock {

class WatermarkMerger {
 public:
  explicit WatermarkMerger(size_t channels, int64_t start = kNoWatermark)
      : channels_(channels), merged_(start) {}

  // Applies a mark of one channel and appends the changes of the merged state to `out`, at offset 0.
  void Apply(size_t channel, const Mark& mark, std::vector<Mark>* out) {
    Channel& c = channels_[channel];
    if (mark.kind == MarkKind::kIdle) return Leave(&c, true, out);
    Activate(&c, out);
    if (mark.kind == MarkKind::kActive || mark.watermark <= c.watermark) return;
    c.watermark = mark.watermark;
    c.aligned = c.aligned || c.watermark >= merged_;
    AdvanceToLow(out);
  }
  // An ended channel no longer holds the watermark back.
  void End(size_t channel, std::vector<Mark>* out) {
    channels_[channel].ended = true;
    Leave(&channels_[channel], false, out);
  }
  int64_t watermark() const { return merged_; }

 private:
  struct Channel {
    int64_t watermark = kNoWatermark;
    bool active = true;
    bool aligned = true;  // its watermark is not behind the merged one; false while it is not active
    bool ended = false;
  };

  void Activate(Channel* c, std::vector<Mark>* out) {
    if (c->active || c->ended) return;
    c->active = true;
    c->aligned = c->watermark >= merged_;
    if (!idle_) return;
    idle_ = false;
    out->push_back({0, MarkKind::kActive, kNoWatermark});
  }

  void Leave(Channel* c, bool goes_idle, std::vector<Mark>* out) {
    if (!c->active) return;
    bool flush = !goes_idle || c->watermark == merged_;
    c->active = c->aligned = false;
    bool any_active = Any([](const Channel& o) { return o.active; });
    if (any_active) return AdvanceToLow(out);
    if (!Any([](const Channel& o) { return !o.ended; })) return;
    if (flush) AdvanceToHigh(out);
    idle_ = true;
    out->push_back({0, MarkKind::kIdle, kNoWatermark});
  }

  template <typename Predicate>
  bool Any(Predicate predicate) const {
    return std::any_of(channels_.begin(), channels_.end(), predicate);
  }
  void AdvanceToLow(std::vector<Mark>* out) {
    int64_t low = kMaxWatermark;
    bool any = false;
    for (const Channel& c : channels_) {
      if (!c.aligned) continue;
      any = true;
      low = std::min(low, c.watermark);
    }
    if (any) AdvanceTo(low, out);
  }
  void AdvanceToHigh(std::vector<Mark>* out) {
    int64_t high = kNoWatermark;
    for (const Channel& c : channels_) {
      if (!c.ended) high = std::max(high, c.watermark);
    }
    AdvanceTo(high, out);
  }
  void AdvanceTo(int64_t watermark, std::vector<Mark>* out) {
    if (watermark <= merged_) return;
    merged_ = watermark;
    out->push_back({0, MarkKind::kWatermark, merged_});
  }

  std::vector<Channel> channels_;
  int64_t merged_ = kNoWatermark;
  bool idle_ = false;
};

}  // namespace penstock
