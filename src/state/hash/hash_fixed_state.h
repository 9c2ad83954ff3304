// HashFixedState: FixedState in memory: a SegmentedTable per namespace. Used by its operator's thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "env/clock.h"
#include "state/expiry_pace.h"
#include "state/hash/erasure_log.h"
#include "state/hash/expiry_sweep.h"
#include "state/hash/grouped_slots.h"
#include "state/hash/state_context.h"
#include "state/layered_source.h"
#include "state/keyed_state.h"

namespace penstock {

// Whether something written at `written` is gone. `ttl`: 0 for never.
inline bool IsExpired(int64_t written, int64_t ttl, int64_t now) { return ttl > 0 && written + ttl <= now; }

class HashFixedState : public FixedState {
 public:
  HashFixedState(StateDescriptor descriptor, const StateContext& context)
      : descriptor_(std::move(descriptor)),
        range_(context.range),
        clock_(context.clock),
        segment_bytes_(context.segment_bytes) {}

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
  void Snapshot(SectionWriter& out);
  void RestoreGroup(ByteReader& in);
  // Its part of a delta: what changed in epoch `from` or later. False, and nothing written, when nothing did.
  bool WriteDelta(uint32_t from, SectionWriter& out) {
    return WriteDelta(from, {range_.begin, range_.end}, out);
  }
  // Of some key groups.
  bool WriteDelta(uint32_t from, const GroupSpan& groups, SectionWriter& out);

  // For a backend that keeps some entries elsewhere.
  bool Holds(int64_t name_space, StateKey key) const {
    SegmentedTable* table = Existing(name_space);
    return table != nullptr && table->Find(key) != nullptr;
  }
  bool HasNamespace(int64_t name_space) const { return tables_.contains(name_space); }
  // Puts back an entry as it was when it changed in `epoch`.
  void Load(int64_t name_space, StateKey key, int64_t time, uint32_t epoch, std::string_view value);
  using VisitEntry = std::function<void(int64_t name_space, const FlatTable::Entry& entry)>;
  void ForEachEntry(const VisitEntry& visit);
  // Shows segments one after the other to `visit` and lets go of them until that has freed `bytes`; taken in
  // turn. Returns what it freed.
  size_t Evict(size_t bytes, const VisitEntry& visit);

  // Removes some of what has expired, as erasures. Between batches: values may then lie elsewhere.
  void Expire();

  ErasureLog& log() { return log_; }
  const StateDescriptor& descriptor() const { return descriptor_; }
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
  // An entry of a delta; without a value it was erased.
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
  void WriteKey(const FlatTable::Entry& entry, SectionWriter& out) const;
  void WriteEntry(const FlatTable::Entry& entry, SectionWriter& out) const;
  std::vector<Item> ErasedSince(uint32_t from, const GroupSpan& groups, std::vector<int64_t>* dropped) const;

  StateDescriptor descriptor_;
  KeyGroupRange range_;
  const Clock* clock_;
  size_t segment_bytes_;
  uint32_t epoch_ = 0;
  ErasureLog log_;
  std::optional<SlotLayout> layout_;
  Tables tables_;
  SegmentTurns turns_;
  ExpiryPace pace_;
  ExpirySweep sweep_;
  SegmentedTable* last_ = nullptr;  // the table used last
  int64_t last_namespace_ = 0;
};

}  // namespace penstock
