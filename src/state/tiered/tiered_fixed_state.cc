// Between memory and the store.
#include "state/tiered/tiered_fixed_state.h"

#include <algorithm>
#include <set>

#include "data/key_codec.h"
#include "state/keyed_image.h"

namespace penstock {

uint64_t TieredFixedState::HashOf(std::string_view key, std::string_view record) const {
  uint64_t hash = HashKey(key);
  if (!descriptor().sub_keys) return hash;
  return SubKeyHash(uint64_t{ByteReader(record.substr(sizeof(int64_t))).Fixed<uint32_t>()} << 32, hash);
}

std::string_view TieredFixedState::RecordOf(const FlatTable::Entry& entry) {
  record_.assign(reinterpret_cast<const char*>(&entry.time), sizeof(entry.time));
  if (descriptor().sub_keys) {
    auto upper = static_cast<uint32_t>(entry.hash >> 32);
    record_.append(reinterpret_cast<const char*>(&upper), sizeof(upper));
  }
  return record_.append(reinterpret_cast<const char*>(entry.value), descriptor().width);
}

void TieredFixedState::Load(int64_t name_space, StateKey key, uint32_t epoch, std::string_view record) {
  ByteReader in(record);
  auto time = in.Fixed<int64_t>();
  if (descriptor().sub_keys) in.Fixed<uint32_t>();
  hot_.Load(name_space, key, time, epoch, in.rest());
}

Status TieredFixedState::Bring(int64_t name_space, std::span<const StateKey> keys) {
  missing_.clear();
  for (StateKey key : keys) {
    if (!hot_.Holds(name_space, key) && cold_.MayHold(name_space, key.hash)) missing_.push_back(key);
  }
  if (missing_.empty()) return Status::Ok();
  auto order = [](StateKey key) { return std::pair(key.hash, key.bytes); };
  std::sort(missing_.begin(), missing_.end(), [&](StateKey a, StateKey b) { return order(a) < order(b); });
  auto same = [&](StateKey a, StateKey b) { return order(a) == order(b); };
  missing_.erase(std::unique(missing_.begin(), missing_.end(), same), missing_.end());
  return cold_.Take(name_space, missing_, [&](StateKey key, uint32_t epoch, std::string_view record) {
    Load(name_space, key, epoch, record);
  });
}

void TieredFixedState::BringNamespace(int64_t name_space) {
  if (!cold_.Any(name_space)) return;
  Note(cold_.TakeAll(
      name_space, [this](std::string_view key, std::string_view record) { return HashOf(key, record); },
      [&](StateKey key) { return hot_.Holds(name_space, key); },
      [&](StateKey key, uint32_t epoch, std::string_view record) { Load(name_space, key, epoch, record); }));
}

const uint8_t* TieredFixedState::Find(int64_t name_space, StateKey key) {
  if (cold_.Any(name_space)) Note(Bring(name_space, {&key, 1}));
  return hot_.Find(name_space, key);
}

void TieredFixedState::Erase(int64_t name_space, StateKey key) {
  if (cold_.Any(name_space)) Note(Bring(name_space, {&key, 1}));
  hot_.Erase(name_space, key);
  cold_.Forget(name_space, key);
}

void TieredFixedState::ForEach(int64_t name_space, const Visit& visit) {
  BringNamespace(name_space);
  hot_.ForEach(name_space, visit);
}

void TieredFixedState::ForEachUnordered(int64_t name_space, const Visit& visit) {
  BringNamespace(name_space);
  hot_.ForEachUnordered(name_space, visit);
}

void TieredFixedState::EraseNamespace(int64_t name_space) {
  if (hot_.HasNamespace(name_space))
    hot_.EraseNamespace(name_space);
  else if (cold_.Any(name_space))
    log().Add(hot_.epoch(), {ErasureLog::Kind::kNamespace, name_space, {}, {}});
  cold_.ForgetNamespace(name_space);
}

std::vector<int64_t> TieredFixedState::Namespaces() const {
  std::vector<int64_t> in_memory = hot_.Namespaces();
  std::set<int64_t> all(in_memory.begin(), in_memory.end());
  cold_.AddNamespaces(&all);
  return {all.begin(), all.end()};
}

void TieredFixedState::RestoreGroup(ByteReader& in) {
  if (!cold_.any()) return hot_.RestoreGroup(in);
  StateImage image;
  image.width = descriptor().width;
  image.sub_keys = descriptor().sub_keys;
  while (in.ok() && !in.at_end()) {
    auto name_space = in.Fixed<int64_t>();
    for (uint64_t left = in.Count(); left > 0; --left) {
      FixedEntry entry = TakeFixedEntry(image, &in);
      if (!in.ok()) return;
      record_.assign(entry.tail.substr(0, sizeof(int64_t)));
      if (image.sub_keys) record_.append(reinterpret_cast<const char*>(&entry.upper), sizeof(entry.upper));
      record_.append(entry.value());
      StateKey key{entry.key, HashOf(entry.key, record_)};
      if (!context_.range.Contains(key.hash)) continue;
      if (hot_.Holds(name_space, key))
        hot_.Insert(name_space, key, entry.time(), entry.value());
      else
        cold_.Put(name_space, key, hot_.epoch(), record_, true);
    }
  }
  Note(cold_.Commit());
}

Status TieredFixedState::Expire() {
  int64_t ttl = descriptor().ttl_ms;
  if (ttl <= 0 || !pace_.Due(context_.clock->NowMicros() / 1000, ttl, cold_.count())) return Status::Ok();
  auto hash_of = [this](std::string_view key, std::string_view record) { return HashOf(key, record); };
  return cold_.Sweep(
      ExpiryPace::kStep, hash_of, [this](int64_t name_space, StateKey key, std::string_view record) {
        bool gone = HasExpired(ByteReader(record).Fixed<int64_t>()) && !hot_.Holds(name_space, key);
        if (gone) NoteExpired(name_space, key);
        return gone;
      });
}

Result<size_t> TieredFixedState::Evict(size_t bytes) {
  size_t freed = hot_.Evict(bytes, [&](int64_t name_space, const FlatTable::Entry& entry) {
    if (HasExpired(entry.time)) {
      NoteExpired(name_space, {entry.key, entry.hash});
      return cold_.Forget(name_space, {entry.key, entry.hash});
    }
    cold_.Put(name_space, {entry.key, entry.hash}, entry.epoch, RecordOf(entry), true);
  });
  RETURN_IF_ERROR(cold_.Commit());
  return freed;
}

void TieredFixedState::Snapshot(SectionWriter& out) {
  if (cold_.any())
    out.Varint(0);  // key groups: everything is elsewhere
  else
    hot_.Snapshot(out);
}

Status TieredFixedState::BringElsewhere() {
  RETURN_IF_ERROR(failed_);
  if (!cold_.any()) return Status::Ok();
  hot_.ForEachEntry([&](int64_t name_space, const FlatTable::Entry& entry) {
    cold_.Put(name_space, {entry.key, entry.hash}, entry.epoch, RecordOf(entry), false);
  });
  return cold_.Commit();
}

std::shared_ptr<KeyedSections> TieredFixedState::Elsewhere(const uint32_t* from) {
  if (!cold_.any()) return nullptr;
  Note(cold_.Commit());
  bool sub_keys = descriptor().sub_keys;
  auto write = [sub_keys](std::string_view key, std::string_view record, ByteWriter& out) {
    ByteReader in(record);
    auto time = in.Fixed<int64_t>();
    out.String(key);
    if (sub_keys) out.Fixed(in.Fixed<uint32_t>());
    out.Fixed(time);
    out.Raw(in.rest());
    return true;
  };
  return cold_.Sections(from, from == nullptr ? 0 : 1, write);
}

void TieredFixedState::NoteChangesFrom(uint32_t cut) {
  hot_.NoteChangesFrom(cut);
  cold_.NoteChangesFrom(cut);
  Note(cold_.Commit());
}

void TieredFixedState::ForgetChangesBefore(uint32_t cut) {
  hot_.ForgetChangesBefore(cut);
  cold_.ForgetChangesBefore(cut);
  Note(cold_.Commit());
}

}  // namespace penstock
