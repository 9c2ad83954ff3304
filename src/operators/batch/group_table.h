// GroupTable: a hash table from key bytes to a fixed number of bytes, for aggregation in batch mode. Entries
// stay where they are until Clear. What it will take is known before it grows. Used by one thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "operators/batch/spill/byte_arena.h"

namespace penstock {

class GroupTable {
 public:
  // REQUIRES: `width` is a multiple of 8.
  explicit GroupTable(size_t width) : width_(width) {}

  // The bytes of a key; `created` tells that they are new and undefined.
  uint8_t* Access(std::string_view key, uint64_t hash, bool* created) {
    if ((size_ + 1) * 2 > slots_.size()) Grow();
    size_t mask = slots_.size() - 1;
    size_t at = hash & mask;
    for (; slots_[at].entry != nullptr; at = (at + 1) & mask) {
      if (slots_[at].hash != hash || KeyOf(slots_[at].entry) != key) continue;
      *created = false;
      return reinterpret_cast<uint8_t*>(slots_[at].entry);
    }
    char* entry = arena_.Take(EntryBytes(key.size()));
    auto size = static_cast<uint32_t>(key.size());
    std::memcpy(entry + width_, &size, sizeof(size));
    std::memcpy(entry + width_ + sizeof(size), key.data(), key.size());
    slots_[at] = {hash, entry};
    ++size_;
    *created = true;
    return reinterpret_cast<uint8_t*>(entry);
  }
  void Prefetch(uint64_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]);
  }

  size_t size() const { return size_; }
  // At most what it would hold after `keys` more keys of `key_bytes` altogether. While slots move, both
  // copies are there.
  size_t BytesWith(size_t keys, size_t key_bytes) const {
    size_t slots = slots_.size(), moving = 0;
    while ((size_ + keys) * 2 > slots) {
      moving = slots;
      slots = slots == 0 ? kFirstSlots : slots * 2;
    }
    return (slots + moving) * sizeof(Slot) + arena_.bytes() +
           arena_.Growth(key_bytes + keys * (width_ + sizeof(uint32_t) + 8));
  }
  void Clear() {
    slots_ = {};
    arena_.Clear();
    size_ = 0;
  }

  // Walks through the entries in no order: `at` starts at 0 and is moved on; false behind the last one.
  bool Next(size_t* at, uint64_t* hash, std::string_view* key, const uint8_t** value) const {
    while (*at < slots_.size() && slots_[*at].entry == nullptr) ++*at;
    if (*at >= slots_.size()) return false;
    const Slot& slot = slots_[(*at)++];
    *hash = slot.hash;
    *key = KeyOf(slot.entry);
    *value = reinterpret_cast<const uint8_t*>(slot.entry);
    return true;
  }

 private:
  struct Slot {
    uint64_t hash = 0;
    char* entry = nullptr;
  };
  static constexpr size_t kFirstSlots = 64;

  size_t EntryBytes(size_t key) const { return width_ + sizeof(uint32_t) + key; }
  std::string_view KeyOf(const char* entry) const {
    uint32_t size = 0;
    std::memcpy(&size, entry + width_, sizeof(size));
    return {entry + width_ + sizeof(size), size};
  }
  void Grow() {
    std::vector<Slot> old = std::move(slots_);
    slots_.assign(old.empty() ? kFirstSlots : old.size() * 2, Slot());
    size_t mask = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.entry == nullptr) continue;
      size_t at = slot.hash & mask;
      while (slots_[at].entry != nullptr) at = (at + 1) & mask;
      slots_[at] = slot;
    }
  }

  size_t width_;
  std::vector<Slot> slots_;
  ByteArena arena_;
  size_t size_ = 0;
};

}  // namespace penstock
