// The state backend whose state may be larger than memory. When the budget is used up those of its users that
// have more than their share let go of what they have not used for longest.
#include <algorithm>
#include <functional>

#include "state/keyed_version1.h"
#include "state/ordered_store.h"
#include "state/tiered/tiered_fixed_state.h"
#include "state/tiered/tiered_map_state.h"
#include "state/tiered/tiered_timers.h"

namespace penstock {

namespace {

class TieredBackend : public KeyedBackend<TieredFixedState, TieredMapState, TieredTimerQueue> {
 public:
  TieredBackend(StateContext context, MemoryBudget* memory)
      : KeyedBackend(std::move(context)), memory_(memory) {}
  ~TieredBackend() override { memory_->Give(taken_); }

  Status Settle() override {
    if (++calls_ < calls_per_count_) return Status::Ok();
    calls_ = 0;
    Count();
    RETURN_IF_ERROR(Failed());
    RETURN_IF_ERROR(Expire());
    if (!memory_->limited()) return Status::Ok();
    // Evictions begin before the end of the budget, so that a batch has room, and free some more.
    int64_t most = memory_->limit() - memory_->limit() / 16;
    int64_t over = memory_->used() - most;
    if (over <= 0) return Status::Ok();
    RETURN_IF_ERROR(Evict(static_cast<size_t>(over + memory_->limit() / 32)));
    Count();
    return Status::Ok();
  }

 private:
  // Walking over the segments costs: rarely where there are many, but no more than a part of the budget may
  // come between.
  void Count() {
    auto bytes = static_cast<int64_t>(MemoryBytes());
    memory_->Take(bytes - taken_);
    taken_ = bytes;
    calls_per_count_ = memory_->limit() > int64_t{64} << 20 ? 8 : 1;
  }
  Status Failed() {
    Status failed;
    EachState([&](auto& state) {
      if (failed.ok()) failed = state.failed();
    });
    return failed;
  }

  Status Expire() {
    Status expired;
    EachState([&](auto& state) {
      if (expired.ok()) expired = state.Expire();
    });
    return expired;
  }

  // From the largest state first.
  Status Evict(size_t bytes) {
    using LetGo = std::function<Result<size_t>(size_t)>;
    std::vector<std::pair<size_t, LetGo>> states;
    EachState([&](auto& state) {
      states.emplace_back(state.hot_bytes(), [&state](size_t most) { return state.Evict(most); });
    });
    std::stable_sort(states.begin(), states.end(), [](auto& a, auto& b) { return a.first > b.first; });
    for (const auto& [size, let_go] : states) {
      if (bytes == 0) break;
      ASSIGN_OR_RETURN(size_t freed, let_go(bytes));
      bytes -= std::min(bytes, freed);
    }
    return Status::Ok();
  }

  MemoryBudget* memory_;
  int64_t taken_ = 0;
  int calls_ = 0;
  int calls_per_count_ = 1;
};

size_t SegmentBytes(const MemoryBudget& memory) {
  if (!memory.limited()) return SegmentedTable::kSegmentBytes;
  return static_cast<size_t>(std::clamp<int64_t>(memory.limit() / 256, 4096, SegmentedTable::kSegmentBytes));
}

size_t SpoolBytes(const MemoryBudget& memory) {
  return memory.limited() ? static_cast<size_t>(memory.limit() / 32) : SIZE_MAX;
}

}  // namespace

std::unique_ptr<BoundedBackend> MakeTieredBackend(KeyGroupRange range, const Clock* clock,
                                                  MemoryBudget* memory, std::shared_ptr<OrderedStore> store) {
  StateContext context{range, clock, SegmentBytes(*memory), std::move(store), SpoolBytes(*memory)};
  return std::make_unique<TieredBackend>(std::move(context), memory);
}

}  // namespace penstock
