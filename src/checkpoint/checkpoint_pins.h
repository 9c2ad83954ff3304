// CheckpointPins: checkpoints that must not be removed because someone reads them: a savepoint is being
// copied. Shared by the coordinators of a job's attempts and by who copies. Thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <set>

namespace penstock {

class CheckpointPins {
 public:
  void Add(uint64_t epoch) {
    std::lock_guard lock(mutex_);
    epochs_.insert(epoch);
  }
  void Remove(uint64_t epoch) {
    std::lock_guard lock(mutex_);
    if (auto found = epochs_.find(epoch); found != epochs_.end()) epochs_.erase(found);
  }
  // The oldest of them, at most `epoch`.
  uint64_t Limit(uint64_t epoch) const {
    std::lock_guard lock(mutex_);
    return epochs_.empty() ? epoch : std::min(epoch, *epochs_.begin());
  }

 private:
  mutable std::mutex mutex_;
  std::multiset<uint64_t> epochs_;
};

}  // namespace penstock
