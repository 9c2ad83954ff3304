// HashMapState: MapState in memory: a SegmentedTable per namespace finds a key's OrderedElements in a pool.
// Used by its operator's thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "env/clock.h"
#include "state/hash/erasure_log.h"
#include "state/hash/ordered_elements.h"
#include "state/hash/segmented_table.h"
#include "state/keyed_state.h"

namespace penstock {

class HashMapState : public MapState {
 public:
  HashMapState(StateDescriptor descriptor, const KeyGroupRange& range, const Clock* clock)
      : descriptor_(std::move(descriptor)), range_(range), clock_(clock) {}

  std::optional<std::string_view> Get(int64_t name_space, StateKey key, std::string_view element) override;
  void Put(int64_t name_space, StateKey key, std::string_view element, std::string_view value) override;
  void Erase(int64_t name_space, StateKey key, std::string_view element) override;
  void Clear(int64_t name_space, StateKey key) override;
  bool Empty(int64_t name_space, StateKey key) override;
  void Scan(int64_t name_space, StateKey key, std::string_view from, const Visit& visit) override;
  void ScanBackward(int64_t name_space, StateKey key, const Visit& visit) override;
  void ForEachKey(int64_t name_space, const std::function<void(StateKey key)>& visit) override;
  void EraseNamespace(int64_t name_space) override;
  std::vector<int64_t> Namespaces() const override;

  // Adds an element of a snapshot.
  void Insert(int64_t name_space, StateKey key, std::string_view element, int64_t time,
              std::string_view value);
  // The state's part of a snapshot (docs/formats/keyed_state.md), and its counterpart: what it owns of one.
  void Snapshot(ByteWriter& out);
  void RestoreGroup(ByteReader& in);
  // Its part of a delta: what changed in epoch `from` or later. False, and nothing written, when nothing did.
  bool WriteDelta(uint32_t from, ByteWriter& out);
  ErasureLog& log() { return log_; }
  // Every element with the time it was written.
  using VisitElement = std::function<void(int64_t name_space, StateKey key, std::string_view element,
                                          int64_t time, std::string_view value)>;
  void ForEachElement(const VisitElement& visit);

  void set_ttl(int64_t ttl) { descriptor_.ttl_ms = ttl; }
  void set_epoch(uint32_t epoch) { epoch_ = epoch; }
  size_t MemoryBytes() const;

 private:
  using Tables = std::map<int64_t, std::unique_ptr<SegmentedTable>>;
  int64_t Now() const { return descriptor_.ttl_ms > 0 ? clock_->NowMicros() / 1000 : 0; }
  bool Gone(const OrderedElements& elements, OrderedElements::Position at) const {
    return descriptor_.ttl_ms > 0 && elements.TimeAt(at) + descriptor_.ttl_ms <= Now();
  }
  // The place in the pool that a slot of a table names.
  static uint64_t NumberIn(const uint8_t* slot) {
    uint64_t number = 0;
    std::memcpy(&number, slot, sizeof(number));
    return number;
  }
  SegmentedTable* Existing(int64_t name_space);
  OrderedElements* FindElements(int64_t name_space, StateKey key);
  OrderedElements& MakeElements(int64_t name_space, StateKey key);
  void Free(uint64_t number);
  // One line of a delta: a key whose elements were all erased, an element that was, or a key with elements
  // that changed.
  struct Item;
  std::vector<Item> ErasedSince(uint32_t from, std::vector<int64_t>* dropped);
  static void WriteChanges(std::span<const Item> run, uint32_t from, ByteWriter& section);

  StateDescriptor descriptor_;
  KeyGroupRange range_;
  const Clock* clock_;
  uint32_t epoch_ = 0;
  ErasureLog log_;
  std::optional<SlotLayout> layout_;
  Tables tables_;
  SegmentedTable* last_ = nullptr;  // the table used last
  int64_t last_namespace_ = 0;
  std::vector<OrderedElements> pool_;
  std::vector<uint64_t> free_;   // of the pool
  std::string element_, value_;  // copies of what is put: it may be a view into this state
};

}  // namespace penstock
