// HashMapState: MapState in memory: a SegmentedTable per namespace finds a key's OrderedElements in a pool.
// Used by its operator's thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "env/clock.h"
#include "state/expiry_pace.h"
#include "state/hash/elements_pool.h"
#include "state/hash/erasure_log.h"
#include "state/hash/expiry_sweep.h"
#include "state/hash/grouped_slots.h"
#include "state/hash/segment_turns.h"
#include "state/hash/state_context.h"
#include "state/layered_source.h"
#include "state/keyed_state.h"

namespace penstock {

class HashMapState : public MapState {
 public:
  HashMapState(StateDescriptor descriptor, const StateContext& context)
      : descriptor_(std::move(descriptor)),
        range_(context.range),
        clock_(context.clock),
        segment_bytes_(context.segment_bytes) {}

  std::optional<std::string_view> Get(int64_t name_space, StateKey key, std::string_view element) override;
  void Put(int64_t name_space, StateKey key, std::string_view element, std::string_view value) override;
  void Erase(int64_t name_space, StateKey key, std::string_view element) override;
  void Clear(int64_t name_space, StateKey key) override;
  bool Empty(int64_t name_space, StateKey key) override;
  void Prefetch(int64_t name_space, std::span<const StateKey> keys) override;
  void Scan(int64_t name_space, StateKey key, std::string_view from, const Visit& visit) override;
  void ScanBackward(int64_t name_space, StateKey key, const Visit& visit) override;
  void ForEachKey(int64_t name_space, const std::function<void(StateKey key)>& visit) override;
  void EraseNamespace(int64_t name_space) override;
  std::vector<int64_t> Namespaces() const override;

  // Adds an element of a snapshot.
  void Insert(int64_t name_space, StateKey key, std::string_view element, int64_t time,
              std::string_view value);
  // The state's part of a snapshot (docs/formats/keyed_state.md), and its counterpart: what it owns of one.
  void Snapshot(SectionWriter& out);
  void RestoreGroup(ByteReader& in);
  // Its part of a delta: what changed in epoch `from` or later. False, and nothing written, when nothing did.
  bool WriteDelta(uint32_t from, SectionWriter& out) {
    return WriteDelta(from, {range_.begin, range_.end}, out);
  }
  // Of some key groups.
  bool WriteDelta(uint32_t from, const GroupSpan& groups, SectionWriter& out);
  ErasureLog& log() { return log_; }
  // Every element with the time it was written.
  using VisitElement = std::function<void(int64_t name_space, StateKey key, std::string_view element,
                                          int64_t time, std::string_view value)>;
  void ForEachElement(const VisitElement& visit);

  // For a backend that keeps some keys elsewhere.
  bool Holds(int64_t name_space, StateKey key) { return FindElements(name_space, key) != nullptr; }
  bool HasNamespace(int64_t name_space) const { return tables_.contains(name_space); }
  // Puts back a key as it was when it changed in `epoch`: fill(elements) puts its elements. REQUIRES: !Holds.
  template <typename Fill>
  void Load(int64_t name_space, StateKey key, uint32_t epoch, const Fill& fill) {
    uint64_t number = pool_.Make();
    std::memcpy(Table(name_space, key.bytes).Load(key, 0, epoch), &number, sizeof(number));
    pool_.Update(pool_[number], fill);
  }
  // Every key with the epoch of its last change.
  using VisitKey =
      std::function<void(int64_t name_space, StateKey key, uint32_t epoch, OrderedElements& elements)>;
  void ForEachEntry(const VisitKey& visit);
  // Shows segments one after the other to `visit` and lets go of them until that has freed `bytes`; taken in
  // turn. Returns what it freed.
  size_t Evict(size_t bytes, const VisitKey& visit);

  // Removes elements that have expired, of some of the keys, as erasures. Between batches.
  void Expire();

  void set_ttl(int64_t ttl) { descriptor_.ttl_ms = ttl; }
  void set_epoch(uint32_t epoch) { epoch_ = epoch; }
  // What is erased is logged from here on; what was before a cut is forgotten.
  void NoteChangesFrom(uint32_t) {
    log_.Stop();
    log_.Start(MemoryBytes());
  }
  void ForgetChangesBefore(uint32_t cut) { log_.DropBefore(cut); }
  // All of it is in memory.
  static Status BringElsewhere() { return Status::Ok(); }
  static std::shared_ptr<KeyedSections> Elsewhere(const uint32_t*) { return nullptr; }
  static Result<std::shared_ptr<KeyedSections>> Spool(uint32_t) { return std::shared_ptr<KeyedSections>(); }
  size_t MemoryBytes() const;
  uint32_t epoch() const { return epoch_; }

 private:
  using Tables = SegmentTurns::Tables;
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
  SegmentedTable& Table(int64_t name_space, std::string_view key);
  // Removes what has expired of a key of a table.
  void ExpireKey(int64_t name_space, SegmentedTable& table, const FlatTable::Entry& entry);
  OrderedElements& MakeElements(int64_t name_space, StateKey key);
  // One line of a delta: a key whose elements were all erased, an element that was, or a key with elements
  // that changed.
  struct Item;
  std::vector<Item> ErasedSince(uint32_t from, const GroupSpan& groups, std::vector<int64_t>* dropped);
  static void WriteElement(std::string_view element, int64_t time, std::string_view value,
                           SectionWriter& out);
  static void WriteChanges(std::span<const Item> run, uint32_t from, SectionWriter& out);

  StateDescriptor descriptor_;
  KeyGroupRange range_;
  const Clock* clock_;
  size_t segment_bytes_;
  uint32_t epoch_ = 0;
  ErasureLog log_;
  std::optional<SlotLayout> layout_;
  Tables tables_;
  SegmentedTable* last_ = nullptr;  // the table used last
  int64_t last_namespace_ = 0;
  SegmentTurns turns_;
  ExpiryPace pace_;
  ExpirySweep sweep_;
  ElementsPool pool_;
  std::vector<uint64_t> ahead_;  // numbers of what Prefetch was asked for
  std::string element_, value_;  // copies of what is put: it may be a view into this state
};

}  // namespace penstock
