// TieredMapState: MapState whose keys in use are in memory, the others in a ColdTable. A key moves with all
// of its elements: those of one key must fit into memory. A record is the number of elements, then each with
// its time, epoch and value. Used by its operator's thread.
#pragma once

#include "state/hash/hash_map_state.h"
#include "state/tiered/cold_table.h"
#include "state/expiry_pace.h"
#include "state/tiered/section_spool.h"

namespace penstock {

class TieredMapState : public MapState {
 public:
  TieredMapState(const StateDescriptor& descriptor, const StateContext& context)
      : context_(context), hot_(descriptor, context), cold_(context.store, context.range.max_parallelism) {}

  std::optional<std::string_view> Get(int64_t name_space, StateKey key, std::string_view element) override {
    Bring(name_space, key);
    return hot_.Get(name_space, key, element);
  }
  void Put(int64_t name_space, StateKey key, std::string_view element, std::string_view value) override {
    Bring(name_space, key);
    hot_.Put(name_space, key, element, value);
  }
  void Erase(int64_t name_space, StateKey key, std::string_view element) override;
  void Clear(int64_t name_space, StateKey key) override;
  bool Empty(int64_t name_space, StateKey key) override {
    Bring(name_space, key);
    return hot_.Empty(name_space, key);
  }
  void Prefetch(int64_t name_space, std::span<const StateKey> keys) override {
    hot_.Prefetch(name_space, keys);
  }
  void Scan(int64_t name_space, StateKey key, std::string_view from, const Visit& visit) override {
    Bring(name_space, key);
    hot_.Scan(name_space, key, from, visit);
  }
  void ScanBackward(int64_t name_space, StateKey key, const Visit& visit) override {
    Bring(name_space, key);
    hot_.ScanBackward(name_space, key, visit);
  }
  void ForEachKey(int64_t name_space, const std::function<void(StateKey key)>& visit) override;
  void EraseNamespace(int64_t name_space) override;
  std::vector<int64_t> Namespaces() const override;

  // As of HashMapState and TieredFixedState.
  void Insert(int64_t name_space, StateKey key, std::string_view element, int64_t time,
              std::string_view value) {
    hot_.Insert(name_space, key, element, time, value);
  }
  void RestoreGroup(ByteReader& in) { hot_.RestoreGroup(in); }
  void ForEachElement(const HashMapState::VisitElement& visit) { hot_.ForEachElement(visit); }
  bool WriteDelta(uint32_t from, SectionWriter& out) { return hot_.WriteDelta(from, out); }
  void Snapshot(SectionWriter& out);
  Status BringElsewhere();
  // What WriteDelta would write, where that may be much; else null.
  Result<std::shared_ptr<KeyedSections>> Spool(uint32_t from) { return SpoolDelta(hot_, from, context_); }
  std::shared_ptr<KeyedSections> Elsewhere(const uint32_t* from);
  void NoteChangesFrom(uint32_t cut);
  void ForgetChangesBefore(uint32_t cut);
  // A key goes when all of its elements have expired.
  Status Expire();
  Result<size_t> Evict(size_t bytes);
  const Status& failed() const { return failed_; }

  ErasureLog& log() { return hot_.log(); }
  void set_ttl(int64_t ttl) {
    ttl_ = ttl;
    hot_.set_ttl(ttl);
  }
  void set_epoch(uint32_t epoch) { hot_.set_epoch(epoch); }
  size_t MemoryBytes() const { return hot_.MemoryBytes() + cold_.MemoryBytes(); }
  size_t hot_bytes() const { return hot_.MemoryBytes(); }

 private:
  void Bring(int64_t name_space, StateKey key) {
    if (cold_.Any(name_space) && !hot_.Holds(name_space, key) && cold_.MayHold(name_space, key.hash))
      Note(Read(name_space, key));
  }
  Status Read(int64_t name_space, StateKey key);
  void NoteExpired(int64_t name_space, StateKey key) {
    log().Add(hot_.epoch(), {ErasureLog::Kind::kKey, name_space, key, {}});
  }
  void Note(Status status) {
    if (failed_.ok()) failed_ = std::move(status);
  }

  const StateContext context_;
  HashMapState hot_;
  ColdTable cold_;
  ExpiryPace pace_;
  int64_t ttl_ = 0;
  Status failed_;
};

}  // namespace penstock
