// What entries of keyed state really take: key, value and the structures around them, measured on a state
// made for the purpose and not read off constants, so that it holds for whatever the backend does. Tables
// double and split as they grow, so a state of `keys` is measured on one of keys / 2^k, which is as full.
#pragma once

#include <cstddef>

#include "base/status.h"
#include "env/clock.h"

namespace penstock {

struct EntryShape {
  bool ordered = false;  // a MapState, else a FixedState
  size_t key_bytes = 8;
  size_t element_bytes = 0;  // of ordered state: the name of an element,
  size_t value_bytes = 8;    // and its value; else the value of the key
  double elements = 1;       // under each key
  bool timers = false;       // each key has a timer
};

// Bytes of memory of a state with that many keys, in one subtask.
Result<double> MeasureState(const EntryShape& shape, double keys, const Clock* clock);

}  // namespace penstock
