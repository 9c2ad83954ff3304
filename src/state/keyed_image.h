// KeyedImage: keyed state as bytes, divided into its states and their key groups, and readers of what a
// section holds; views of the bytes. Format: docs/formats/keyed_state.md. For whoever works on state without
// a backend: merging, inspection.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "state/key_group.h"
#include "state/keyed_format.h"

namespace penstock {

struct StateImage {
  StateKind kind = StateKind::kFixed;
  std::string_view name;
  uint64_t width = 0;                      // of kFixed
  bool sub_keys = false;                   // of kFixed
  std::vector<int64_t> dropped;            // namespaces, of a delta
  std::map<int, std::string_view> groups;  // sections by key group
};

// Takes what follows a state's name: the namespaces a delta dropped, key groups. kCorruption where a group is
// named twice; where the bytes end too early `in` is corrupt.
Status TakeStateParts(bool delta, ByteReader* in, StateImage* state);

struct KeyedImage {
  bool delta = false;
  uint64_t max_parallelism = 0;
  std::vector<StateImage> states;

  // kCorruption where the bytes are no base or delta of version 2 and later. Sections are not looked into.
  static Result<KeyedImage> Read(std::string_view bytes);
  // Whether there is an entry of a key group inside, and one outside of the range.
  void Locate(const KeyGroupRange& range, bool* inside, bool* outside) const;
};

// An entry of a fixed state. `value` is what the operator keeps; `tail` is time and value as they are stored.
struct FixedEntry {
  std::string_view key;
  uint32_t upper = 0;  // of its hash, where the state has sub-keys
  std::string_view tail;
  int64_t time() const { return ByteReader(tail).Fixed<int64_t>(); }
  std::string_view value() const { return tail.substr(sizeof(int64_t)); }
};

// Takes `size` bytes; empty, and `in` corrupt, where there are not so many.
std::string_view TakeBytes(ByteReader* in, uint64_t size);
FixedEntry TakeFixedEntry(const StateImage& state, ByteReader* in);
// Key and upper half alone: an erased entry.
FixedEntry TakeFixedKey(const StateImage& state, ByteReader* in);

struct MapElement {
  std::string_view element;
  int64_t time = 0;
  std::string_view value;
};
MapElement TakeMapElement(ByteReader* in);

}  // namespace penstock
