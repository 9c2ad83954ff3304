// ErasureLog: what left a state since a cut, in order: what a delta must say beside the entries that are
// there. Tables forget an erased entry when they grow, so it is written down here. Nothing is kept until
// Start: a job without checkpoints pays one comparison per erasure. Used by its state's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "state/keyed_state.h"

namespace penstock {

class ErasureLog {
 public:
  enum class Kind : uint8_t {
    kEntry,      // an entry of a fixed state, an element of a key of a map state, a timer
    kKey,        // all elements of a key
    kNamespace,  // everything in a namespace
  };
  struct Erasure {
    Kind kind;
    int64_t name_space;
    StateKey key;
    std::string_view element;
  };

  // Logs from now on, at most about `state_bytes` / 4 of memory, but 16 MiB in any case.
  void Start(size_t state_bytes);
  // Forgets everything.
  void Stop();
  bool active() const { return active_; }
  // There was more than it may hold: it has stopped, and what was erased since the cut is not known.
  bool overflowed() const { return overflowed_; }

  void Add(uint32_t epoch, const Erasure& erasure) {
    if (active_) Append(epoch, erasure);
  }
  void DropBefore(uint32_t epoch);
  // What was erased in epoch `from` or later, oldest first; views into the log.
  template <typename Visit>
  void ForEach(uint32_t from, const Visit& visit) const {
    for (const Entry& entry : entries_) {
      if (entry.epoch < from) continue;
      std::string_view key = std::string_view(bytes_).substr(entry.offset, entry.key_size);
      std::string_view element =
          std::string_view(bytes_).substr(entry.offset + entry.key_size, entry.element_size);
      visit(Erasure{entry.kind, entry.name_space, {key, entry.hash}, element});
    }
  }
  size_t MemoryBytes() const { return entries_.capacity() * sizeof(Entry) + bytes_.capacity(); }

 private:
  struct Entry {
    uint64_t hash;
    int64_t name_space;
    uint64_t offset;  // of the key in bytes_; the element follows it
    uint32_t key_size;
    uint32_t element_size;
    uint32_t epoch;
    Kind kind;
  };
  void Append(uint32_t epoch, const Erasure& erasure);

  bool active_ = false;
  bool overflowed_ = false;
  size_t limit_ = 0;
  std::vector<Entry> entries_;
  std::string bytes_;
};

}  // namespace penstock
