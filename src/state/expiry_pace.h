// ExpiryPace: how often a state looks at some of the records that are not in memory for such as have expired:
// so that each is looked at about twice in a TTL, in small steps. Used by the state's thread.
#pragma once

#include <algorithm>
#include <cstdint>

namespace penstock {

class ExpiryPace {
 public:
  static constexpr size_t kStep = 1024;  // records

  // Whether a step over a state of `records` is due.
  bool Due(int64_t now_ms, int64_t ttl_ms, size_t records) {
    if (ttl_ms <= 0 || records == 0 || now_ms < next_ms_) return false;
    bool first = next_ms_ == 0;
    next_ms_ = now_ms + std::max<int64_t>(1, ttl_ms / 2 / static_cast<int64_t>(records / kStep + 1));
    return !first;
  }

 private:
  int64_t next_ms_ = 0;
};

}  // namespace penstock
