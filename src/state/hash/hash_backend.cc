// The in-memory state backend. Its bytes come from the budget; it has nowhere else to keep them.
#include "state/hash/hash_fixed_state.h"
#include "state/hash/hash_map_state.h"
#include "state/hash/hash_timers.h"
#include "state/keyed_version1.h"

#include <fmt/format.h>

namespace penstock {

namespace {

class HashBackend : public KeyedBackend<HashFixedState, HashMapState, HashTimerQueue> {
 public:
  HashBackend(StateContext context, MemoryBudget* memory)
      : KeyedBackend(std::move(context)), memory_(memory) {}
  ~HashBackend() override {
    if (memory_ != nullptr) memory_->Give(taken_);
  }

  Status Settle() override {
    EachState([](auto& state) { state.Expire(); });
    if (++calls_ < kCallsPerCount || memory_ == nullptr || !memory_->limited()) return Status::Ok();
    calls_ = 0;
    auto bytes = static_cast<int64_t>(MemoryBytes());
    memory_->Take(bytes - taken_);
    taken_ = bytes;
    if (memory_->used() <= memory_->limit() || bytes < kSmallBytes) return Status::Ok();
    // Not kResourceExhausted: a restart would end here again.
    return Status(StatusCode::kInvalidArgument,
                  fmt::format(
                      "state needs more memory than state.memory.budget allows: {} MB are taken, {} MB of "
                      "them by this operator's state; the budget is {} MB",
                      memory_->used() >> 20, bytes >> 20, memory_->limit() >> 20))
        .WithNumber(kStateExceedsMemory)
        .WithHint(
            "SET 'state.backend.type' = 'rocksdb' keeps on disk what does not fit, or set a larger budget");
  }

 private:
  static constexpr int kCallsPerCount = 16;
  static constexpr int64_t kSmallBytes = int64_t{256} << 10;  // it is not such state that takes the budget
  MemoryBudget* memory_;
  int64_t taken_ = 0;
  int calls_ = 0;
};

}  // namespace

std::unique_ptr<BoundedBackend> MakeHashBackend(KeyGroupRange range, const Clock* clock,
                                                MemoryBudget* memory) {
  StateContext context;
  context.range = range;
  context.clock = clock;
  return std::make_unique<HashBackend>(std::move(context), memory);
}

std::unique_ptr<StateBackend> MakeHashBackend(KeyGroupRange range, const Clock* clock) {
  return MakeHashBackend(range, clock, nullptr);
}

}  // namespace penstock
