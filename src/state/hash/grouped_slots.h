// GroupedSlots: all entries of a state's tables by key group, those of a group by namespace: the order of a
// snapshot. Sixteen bytes an entry, nothing is sorted. Used by a state's thread at a barrier.
#pragma once

#include <deque>
#include <vector>

#include "state/hash/segment_turns.h"
#include "state/section_writer.h"

namespace penstock {

class GroupedSlots {
 public:
  // REQUIRES: the tables do not change as long as this is there.
  GroupedSlots(SegmentTurns::Tables& tables, int max_parallelism)
      : groups_(static_cast<size_t>(max_parallelism)) {
    for (auto& [name_space, table] : tables) {
      const Space* space = &spaces_.emplace_back(Space{name_space, table.get()});
      table->ForEach([&](const FlatTable::Entry& entry) {
        auto group = static_cast<size_t>(KeyGroupOf(entry.hash, max_parallelism));
        groups_[group].push_back({space, entry.value});
      });
    }
  }

  // Writes all key groups with write(entry). prefetch(far, near) sees the values of entries that come later.
  template <typename Prefetch, typename Write>
  void WriteTo(SectionWriter& out, const Prefetch& prefetch, const Write& write) const {
    uint64_t filled = 0;
    for (const Slots& slots : groups_) filled += slots.empty() ? 0 : 1;
    out.Varint(filled);
    for (size_t group = 0; group < groups_.size(); ++group) {
      if (groups_[group].empty()) continue;
      out.BeginGroup(static_cast<int>(group));
      WriteGroup(groups_[group], prefetch, write, out);
      out.EndGroup();
    }
  }

 private:
  struct Space {
    int64_t name_space;
    SegmentedTable* table;
  };
  struct Slot {
    const Space* space;
    uint8_t* value;
  };
  using Slots = std::vector<Slot>;
  static constexpr size_t kNear = 6, kFar = 12;  // entries ahead

  template <typename Prefetch, typename Write>
  static void WriteGroup(const Slots& slots, const Prefetch& prefetch, const Write& write,
                         SectionWriter& out) {
    for (size_t begin = 0, end = 0; begin < slots.size(); begin = end) {
      const Space* space = slots[begin].space;
      while (end < slots.size() && slots[end].space == space) ++end;
      out.Fixed(space->name_space);
      out.Varint(end - begin);
      for (size_t i = begin; i < end; ++i) {
        if (i + kFar < slots.size()) prefetch(slots[i + kFar].value, slots[i + kNear].value);
        write(space->table->EntryAt(slots[i].value));
      }
    }
  }

  std::deque<Space> spaces_;
  std::vector<Slots> groups_;
};

}  // namespace penstock
