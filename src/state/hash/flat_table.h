// FlatTable: open addressing with linear probing over fixed-size slots: hash, last-write time, key (inline up
// to 12 bytes, else in an arena) and the value's bytes inline. The table of hot state: one cache line or two
// per access. Growth at least doubles the slots; pointers into values are valid until the next insertion.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace penstock {

class FlatTable {
 public:
  explicit FlatTable(size_t value_width) : stride_(kHeader + (value_width + 7) / 8 * 8) {}

  size_t size() const { return size_; }
  size_t MemoryBytes() const { return slots_.size() + arena_bytes_; }

  // Makes room so that `more` insertions do not move anything.
  void Reserve(size_t more) {
    if ((size_ + tombstones_ + more) * 10 > capacity_ * 7) Rehash(size_ + more);
  }
  // The slot's value; `created` tells whether it is new. REQUIRES: room was reserved.
  uint8_t* FindOrInsert(std::string_view key, uint64_t hash, int64_t now, bool* created);
  uint8_t* Find(std::string_view key, uint64_t hash);
  bool Erase(std::string_view key, uint64_t hash);
  void Prefetch(uint64_t hash) const {
    if (capacity_ > 0) __builtin_prefetch(slots_.data() + (hash & (capacity_ - 1)) * stride_);
  }

  // Calls visit(key, hash, value, time) for every entry, in no order.
  template <typename Visit>
  void ForEach(Visit visit) {
    for (size_t i = 0; i < capacity_; ++i) {
      uint8_t* slot = At(i);
      if (Meta(slot)->state == kFull) visit(KeyOf(slot), Meta(slot)->hash, slot + kHeader, Meta(slot)->time);
    }
  }
  static int64_t TimeOf(const uint8_t* value) {
    return reinterpret_cast<const SlotMeta*>(value - kHeader)->time;
  }
  static void SetTime(uint8_t* value, int64_t time) {
    reinterpret_cast<SlotMeta*>(value - kHeader)->time = time;
  }

 private:
  enum State : uint8_t { kEmpty = 0, kFull = 1, kErased = 2 };
  static constexpr size_t kInline = 12;
  struct SlotMeta {
    uint64_t hash;
    int64_t time;
    uint32_t key_size;
    char key[kInline];  // the key, or a pointer into the arena
    uint8_t state;
    uint8_t pad[7];
  };
  static constexpr size_t kHeader = sizeof(SlotMeta);

  uint8_t* At(size_t i) { return slots_.data() + i * stride_; }
  static SlotMeta* Meta(uint8_t* slot) { return reinterpret_cast<SlotMeta*>(slot); }
  static std::string_view KeyOf(uint8_t* slot) {
    SlotMeta* meta = Meta(slot);
    if (meta->key_size <= kInline) return {meta->key, meta->key_size};
    const char* data = nullptr;
    std::memcpy(&data, meta->key, sizeof(data));
    return {data, meta->key_size};
  }
  void StoreKey(SlotMeta* meta, std::string_view key);
  // Moves every entry to a table with room for `entries`, without tombstones.
  void Rehash(size_t entries);

  size_t stride_;
  size_t capacity_ = 0;  // a power of two, or 0
  size_t size_ = 0;
  size_t tombstones_ = 0;
  std::vector<uint8_t> slots_;
  std::vector<std::unique_ptr<char[]>> arena_;
  size_t arena_used_ = 0, arena_size_ = 0, arena_bytes_ = 0;
};

}  // namespace penstock
