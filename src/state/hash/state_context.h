// StateContext: what the states of one backend have in common. Used by the backend's thread.
#pragma once

#include <memory>

#include "env/clock.h"
#include "state/hash/segmented_table.h"
#include "state/key_group.h"

namespace penstock {

class OrderedStore;

struct StateContext {
  KeyGroupRange range;
  const Clock* clock = nullptr;
  size_t segment_bytes = SegmentedTable::kSegmentBytes;
  std::shared_ptr<OrderedStore> store;  // where what is not in memory is; null: everything is
  size_t spool_bytes = SIZE_MAX;        // where more of a state is in memory its deltas are put aside on disk
};

}  // namespace penstock
