// SegmentTurns: which segment of a state's tables is let go next: each in its turn, in the order of its
// namespaces and key groups. Hashes spread what is used over all segments, so that one is as good as another;
// going through them in order makes what is written below a range of keys. A table that has become empty
// goes. Used by its state's thread.
#pragma once

#include <map>
#include <memory>

#include "state/hash/segmented_table.h"

namespace penstock {

class SegmentTurns {
 public:
  using Tables = std::map<int64_t, std::unique_ptr<SegmentedTable>>;

  // Shows the next segment that has entries to visit(name_space, segment), and makes it empty. REQUIRES:
  // there is a table.
  template <typename Visit>
  void Next(Tables* tables, const Visit& visit) {
    auto at = tables->lower_bound(name_space_);
    if (at == tables->end() || at->first != name_space_) segment_ = 0;
    while (true) {
      if (at == tables->end()) at = tables->begin();
      SegmentedTable& table = *at->second;
      while (segment_ < table.segments() && table.segment(segment_).size() == 0) ++segment_;
      if (segment_ < table.segments()) break;
      segment_ = 0;
      at = table.size() == 0 ? tables->erase(at) : std::next(at);
      if (tables->empty()) return;
    }
    visit(at->first, at->second->segment(segment_));
    at->second->ClearSegment(segment_++);
    name_space_ = at->first;
    if (at->second->size() == 0) tables->erase(at);
  }

 private:
  int64_t name_space_ = 0;
  size_t segment_ = 0;
};

}  // namespace penstock
