// The index, slots and key arena of a segment.
#include "state/hash/flat_table.h"

#include <algorithm>

namespace penstock {

FlatTable::FlatTable(const SlotLayout& layout)
    : stride_(layout.stride()),
      value_offset_(layout.value_offset()),
      key_room_(std::min<size_t>(layout.value_offset() - SlotLayout::kKey, kFree - 1)),
      layout_(layout) {
  while (stride_ << (block_bits_ + 1) <= kBlockBytes) ++block_bits_;
}

size_t FlatTable::MemoryBytes() const {
  size_t allocations = blocks_.size() + arena_.size() + (index_.empty() ? 0 : 1);
  return room_ * stride_ + index_.size() * sizeof(uint32_t) + blocks_.capacity() * sizeof(blocks_[0]) +
         epochs_.capacity() * sizeof(uint32_t) + arena_bytes_ + arena_.capacity() * sizeof(arena_[0]) +
         allocations * kAllocation;
}

// At most three quarters of an index are used. It grows a little before, so that erased entries alone do not
// make it be made anew all the time. Its positions tell all slots apart, also those that are free.
size_t FlatTable::IndexFor(size_t entries) const {
  size_t size = 8;
  while (entries * 8 > size * 5 || used_ + 2 > size) size *= 2;
  return size;
}

size_t FlatTable::GrownBytes() const {
  size_t index = index_used_ >= index_room_ ? IndexFor(size_ + 1) : index_.size();
  size_t slots = free_ == kNoSlot && used_ == room_ ? MoreSlots() : 0;
  return (room_ + slots) * stride_ + index * sizeof(uint32_t);
}

void FlatTable::MakeIndex(size_t size) {
  index_.assign(size, 0);
  mask_ = static_cast<uint32_t>(size - 1);
  index_used_ = 0;
  index_room_ = static_cast<uint32_t>(size / 4 * 3);
}

void FlatTable::AddToIndex(uint64_t hash, uint32_t slot) {
  uint32_t at = static_cast<uint32_t>(hash) & mask_;
  while (index_[at] != 0) at = (at + 1) & mask_;
  index_[at] = (static_cast<uint32_t>(hash) & ~mask_) | (slot + 1);
  ++index_used_;
}

size_t FlatTable::MoreSlots() const {
  size_t block = size_t{1} << block_bits_;
  if (room_ >= block) return block;
  return std::min(block - room_, std::max<size_t>(room_ / 2, kFirstSlots));
}

bool FlatTable::AddSlots() {
  size_t slots = MoreSlots();
  bool first_grows = room_ > 0 && room_ < 1U << block_bits_;
  auto made = std::make_unique_for_overwrite<uint8_t[]>((first_grows ? room_ + slots : slots) * stride_);
  if (first_grows) {
    std::memcpy(made.get(), blocks_[0].get(), used_ * stride_);
    blocks_[0] = std::move(made);
  } else {
    blocks_.push_back(std::move(made));
  }
  room_ += static_cast<uint32_t>(slots);
  epochs_.resize((room_ >> kEpochBits) + 1);
  return first_grows;
}

bool FlatTable::Grow() {
  if (index_used_ >= index_room_) {
    MakeIndex(IndexFor(size_ + 1));
    for (uint32_t slot = 0; slot < used_; ++slot) {
      uint8_t* at = SlotAt(slot);
      if (KeySizeOf(at) != kFree) AddToIndex(HashOf(at), slot);
    }
  }
  return free_ == kNoSlot && used_ == room_ && AddSlots();
}

uint32_t FlatTable::PositionOf(std::string_view key, uint64_t hash) const {
  if (index_.empty()) return kNoSlot;
  const uint32_t mask = mask_, rest = static_cast<uint32_t>(hash) & ~mask;
  for (uint32_t at = static_cast<uint32_t>(hash) & mask;; at = (at + 1) & mask) {
    uint32_t entry = index_[at];
    if (entry == 0) return kNoSlot;
    if ((entry & ~mask) == rest && entry != mask && Matches(SlotAt(SlotIn(entry)), key, hash)) return at;
  }
}

void FlatTable::PrefetchSlot(uint64_t hash) const {
  if (index_.empty()) return;
  const uint32_t mask = mask_, rest = static_cast<uint32_t>(hash) & ~mask;
  for (uint32_t at = static_cast<uint32_t>(hash) & mask;; at = (at + 1) & mask) {
    uint32_t entry = index_[at];
    if (entry == 0) return;
    if ((entry & ~mask) != rest || entry == mask) continue;
    const uint8_t* slot = SlotAt(SlotIn(entry));
    __builtin_prefetch(slot);
    __builtin_prefetch(slot + std::min<size_t>(stride_ - 1, 127));
    return;
  }
}

uint32_t FlatTable::FindSlot(std::string_view key, uint64_t hash, bool* created) {
  DCHECK(!full());
  const uint32_t mask = mask_, rest = static_cast<uint32_t>(hash) & ~mask;
  uint32_t erased = kNoSlot, at = static_cast<uint32_t>(hash) & mask;
  for (uint32_t entry = 0; (entry = index_[at]) != 0; at = (at + 1) & mask) {
    if (entry == mask) erased = std::min(erased, at);
    if ((entry & ~mask) != rest || entry == mask) continue;
    if (!Matches(SlotAt(SlotIn(entry)), key, hash)) continue;
    *created = false;
    return SlotIn(entry);
  }
  *created = true;
  uint32_t slot = TakeSlot(key, hash);
  if (erased == kNoSlot) ++index_used_;
  index_[erased == kNoSlot ? at : erased] = rest | (slot + 1);
  return slot;
}

uint32_t FlatTable::TakeSlot(std::string_view key, uint64_t hash) {
  uint32_t number = free_ == kNoSlot ? used_++ : free_;
  uint8_t* slot = SlotAt(number);
  if (number == free_) free_ = static_cast<uint32_t>(HashOf(slot));
  KeySizeOf(slot) = kFree;
  StoreKey(slot, key);
  HashOf(slot) = hash;
  ++size_;
  return number;
}

bool FlatTable::Erase(std::string_view key, uint64_t hash) {
  uint32_t at = PositionOf(key, hash);
  if (at == kNoSlot) return false;
  uint32_t number = SlotIn(index_[at]);
  uint8_t* slot = SlotAt(number);
  if (KeySizeOf(slot) == kLong) arena_live_ -= ArenaBytes(KeyOf(slot));
  KeySizeOf(slot) = kFree;
  HashOf(slot) = free_;
  free_ = number;
  --size_;
  // A search that comes here goes on behind it, unless there is nothing.
  index_[at] = mask_;
  if (index_[(at + 1) & mask_] != 0) return true;
  for (; index_[at] == mask_; at = (at - 1) & mask_, --index_used_) index_[at] = 0;
  return true;
}

void FlatTable::StoreKey(uint8_t* slot, std::string_view key) {
  uint8_t* room = slot + SlotLayout::kKey;
  if (key.size() <= key_room_) {
    KeySizeOf(slot) = static_cast<uint8_t>(key.size());
    std::memcpy(room, key.data(), key.size());
    return;
  }
  size_t bytes = ArenaBytes(key);
  // What erased keys have left there is given back once it is more than half.
  if (arena_used_ + bytes > arena_size_ && (arena_live_ + bytes) * 2 < arena_bytes_) CompactArena();
  char* to = ArenaRoom(bytes);
  auto size = static_cast<uint32_t>(key.size());
  std::memcpy(to, &size, sizeof(size));
  std::memcpy(to + sizeof(size), key.data(), key.size());
  std::memcpy(room, &to, sizeof(to));
  KeySizeOf(slot) = kLong;
}

char* FlatTable::ArenaRoom(size_t bytes) {
  if (arena_used_ + bytes > arena_size_) {
    arena_size_ = std::max(bytes, std::clamp<size_t>(arena_bytes_ / 4, 1024, size_t{1} << 15));
    arena_.push_back(std::make_unique_for_overwrite<char[]>(arena_size_));
    arena_bytes_ += arena_size_;
    arena_used_ = 0;
  }
  arena_used_ += bytes;
  arena_live_ += bytes;
  return arena_.back().get() + arena_used_ - bytes;
}

void FlatTable::CompactArena() {
  std::vector<std::unique_ptr<char[]>> old = std::move(arena_);
  arena_.clear();
  arena_used_ = arena_size_ = arena_bytes_ = arena_live_ = 0;
  ForEach([&](const Entry& entry) {
    uint8_t* slot = entry.value - value_offset_;
    if (KeySizeOf(slot) == kLong) StoreKey(slot, entry.key);
  });
}

void FlatTable::Adopt(const Entry& entry) {
  if (full()) Grow();
  uint32_t number = used_++;
  uint8_t* slot = SlotAt(number);
  // Layouts for the same values are alike up to the time.
  std::memcpy(slot, entry.value - value_offset_, layout_.time_offset());
  if (KeySizeOf(slot) == kLong) {
    KeySizeOf(slot) = kFree;
    StoreKey(slot, entry.key);
  }
  Stamp(slot, entry.time, entry.epoch);
  AddToIndex(entry.hash, number);
  ++size_;
  uint32_t& newest = epochs_[number >> kEpochBits];
  newest = std::max(newest, entry.epoch);
}

}  // namespace penstock
