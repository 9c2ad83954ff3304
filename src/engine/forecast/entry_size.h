// What entries of keyed state really take: key, value and the structures around them, measured on a state
// made for the purpose and not read off constants, so that it holds for whatever the backend does. Tables
// double and split as they grow, so a state of many keys is measured on one of keys / 2^k, which is as full.
// Sub-keys lie with the keys they belong to, some segments are fuller than others: they are measured as many
// as they are, up to a number. What further rows of a key take is measured on a few keys with as many rows.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/status.h"
#include "engine/forecast/key_feeder.h"
#include "env/clock.h"
#include "sql/forecast/distinct_growth.h"

namespace penstock {

struct StateShape {
  std::vector<size_t> key_bytes;  // of keys, in turn
  // Of a state with sub-keys: hashes of the keys that they belong to, in turn.
  std::vector<uint64_t> group_hashes = {};
  bool timers = false;          // each key has a timer
  bool comes_and_goes = false;  // as many keys go as come, one by one
};

// Bytes of memory of a state with those keys, in one subtask.
Result<double> MeasureState(const StateShape& shape, KeyFeeder* feeder, std::span<const sql::KeyClass> keys,
                            const Clock* clock);

// Bytes of the records that such a state is on disk when nothing of it is in memory, before compression.
Result<double> MeasureRecords(const StateShape& shape, KeyFeeder* feeder, std::span<const sql::KeyClass> keys,
                              const Clock* clock);

}  // namespace penstock
