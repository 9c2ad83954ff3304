// Merging of the watermarks of a reader's splits.
#include "operators/split_watermarks.h"

#include <algorithm>

namespace penstock {

void SplitWatermarks::SetOpen(const std::vector<int32_t>& splits, int64_t now) {
  std::erase_if(generators_, [&](const auto& entry) {
    return std::find(splits.begin(), splits.end(), entry.first) == splits.end();
  });
  for (int32_t split : splits) generators_.try_emplace(split, Generator{floor_, now, false});
  Merge();
}

void SplitWatermarks::Advance(int32_t split, int64_t watermark) {
  Generator& generator = generators_[split];
  if (watermark <= generator.watermark) return;
  bool was_merged = generator.watermark <= merged_;
  generator.watermark = watermark;
  // Only a split that held the others back can move the minimum.
  if (was_merged) Merge();
}

void SplitWatermarks::Touch(int32_t split, int64_t now) {
  Generator& generator = generators_.try_emplace(split, Generator{floor_, now, false}).first->second;
  generator.last_row_ms = now;
  if (!generator.idle && !idle_) return;
  generator.idle = false;
  Merge();
}

void SplitWatermarks::CheckIdle(int64_t now) {
  if (idle_ms_ <= 0) return;
  bool changed = false;
  for (auto& [split, generator] : generators_) {
    if (generator.idle || now - generator.last_row_ms < idle_ms_) continue;
    generator.idle = changed = true;
  }
  if (changed) Merge();
}

void SplitWatermarks::Merge() {
  int64_t least = kMaxWatermark;
  idle_ = true;
  for (const auto& [split, generator] : generators_) {
    if (generator.idle) continue;
    idle_ = false;
    least = std::min(least, generator.watermark);
  }
  if (!idle_) merged_ = std::max(merged_, least);
}

}  // namespace penstock
