// FlatTable: one segment of a hot table. Entries lie densely in slots of one size, in blocks of about 64 KB,
// in the order in which they came; a slot that became free is the next to be used. A slot holds the key's
// hash, the epoch of the last change, the key (in the slot where it fits, else in the table's arena), the
// value's bytes and, where the table keeps them, the time of the last write. Slots are found through an index
// with open addressing and linear probing, four bytes an entry: the slot's number and above it, in place of
// the bits of the hash that are the position, the others of its lower half. So a search reads one line of the
// index and mostly one slot, growth makes the index anew and copies no entry, and what a table takes is close
// to what its entries are. The newest epoch of each few slots finds what changed without a walk through all.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace penstock {

// How the slots of all segments of a table are laid out: hash, epoch, size of the key, key; from the next
// multiple of 8 the value; the time.
struct SlotLayout {
  static constexpr size_t kEpoch = 8, kKeySize = 12, kKey = 13;  // offsets; the hash is at 0
  size_t key_room = 11;  // bytes for a key in the slot, at least; a longer one goes to the arena
  size_t value_width = 0;
  bool times = false;  // whether the time of the last write is kept
  size_t value_offset() const { return (kKey + std::max(key_room, sizeof(char*)) + 7) / 8 * 8; }
  size_t time_offset() const { return value_offset() + (value_width + 7) / 8 * 8; }
  size_t stride() const { return time_offset() + (times ? sizeof(int64_t) : 0); }
  // Room for keys like this one, which is the first of a table: most tables have keys of one size.
  static size_t RoomFor(size_t key_size) { return key_size <= 48 ? key_size : 24; }
};

class FlatTable {
 public:
  explicit FlatTable(const SlotLayout& layout);

  size_t size() const { return size_; }
  // What it takes in memory, with the allocator's share.
  size_t MemoryBytes() const;
  // Epoch of the last change of any entry.
  uint32_t epoch() const { return epoch_; }
  // Whether an insertion needs Grow (or a split) first, and what slots and index would take after growing.
  bool full() const { return index_used_ >= index_room_ || (free_ == kNoSlot && used_ == room_); }
  size_t GrownBytes() const;
  // Makes room for another entry. True where values found earlier may now lie elsewhere.
  bool Grow();
  // Moves the entries for which `pick(hash)` is true into another, empty segment, and the rest together.
  template <typename Pick>
  void MoveTo(FlatTable* other, const Pick& pick);
  // Moves all entries into an empty segment, which may have another layout for the same values.
  void MoveAllTo(FlatTable* other) {
    MoveTo(other, [](uint64_t) { return true; });
  }
  // Whether most of its memory is held by slots that are free: MoveAllTo would give it back.
  bool sparse() const { return used_ > kSmall && size_ * 2 < used_; }

