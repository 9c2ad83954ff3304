// FlatTable: one segment of a hot table: open addressing with linear probing over fixed-size slots. A slot
// holds the key's hash, the time of the last write, the epoch of the last change, the key (inline where it
// fits, else in the table's arena) and the value's bytes: one or two cache lines an access. Each is grown and
// rehashed alone. An erased entry stays as a tombstone with its key until then. The newest epoch of each
// block of slots finds what changed without a walk through all of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace penstock {

// How the slots of all segments of a table are laid out.
struct SlotLayout {
  size_t key_room = 16;  // bytes for a key in the slot; a longer one goes to the arena
  size_t value_width = 0;
  static constexpr size_t kHeader = 24;
  size_t value_offset() const { return kHeader + key_room; }
  size_t stride() const { return value_offset() + (value_width + 7) / 8 * 8; }
  // Room for keys like this one, which is the first of a table: most tables have keys of one size.
  static size_t RoomFor(size_t key_size) {
    return key_size <= 16 ? 16 : key_size <= 48 ? (key_size + 7) / 8 * 8 : 24;
  }
};

class FlatTable {
 public:
  explicit FlatTable(const SlotLayout& layout) : layout_(layout), stride_(layout.stride()) {}

  size_t size() const { return size_; }
  size_t MemoryBytes() const {
    return slots_.size() + arena_bytes_ + block_epochs_.size() * sizeof(uint32_t);
  }
  // Epoch of the last change of any entry.
  uint32_t epoch() const { return epoch_; }
  // Whether an insertion needs Grow (or a split) first, and what the slots would take after growing.
  bool full() const { return (size_ + tombstones_ + 1) * 10 > capacity_ * 7; }
  size_t GrownBytes() const { return CapacityFor(size_ + 1) * stride_; }
  // Moves every entry into slots with room for more, without tombstones.
  void Grow();
  // Moves the entries for which `pick(hash)` is true into another, empty segment.
  template <typename Pick>
  void MoveTo(FlatTable* other, const Pick& pick);

  // The entry's value; `created` tells whether it is new: then its bytes are undefined. REQUIRES: !full().
  uint8_t* FindOrInsert(std::string_view key, uint64_t hash, int64_t now, uint32_t epoch, bool* created);
  // Puts back an entry that changed in `epoch`, which may be long ago, as it was. REQUIRES: !full().
  uint8_t* Load(std::string_view key, uint64_t hash, int64_t time, uint32_t epoch);
  uint8_t* Find(std::string_view key, uint64_t hash);
  bool Erase(std::string_view key, uint64_t hash);
  void Prefetch(uint64_t hash) const {
    if (capacity_ > 0) __builtin_prefetch(slots_.data() + (hash & (capacity_ - 1)) * stride_);
  }

  struct Entry {
    std::string_view key;
    uint64_t hash;
    int64_t time;
    uint8_t* value;
    uint32_t epoch = 0;  // of its last change
  };
  // All entries, in no order.
  template <typename Visit>
  void ForEach(const Visit& visit) {
    for (size_t i = 0; i < capacity_; ++i) {
      uint8_t* slot = At(i);
      if (Meta(slot)->state == kFull) visit(EntryOf(slot));
    }
  }
  // Entries changed in epoch `from` or later; not those that were erased.
  template <typename Visit>
  void ForEachChanged(uint32_t from, const Visit& visit) {
    if (epoch_ < from) return;
    for (size_t block = 0; block < block_epochs_.size(); ++block) {
      if (block_epochs_[block] < from) continue;
      size_t end = std::min(capacity_, (block + 1) << kBlockBits);
      for (size_t i = block << kBlockBits; i < end; ++i) {
        uint8_t* slot = At(i);
        if (Meta(slot)->state == kFull && Meta(slot)->epoch >= from) visit(EntryOf(slot));
      }
    }
  }
  int64_t TimeOf(const uint8_t* value) const { return MetaOf(value)->time; }
  // The entry of a value of any segment with this layout.
  Entry EntryAt(uint8_t* value) const { return EntryOf(value - layout_.value_offset()); }

 private:
  enum State : uint32_t { kEmpty = 0, kFull = 1, kErased = 2 };
  struct SlotMeta {
    uint64_t hash;
    int64_t time;
    uint32_t epoch;
    uint32_t state : 2;
    uint32_t key_size : 30;
  };
  static_assert(sizeof(SlotMeta) == SlotLayout::kHeader);

  uint8_t* At(size_t i) { return slots_.data() + i * stride_; }
  static SlotMeta* Meta(uint8_t* slot) { return reinterpret_cast<SlotMeta*>(slot); }
  const SlotMeta* MetaOf(const uint8_t* value) const {
    return reinterpret_cast<const SlotMeta*>(value - layout_.value_offset());
  }
  std::string_view KeyOf(uint8_t* slot) const {
    size_t size = Meta(slot)->key_size;
    const char* key = reinterpret_cast<const char*>(slot) + SlotLayout::kHeader;
    if (size > layout_.key_room) std::memcpy(&key, key, sizeof(key));
    return {key, size};
  }
  Entry EntryOf(uint8_t* slot) const {
    return {KeyOf(slot), Meta(slot)->hash, Meta(slot)->time, slot + layout_.value_offset(),
            Meta(slot)->epoch};
  }
  bool Matches(uint8_t* slot, std::string_view key, uint64_t hash) const {
    return Meta(slot)->hash == hash && KeyOf(slot) == key;
  }
  static constexpr int kBlockBits = 5;  // 32 slots share one entry of block_epochs_

  size_t CapacityFor(size_t entries) const;
  void Allocate(size_t capacity);
  void StoreKey(uint8_t* slot, std::string_view key);
  // Copies a live slot of another segment of the same layout to a free place.
  void Adopt(uint8_t* from, std::string_view key);

  SlotLayout layout_;
  size_t stride_;
  size_t capacity_ = 0;  // a power of two, or 0
  size_t size_ = 0;
  size_t tombstones_ = 0;
  uint32_t epoch_ = 0;
  std::vector<uint8_t> slots_;
  std::vector<uint32_t> block_epochs_;  // of the last change in each block of slots
  std::vector<std::unique_ptr<char[]>> arena_;
  size_t arena_used_ = 0, arena_size_ = 0, arena_bytes_ = 0;
};

template <typename Pick>
void FlatTable::MoveTo(FlatTable* other, const Pick& pick) {
  FlatTable rest(layout_);
  size_t moved = 0;
  ForEach([&](const Entry& entry) { moved += pick(entry.hash) ? 1 : 0; });
  if (moved > 0) other->Allocate(other->CapacityFor(moved + 1));
  if (moved < size_) rest.Allocate(rest.CapacityFor(size_ - moved + 1));
  ForEach([&](const Entry& entry) {
    (pick(entry.hash) ? other : &rest)->Adopt(entry.value - layout_.value_offset(), entry.key);
  });
  other->epoch_ = rest.epoch_ = epoch_;
  *this = std::move(rest);
}

}  // namespace penstock
