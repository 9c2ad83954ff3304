// The entries of keyed state one by one, whatever its version. Inspection only.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/status.h"
#include "state/keyed_image.h"
#include "stream/snapshot.h"

namespace penstock {

// An entry of a fixed state, an element of a map state, or a timer.
struct StateEntry {
  int64_t name_space = 0;  // of a timer: its time
  std::string_view key;
  std::string_view element;  // of a map state
  std::string_view value;
  int64_t written_ms = 0;  // 0 where the state has no TTL
};

// `state` is called once for each state, before `entry` for each of its entries, by key group. Views are
// valid inside of the calls.
struct KeyedVisitor {
  std::function<void(const StateImage& state)> state;
  std::function<void(const StateImage& state, const StateEntry& entry)> entry;
};
// kCorruption where the state is damaged. Nothing is visited where there is none.
Status VisitKeyed(const SubtaskSnapshot& part, const KeyedVisitor& visitor);

}  // namespace penstock