  // The entry's value; `created` tells whether it is new: then its bytes are undefined. REQUIRES: !full().
  uint8_t* FindOrInsert(std::string_view key, uint64_t hash, int64_t now, uint32_t epoch, bool* created) {
    epoch_ = epoch;
    uint32_t slot = FindSlot(key, hash, created);
    epochs_[slot >> kEpochBits] = epoch;
    return Stamp(SlotAt(slot), now, epoch);
  }
  // Puts back an entry that changed in `epoch`, which may be long ago, as it was. REQUIRES: !full().
  uint8_t* Load(std::string_view key, uint64_t hash, int64_t time, uint32_t epoch) {
    bool created = false;
    epoch_ = std::max(epoch_, epoch);
    uint32_t slot = FindSlot(key, hash, &created);
    uint32_t& newest = epochs_[slot >> kEpochBits];
    newest = std::max(newest, epoch);
    return Stamp(SlotAt(slot), time, epoch);
  }
  uint8_t* Find(std::string_view key, uint64_t hash) const {
    uint32_t at = PositionOf(key, hash);
    return at == kNoSlot ? nullptr : SlotAt(SlotIn(index_[at])) + value_offset_;
  }
  bool Erase(std::string_view key, uint64_t hash);
  // Two steps ahead of a search: brings its part of the index nearer, and, that being near, its slot.
  void Prefetch(uint64_t hash) const { __builtin_prefetch(index_.data() + (hash & mask_)); }
  void PrefetchSlot(uint64_t hash) const;

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
    for (uint32_t slot = 0; slot < used_; ++slot) {
      uint8_t* at = SlotAt(slot);
      if (KeySizeOf(at) != kFree) visit(EntryOf(at));
    }
  }
  // The entries of the next slots from `slot` on, which `visit` may erase; takes off `*slots` those it looked
  // at, at least 1. The slot to go on with, 0 at the end.
  template <typename Visit>
  uint32_t Walk(uint32_t slot, size_t* slots, const Visit& visit) {
    for (; *slots > 0 && slot < used_; ++slot, --*slots) {
      uint8_t* at = SlotAt(slot);
      if (KeySizeOf(at) != kFree) visit(EntryOf(at));
    }
    if (slot < used_) return slot;
    *slots -= *slots > 0 ? 1 : 0;
    return 0;
  }
  // Entries changed in epoch `from` or later; not those that were erased.
  template <typename Visit>
  void ForEachChanged(uint32_t from, const Visit& visit) {
    if (epoch_ < from) return;
    for (size_t some = 0; some < epochs_.size(); ++some) {
      if (epochs_[some] < from) continue;
      auto slot = static_cast<uint32_t>(some << kEpochBits);
      for (uint32_t end = std::min(used_, slot + (1U << kEpochBits)); slot < end; ++slot) {
        uint8_t* at = SlotAt(slot);
        if (KeySizeOf(at) != kFree && EpochOf(at) >= from) visit(EntryOf(at));
      }
    }
  }
  int64_t TimeOf(const uint8_t* value) const {
    int64_t time = 0;
    if (layout_.times) std::memcpy(&time, value + (layout_.time_offset() - value_offset_), sizeof(time));
    return time;
  }
  // The entry of a value of any segment with this layout.
  Entry EntryAt(uint8_t* value) const { return EntryOf(value - value_offset_); }

 private:
  // Sizes of keys that are none: the slot is free, the room holds where the key is in the arena.
  static constexpr uint8_t kFree = 254, kLong = 255;
  static constexpr uint32_t kNoSlot = ~uint32_t{0};
  static constexpr uint32_t kFirstSlots = 4, kSmall = 64;
  static constexpr size_t kBlockBytes = size_t{1} << 16;  // of a block, at most, unless a slot takes more
  static constexpr int kEpochBits = 5;                    // 32 slots share one entry of epochs_
  static constexpr size_t kAllocation = 16;               // what an allocation takes beside its bytes

  uint8_t* SlotAt(uint32_t slot) const {
    return blocks_[slot >> block_bits_].get() + (slot & ((1U << block_bits_) - 1)) * stride_;
  }
  static uint64_t& HashOf(uint8_t* slot) { return *reinterpret_cast<uint64_t*>(slot); }
  static uint32_t& EpochOf(uint8_t* slot) { return *reinterpret_cast<uint32_t*>(slot + SlotLayout::kEpoch); }
  static uint8_t& KeySizeOf(uint8_t* slot) { return slot[SlotLayout::kKeySize]; }
  // In the arena a key comes after its size.
  static std::string_view KeyOf(const uint8_t* slot) {
    const char* key = reinterpret_cast<const char*>(slot) + SlotLayout::kKey;
    size_t size = slot[SlotLayout::kKeySize];
    if (size != kLong) return {key, size};
    uint32_t long_size = 0;
    std::memcpy(&key, key, sizeof(key));
    std::memcpy(&long_size, key, sizeof(long_size));
    return {key + sizeof(long_size), long_size};
  }
  Entry EntryOf(uint8_t* slot) const {
    uint8_t* value = slot + value_offset_;
    return {KeyOf(slot), HashOf(slot), TimeOf(value), value, EpochOf(slot)};
  }
  static bool Matches(uint8_t* slot, std::string_view key, uint64_t hash) {
    return HashOf(slot) == hash && KeyOf(slot) == key;
  }
  uint8_t* Stamp(uint8_t* slot, int64_t time, uint32_t epoch) const {
    EpochOf(slot) = epoch;
    if (layout_.times) std::memcpy(slot + layout_.time_offset(), &time, sizeof(time));
    return slot + value_offset_;
  }
  // The index. An entry is 0, or the slot's number plus 1 below and the rest of the hash above; all bits of
  // the number set: one that was erased.
  uint32_t SlotIn(uint32_t entry) const { return (entry & mask_) - 1; }
  // Where in the index a key is; kNoSlot: nowhere.
  uint32_t PositionOf(std::string_view key, uint64_t hash) const;
  size_t IndexFor(size_t entries) const;
  void MakeIndex(size_t size);
  void AddToIndex(uint64_t hash, uint32_t slot);

  // The slot of a key, which gets one where it has none.
  uint32_t FindSlot(std::string_view key, uint64_t hash, bool* created);
  uint32_t TakeSlot(std::string_view key, uint64_t hash);
  // How many slots come next: few at first, up to a block.
  size_t MoreSlots() const;
  bool AddSlots();
  void StoreKey(uint8_t* slot, std::string_view key);
  static size_t ArenaBytes(std::string_view key) { return sizeof(uint32_t) + key.size(); }
  char* ArenaRoom(size_t bytes);
  void CompactArena();
  // Copies an entry of another segment. REQUIRES: there is none of its key; nothing was erased here.
  void Adopt(const Entry& entry);

  std::vector<uint32_t> index_;
  std::vector<std::unique_ptr<uint8_t[]>> blocks_;  // the first grows until it is whole
  std::vector<uint32_t> epochs_;                    // of the last change in each 32 slots
  uint32_t mask_ = 0;                               // of positions in the index
  uint32_t block_bits_ = 0;                         // of the number of a slot in its block
  size_t stride_, value_offset_, key_room_;
  uint32_t free_ = kNoSlot;                   // first of a chain of free slots, through their hashes
  uint32_t used_ = 0, room_ = 0;              // slots: ever given out, and there
  uint32_t index_used_ = 0, index_room_ = 0;  // entries that are not 0, and how many may be
  uint32_t epoch_ = 0;
  size_t size_ = 0;
  SlotLayout layout_;
  std::vector<std::unique_ptr<char[]>> arena_;
  size_t arena_used_ = 0, arena_size_ = 0, arena_bytes_ = 0;  // of the last piece, and of all
  size_t arena_live_ = 0;                                     // bytes that slots name
};

template <typename Pick>
void FlatTable::MoveTo(FlatTable* other, const Pick& pick) {
  FlatTable rest(layout_);
  size_t moved = 0;
  ForEach([&](const Entry& entry) { moved += pick(entry.hash) ? 1 : 0; });
  if (moved > 0) other->MakeIndex(other->IndexFor(moved));
  if (moved < size_) rest.MakeIndex(rest.IndexFor(size_ - moved));
  ForEach([&](const Entry& entry) { (pick(entry.hash) ? other : &rest)->Adopt(entry); });
  other->epoch_ = rest.epoch_ = epoch_;
  *this = std::move(rest);
}

}  // namespace penstock
