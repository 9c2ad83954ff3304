// MemoryBudget: one account of bytes for everything in a process that grows with its input: keyed state,
// caches below it, buffers of sorts and joins. Whoever is about to grow takes bytes first and spills where it
// gets none. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

namespace penstock {

class MemoryBudget {
 public:
  static constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

  explicit MemoryBudget(int64_t limit = kUnlimited) : limit_(limit) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Takes `bytes` where the limit allows it; false takes nothing.
  bool TryTake(int64_t bytes) {
    int64_t used = used_.load(std::memory_order_relaxed);
    do {
      if (bytes > limit() - used) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
  }
  // Takes them in any case: for what cannot be done without. The next TryTake feels it.
  void Take(int64_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void Give(int64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  int64_t used() const { return used_.load(std::memory_order_relaxed); }
  int64_t limit() const { return limit_.load(std::memory_order_relaxed); }
  bool limited() const { return limit() != kUnlimited; }
  void set_limit(int64_t limit) { limit_.store(limit, std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> used_{0};
  std::atomic<int64_t> limit_;
};

}  // namespace penstock
