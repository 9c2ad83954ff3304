// Probing, growth and the key arena of FlatTable.
#include "state/hash/flat_table.h"

#include <algorithm>

namespace penstock {

void FlatTable::StoreKey(SlotMeta* meta, std::string_view key) {
  meta->key_size = static_cast<uint32_t>(key.size());
  if (key.size() <= kInline) {
    std::memcpy(meta->key, key.data(), key.size());
    return;
  }
  if (arena_used_ + key.size() > arena_size_) {
    arena_size_ =
        std::max<size_t>(key.size(), std::min<size_t>(size_t{1} << 20, std::max<size_t>(1024, arena_bytes_)));
    arena_.push_back(std::make_unique<char[]>(arena_size_));
    arena_bytes_ += arena_size_;
    arena_used_ = 0;
  }
  char* at = arena_.back().get() + arena_used_;
  std::memcpy(at, key.data(), key.size());
  arena_used_ += key.size();
  const char* pointer = at;
  std::memcpy(meta->key, &pointer, sizeof(pointer));
}

uint8_t* FlatTable::FindOrInsert(std::string_view key, uint64_t hash, int64_t now, bool* created) {
  DCHECK(capacity_ > 0);
  size_t mask = capacity_ - 1;
  uint8_t* erased = nullptr;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    uint8_t* slot = At(i);
    SlotMeta* meta = Meta(slot);
    if (meta->state == kFull) {
      if (meta->hash == hash && KeyOf(slot) == key) {
        *created = false;
        meta->time = now;
        return slot + kHeader;
      }
    } else if (meta->state == kErased) {
      if (erased == nullptr) erased = slot;
    } else {
      if (erased != nullptr) {
        slot = erased;
        meta = Meta(slot);
        --tombstones_;
      }
      meta->hash = hash;
      meta->time = now;
      meta->state = kFull;
      StoreKey(meta, key);
      ++size_;
      *created = true;
      return slot + kHeader;
    }
  }
}

uint8_t* FlatTable::Find(std::string_view key, uint64_t hash) {
  if (capacity_ == 0) return nullptr;
  size_t mask = capacity_ - 1;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    uint8_t* slot = At(i);
    SlotMeta* meta = Meta(slot);
    if (meta->state == kEmpty) return nullptr;
    if (meta->state == kFull && meta->hash == hash && KeyOf(slot) == key) return slot + kHeader;
  }
}

bool FlatTable::Erase(std::string_view key, uint64_t hash) {
  uint8_t* value = Find(key, hash);
  if (value == nullptr) return false;
  Meta(value - kHeader)->state = kErased;
  --size_;
  ++tombstones_;
  return true;
}

void FlatTable::Rehash(size_t entries) {
  size_t old_capacity = capacity_;
  std::vector<uint8_t> old = std::move(slots_);
  capacity_ = std::max<size_t>(16, old_capacity);
  while (entries * 10 > capacity_ * 7) capacity_ *= 2;
  slots_.assign(capacity_ * stride_, 0);
  tombstones_ = 0;
  size_t mask = capacity_ - 1;
  for (size_t i = 0; i < old_capacity; ++i) {
    uint8_t* from = old.data() + i * stride_;
    if (Meta(from)->state != kFull) continue;
    size_t to = Meta(from)->hash & mask;
    while (Meta(At(to))->state == kFull) to = (to + 1) & mask;
    std::memcpy(At(to), from, stride_);
  }
}

}  // namespace penstock
