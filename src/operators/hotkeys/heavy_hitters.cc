// Space-Saving with as few counters as there may be hot keys.
#include "operators/hotkeys/heavy_hitters.h"

#include <algorithm>

namespace penstock {

void HeavyHitters::Add(std::string_view key, uint64_t hash, int64_t count) {
  total_ += count;
  if (total_ >= halve_after_) Halve();
  if (auto at = index_.find(hash); at != index_.end()) {
    counters_[at->second].count += count;
    return;
  }
  if (counters_.size() < capacity_) {
    index_[hash] = counters_.size();
    counters_.push_back({std::string(key), hash, count, 0});
    return;
  }
  auto least = std::min_element(counters_.begin(), counters_.end(),
                                [](const Counter& a, const Counter& b) { return a.count < b.count; });
  index_.erase(least->hash);
  index_[hash] = static_cast<size_t>(least - counters_.begin());
  *least = {std::string(key), hash, least->count + count, least->count};
}

void HeavyHitters::Halve() {
  total_ /= 2;
  for (Counter& counter : counters_) {
    counter.count /= 2;
    counter.error /= 2;
  }
}

}  // namespace penstock
