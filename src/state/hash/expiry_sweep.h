// ExpirySweep: walks over the tables of a state a few slots at a time, round after round, so that what has
// expired is found without being asked for; how often a step is due says ExpiryPace. A segment that has
// become mostly free slots is made anew, a table that has become empty goes. Used by its state's thread,
// between batches.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "state/hash/segment_turns.h"

namespace penstock {

class ExpirySweep {
 public:
  // Slots of a round, as far as is known: those that are free are walked over, too.
  size_t slots() const { return std::max(round_, looked_at_); }

  // Shows the entries of the next `slots` slots to visit(name_space, table, entry), which may erase them from
  // the table. Stops at the end of a round.
  template <typename Visit>
  void Step(SegmentTurns::Tables* tables, size_t slots, const Visit& visit) {
    const size_t before = slots;
    auto at = tables->lower_bound(name_space_);
    if (at == tables->end() || at->first != name_space_) segment_ = slot_ = 0;
    while (at != tables->end() && slots > 0) {
      SegmentedTable& table = *at->second;
      if (segment_ == table.segments()) {
        segment_ = 0;
        at = table.size() == 0 ? tables->erase(at) : std::next(at);
        continue;
      }
      slot_ = table.segment(segment_).Walk(
          slot_, &slots,
          [&, space = at->first](const FlatTable::Entry& entry) { visit(space, table, entry); });
      if (slot_ == 0) table.CompactSegment(segment_++);
    }
    looked_at_ += before - slots;
    if (at != tables->end()) {
      name_space_ = at->first;
      return;
    }
    round_ = std::exchange(looked_at_, 0);
    name_space_ = std::numeric_limits<int64_t>::min();
  }

 private:
  int64_t name_space_ = std::numeric_limits<int64_t>::min();
  size_t segment_ = 0;
  uint32_t slot_ = 0;
  size_t round_ = 0, looked_at_ = 0;  // slots of the last round, and of this one so far
};

}  // namespace penstock
