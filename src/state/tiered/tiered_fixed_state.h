// TieredFixedState: FixedState whose entries in use are in memory, the others in a ColdTable. A call brings
// what it asks for into memory; what has not been asked for for a while leaves it with Evict, between
// batches. A record is the time of the last write, the upper half of the hash where keys are sub-keys, and
// the value. Used by its operator's thread.
#pragma once

#include "state/hash/hash_fixed_state.h"
#include "state/tiered/cold_table.h"
#include "state/expiry_pace.h"
#include "state/tiered/section_spool.h"

namespace penstock {

class TieredFixedState : public FixedState {
 public:
  TieredFixedState(const StateDescriptor& descriptor, const StateContext& context)
      : context_(context), hot_(descriptor, context), cold_(context.store, context.range.max_parallelism) {}

  Status Access(int64_t name_space, std::span<const StateKey> keys, std::span<uint8_t*> values,
                std::span<uint8_t> created) override {
    if (cold_.Any(name_space)) RETURN_IF_ERROR(Bring(name_space, keys));
    return hot_.Access(name_space, keys, values, created);
  }
  const uint8_t* Find(int64_t name_space, StateKey key) override;
  void Erase(int64_t name_space, StateKey key) override;
  void ForEach(int64_t name_space, const Visit& visit) override;
  void ForEachUnordered(int64_t name_space, const Visit& visit) override;
  void EraseNamespace(int64_t name_space) override;
  std::vector<int64_t> Namespaces() const override;
  size_t size(int64_t name_space) const override { return hot_.size(name_space) + cold_.size(name_space); }

  // As of HashFixedState.
  void Insert(int64_t name_space, StateKey key, int64_t time, std::string_view value) {
    hot_.Insert(name_space, key, time, value);
  }
  // Once some of it has left memory the rest does not go through there.
  void RestoreGroup(ByteReader& in);
  bool WriteDelta(uint32_t from, SectionWriter& out) { return hot_.WriteDelta(from, out); }
  void Snapshot(SectionWriter& out);
  // For a snapshot: has everything that is in memory in the store, too, where anything is.
  Status BringElsewhere();
  // What WriteDelta would write, where that may be much; else null.
  Result<std::shared_ptr<KeyedSections>> Spool(uint32_t from) { return SpoolDelta(hot_, from, context_); }
  std::shared_ptr<KeyedSections> Elsewhere(const uint32_t* from);
  void NoteChangesFrom(uint32_t cut);
  void ForgetChangesBefore(uint32_t cut);

  // Removes some of what has expired and is not in memory; what leaves memory is looked at then (Evict).
  Status Expire();
  // Lets go of about `bytes`; returns how many these were.
  Result<size_t> Evict(size_t bytes);
  // What went wrong in a call that returns nothing.
  const Status& failed() const { return failed_; }

  ErasureLog& log() { return hot_.log(); }
  const StateDescriptor& descriptor() const { return hot_.descriptor(); }
  void set_ttl(int64_t ttl) { hot_.set_ttl(ttl); }
  void set_epoch(uint32_t epoch) { hot_.set_epoch(epoch); }
  size_t MemoryBytes() const { return hot_.MemoryBytes() + cold_.MemoryBytes(); }
  size_t hot_bytes() const { return hot_.MemoryBytes(); }

 private:
  bool HasExpired(int64_t written) const {
    int64_t ttl = descriptor().ttl_ms;
    return ttl > 0 && IsExpired(written, ttl, context_.clock->NowMicros() / 1000);
  }
  // An entry that has expired is gone from everywhere: deltas say so.
  void NoteExpired(int64_t name_space, StateKey key) {
    log().Add(hot_.epoch(), {ErasureLog::Kind::kEntry, name_space, key, {}});
  }
  // Reads what is not in memory of these keys, or of a namespace.
  Status Bring(int64_t name_space, std::span<const StateKey> keys);
  void BringNamespace(int64_t name_space);
  void Note(Status status) {
    if (failed_.ok()) failed_ = std::move(status);
  }
  uint64_t HashOf(std::string_view key, std::string_view record) const;
  std::string_view RecordOf(const FlatTable::Entry& entry);
  void Load(int64_t name_space, StateKey key, uint32_t epoch, std::string_view record);

  const StateContext context_;
  HashFixedState hot_;
  ColdTable cold_;
  ExpiryPace pace_;
  Status failed_;
  std::string record_;
  std::vector<StateKey> missing_;
};

}  // namespace penstock
