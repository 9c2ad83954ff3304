// HashFixedState: FixedState in memory: a SegmentedTable per namespace. Used by its operator's thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "env/clock.h"
#include "state/hash/erasure_log.h"
#include "state/hash/segmented_table.h"
#include "state/keyed_state.h"

namespace penstock {

// Whether something written at `written` is gone. `ttl`: 0 for never.
inline bool IsExpired(int64_t written, int64_t ttl, int64_t now) { return ttl > 0 && written + ttl <= now; }

class HashFixedState : public FixedState {
 public:
  HashFixedState(StateDescriptor descriptor, const KeyGroupRange& range, const Clock* clock)
      : descriptor_(std::move(descriptor)), range_(range), clock_(clock) {}

  Status Access(int64_t name_space, std::span<const StateKey> keys, std::span<uint8_t*> values,
                std::span<uint8_t> created) override;
  const uint8_t* Find(int64_t name_space, StateKey key) override;
  void Erase(int64_t name_space, StateKey key) override;
  void ForEach(int64_t name_space, const Visit& visit) override;
  void ForEachUnordered(int64_t name_space, const Visit& visit) override;
  void EraseNamespace(int64_t name_space) override;
  std::vector<int64_t> Namespaces() const override;
  size_t size(int64_t name_space) const override;

  // Adds an entry of a snapshot.
  void Insert(int64_t name_space, StateKey key, int64_t time, std::string_view value);
  // The state's part of a snapshot (docs/formats/keyed_state.md), and its counterpart: what it owns of one.
  void Snapshot(ByteWriter& out);
  void RestoreGroup(ByteReader& in);
  // Its part of a delta: what changed in epoch `from` or later. False, and nothing written, when nothing did.
  bool WriteDelta(uint32_t from, ByteWriter& out);

  ErasureLog& log() { return log_; }
  const StateDescriptor& descriptor() const { return descriptor_; }
  void set_ttl(int64_t ttl) { descriptor_.ttl_ms = ttl; }
  void set_epoch(uint32_t epoch) { epoch_ = epoch; }
  size_t MemoryBytes() const;

 private:
  using Tables = std::map<int64_t, std::unique_ptr<SegmentedTable>>;
  // An entry of a snapshot or delta; without a value it was erased.
  struct Item {
    int group;
    int64_t name_space;
    FlatTable::Entry entry;
  };
  int64_t Now() const { return descriptor_.ttl_ms > 0 ? clock_->NowMicros() / 1000 : 0; }
  // The namespace's table, made where there is none; `key` is the first of a new state.
  SegmentedTable& Table(int64_t name_space, std::string_view key);
  SegmentedTable* Existing(int64_t name_space) const;
  void Drop(Tables::iterator it);
  void WriteKey(const FlatTable::Entry& entry, ByteWriter& out) const;
  void WriteEntry(const FlatTable::Entry& entry, ByteWriter& out) const;
  std::vector<Item> ErasedSince(uint32_t from, std::vector<int64_t>* dropped) const;

  StateDescriptor descriptor_;
  KeyGroupRange range_;
  const Clock* clock_;
  uint32_t epoch_ = 0;
  ErasureLog log_;
  std::optional<SlotLayout> layout_;
  Tables tables_;
  SegmentedTable* last_ = nullptr;  // the table used last
  int64_t last_namespace_ = 0;
};

}  // namespace penstock
