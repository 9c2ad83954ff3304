// Keyed state: what stateful operators keep per key. Keys and values are bytes (data/key_codec.h,
// data/row_codec.h); a key's hash travels with it so that it is computed once per batch. All calls are made
// by the operator's own thread.
//
// Two shapes cover the rest: FixedState keeps a fixed number of plain bytes per key, reached for a whole
// batch in one call (aggregates: the hot path); MapState keeps an ordered map of elements per key (lists are
// maps by sequence number, a single value of varying size is a map with one element). Both are divided into
// namespaces: a window or slice end, or 0.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace penstock {

struct StateKey {
  std::string_view bytes;
  uint64_t hash = 0;
};

// The hash of a sub-key, the bytes of a key followed by those of something inside it: it stays in the key's
// group, which the upper half of a hash chooses.
inline uint64_t SubKeyHash(uint64_t key_hash, uint64_t whole_hash) {
  return (key_hash & 0xffffffff00000000ULL) | (whole_hash & 0xffffffffULL);
}

// What a state is: the name resolves it on restore, the rest must match.
struct StateDescriptor {
  std::string name;
  size_t width = 0;       // bytes per key of a FixedState, 0 for a MapState
  int64_t ttl_ms = 0;     // entries not written for that long are gone; 0: never
  bool sub_keys = false;  // of a FixedState: its keys are sub-keys, hashed by SubKeyHash
};

class FixedState {
 public:
  virtual ~FixedState() = default;
  // Finds or inserts each key for change. values[i] points to the key's bytes, valid until the next call that
  // may insert; created[i] is 1 where the key is new, and its bytes are undefined until the caller fills them
  // in.
  virtual Status Access(int64_t name_space, std::span<const StateKey> keys, std::span<uint8_t*> values,
                        std::span<uint8_t> created) = 0;
  // Null when the key is not there.
  virtual const uint8_t* Find(int64_t name_space, StateKey key) = 0;
  virtual void Erase(int64_t name_space, StateKey key) = 0;
  // All keys of a namespace in key order, and without an order, which costs less. The state must not change
  // meanwhile.
  using Visit = std::function<void(StateKey key, uint8_t* value)>;
  virtual void ForEach(int64_t name_space, const Visit& visit) = 0;
  virtual void ForEachUnordered(int64_t name_space, const Visit& visit) = 0;
  virtual void EraseNamespace(int64_t name_space) = 0;
  // Namespaces that have entries, ascending.
  virtual std::vector<int64_t> Namespaces() const = 0;
  virtual size_t size(int64_t name_space) const = 0;
};

class MapState {
 public:
  virtual ~MapState() = default;
  // Valid until the next change of this state.
  virtual std::optional<std::string_view> Get(int64_t name_space, StateKey key, std::string_view element) = 0;
  virtual void Put(int64_t name_space, StateKey key, std::string_view element, std::string_view value) = 0;
  virtual void Erase(int64_t name_space, StateKey key, std::string_view element) = 0;
  virtual void Clear(int64_t name_space, StateKey key) = 0;
  virtual bool Empty(int64_t name_space, StateKey key) = 0;
  // Brings these keys nearer to the processor: they are used next. Changes nothing.
  virtual void Prefetch(int64_t, std::span<const StateKey>) {}
  using Visit = std::function<bool(std::string_view element, std::string_view value)>;
  // Elements >= from in order until `visit` returns false. The state must not change meanwhile.
  virtual void Scan(int64_t name_space, StateKey key, std::string_view from, const Visit& visit) = 0;
  // The same from the last element backwards.
  virtual void ScanBackward(int64_t name_space, StateKey key, const Visit& visit) = 0;
  // Every key of a namespace in key order.
  virtual void ForEachKey(int64_t name_space, const std::function<void(StateKey key)>& visit) = 0;
  virtual void EraseNamespace(int64_t name_space) = 0;
  virtual std::vector<int64_t> Namespaces() const = 0;
};

// Event-time and processing-time timers of an operator, fired by (time, key bytes).
class TimerQueue {
 public:
  virtual ~TimerQueue() = default;
  // Registering the same (time, key) twice is one timer.
  virtual void Register(int64_t time, StateKey key) = 0;
  virtual void Erase(int64_t time, StateKey key) = 0;
  // The earliest time, nullopt when there is none.
  virtual std::optional<int64_t> NextTime() const = 0;
  // Takes the first timer with time <= up_to; false when there is none.
  virtual bool Pop(int64_t up_to, int64_t* time, std::string* key) = 0;
};

}  // namespace penstock
