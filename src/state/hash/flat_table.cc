// Probing, growth and the key arena of a segment.
#include "state/hash/flat_table.h"

#include <algorithm>

namespace penstock {

size_t FlatTable::CapacityFor(size_t entries) const {
  size_t capacity = 8;
  while (entries * 10 > capacity * 7) capacity *= 2;
  // Half full after growing, so that tombstones alone do not make it grow again soon.
  return size_ * 2 > capacity ? capacity * 2 : capacity;
}

void FlatTable::Allocate(size_t capacity) {
  capacity_ = capacity;
  slots_.assign(capacity * stride_, 0);
  block_epochs_.assign((capacity >> kBlockBits) + 1, 0);
}

void FlatTable::StoreKey(uint8_t* slot, std::string_view key) {
  uint8_t* room = slot + SlotLayout::kHeader;
  Meta(slot)->key_size = static_cast<uint32_t>(key.size());
  if (key.size() <= layout_.key_room) {
    std::memcpy(room, key.data(), key.size());
    return;
  }
  if (arena_used_ + key.size() > arena_size_) {
    arena_size_ = std::max<size_t>(key.size(), std::clamp<size_t>(arena_bytes_, 1024, size_t{1} << 16));
    arena_.push_back(std::make_unique<char[]>(arena_size_));
    arena_bytes_ += arena_size_;
    arena_used_ = 0;
  }
  const char* at = arena_.back().get() + arena_used_;
  std::memcpy(arena_.back().get() + arena_used_, key.data(), key.size());
  arena_used_ += key.size();
  std::memcpy(room, &at, sizeof(at));
}

uint8_t* FlatTable::FindOrInsert(std::string_view key, uint64_t hash, int64_t now, uint32_t epoch,
                                 bool* created) {
  DCHECK(!full());
  size_t mask = capacity_ - 1;
  constexpr size_t kNone = SIZE_MAX;
  size_t erased = kNone;
  epoch_ = epoch;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    uint8_t* slot = At(i);
    SlotMeta* meta = Meta(slot);
    if (meta->state == kFull) {
      if (!Matches(slot, key, hash)) continue;
      *created = false;
      meta->time = now;
      meta->epoch = epoch;
      block_epochs_[i >> kBlockBits] = epoch;
      return slot + layout_.value_offset();
    }
    if (meta->state == kErased) {
      // The tombstone of the key itself is the one to come back to life: a key has one slot.
      if (erased == kNone || Matches(slot, key, hash)) erased = i;
      continue;
    }
    size_t at = i;
    bool reused = erased != kNone;
    if (reused) {
      at = erased;
      slot = At(at);
      --tombstones_;
    }
    bool keeps_key = reused && Matches(slot, key, hash);
    if (!keeps_key) StoreKey(slot, key);
    meta = Meta(slot);
    meta->hash = hash;
    meta->time = now;
    meta->epoch = epoch;
    meta->state = kFull;
    block_epochs_[at >> kBlockBits] = epoch;
    ++size_;
    *created = true;
    return slot + layout_.value_offset();
  }
}

uint8_t* FlatTable::Load(std::string_view key, uint64_t hash, int64_t time, uint32_t epoch) {
  uint32_t newest = std::max(epoch_, epoch);
  bool created = false;
  uint8_t* value = FindOrInsert(key, hash, time, epoch, &created);
  // What is known of its block is overwritten: the table's newest is never too old.
  epoch_ = newest;
  auto slot = static_cast<size_t>(value - slots_.data()) / stride_;
  block_epochs_[slot >> kBlockBits] = newest;
  return value;
}

uint8_t* FlatTable::Find(std::string_view key, uint64_t hash) {
  if (capacity_ == 0) return nullptr;
  size_t mask = capacity_ - 1;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    uint8_t* slot = At(i);
    if (Meta(slot)->state == kEmpty) return nullptr;
    if (Meta(slot)->state == kFull && Matches(slot, key, hash)) return slot + layout_.value_offset();
  }
}

bool FlatTable::Erase(std::string_view key, uint64_t hash) {
  uint8_t* value = Find(key, hash);
  if (value == nullptr) return false;
  Meta(value - layout_.value_offset())->state = kErased;
  --size_;
  ++tombstones_;
  return true;
}

void FlatTable::Adopt(uint8_t* from, std::string_view key) {
  size_t mask = capacity_ - 1;
  size_t to = Meta(from)->hash & mask;
  while (Meta(At(to))->state != kEmpty) to = (to + 1) & mask;
  std::memcpy(At(to), from, stride_);
  if (key.size() > layout_.key_room) StoreKey(At(to), key);
  uint32_t& newest = block_epochs_[to >> kBlockBits];
  newest = std::max(newest, Meta(from)->epoch);
  ++size_;
}

void FlatTable::Grow() {
  FlatTable grown(layout_);
  grown.Allocate(CapacityFor(size_ + 1));
  grown.epoch_ = epoch_;
  ForEach([&](const Entry& entry) { grown.Adopt(entry.value - layout_.value_offset(), entry.key); });
  *this = std::move(grown);
}

}  // namespace penstock
