// Keys between memory and the store.
#include "state/tiered/tiered_map_state.h"

#include <algorithm>
#include <set>

#include "data/key_codec.h"

namespace penstock {

namespace {

std::string RecordOf(const OrderedElements& elements) {
  ByteWriter out;
  out.Varint(elements.size());
  for (OrderedElements::Position at; at.leaf < elements.leaves(); ++at.leaf) {
    for (at.entry = 0; at.entry < elements.entries(at.leaf); ++at.entry) {
      out.String(elements.ElementAt(at));
      out.Fixed(elements.TimeAt(at));
      out.Fixed(elements.EpochAt(at));
      out.String(elements.ValueAt(at));
    }
  }
  return out.Take();
}

bool AllExpired(const OrderedElements& elements, int64_t ttl, int64_t now) {
  for (OrderedElements::Position at; at.leaf < elements.leaves(); ++at.leaf) {
    for (at.entry = 0; at.entry < elements.entries(at.leaf); ++at.entry) {
      if (elements.TimeAt(at) + ttl > now) return false;
    }
  }
  return true;
}

template <typename VisitElement>
void ForEachElementOf(std::string_view record, const VisitElement& visit) {
  ByteReader in(record);
  for (uint64_t left = in.Count(); left > 0; --left) {
    std::string_view element = in.String();
    auto time = in.Fixed<int64_t>();
    auto epoch = in.Fixed<uint32_t>();
    visit(element, time, epoch, in.String());
  }
}

}  // namespace

Status TieredMapState::Read(int64_t name_space, StateKey key) {
  return cold_.Take(name_space, {&key, 1}, [&](StateKey, uint32_t epoch, std::string_view record) {
    hot_.Load(name_space, key, epoch, [&](OrderedElements& elements) {
      ForEachElementOf(record, [&](std::string_view element, int64_t time, uint32_t changed,
                                   std::string_view value) { elements.Put(element, value, time, changed); });
      elements.set_stored();
    });
  });
}

void TieredMapState::Erase(int64_t name_space, StateKey key, std::string_view element) {
  Bring(name_space, key);
  hot_.Erase(name_space, key, element);
  if (!hot_.Holds(name_space, key)) cold_.Forget(name_space, key);
}

void TieredMapState::Clear(int64_t name_space, StateKey key) {
  Bring(name_space, key);
  hot_.Clear(name_space, key);
  cold_.Forget(name_space, key);
}

void TieredMapState::ForEachKey(int64_t name_space, const std::function<void(StateKey)>& visit) {
  if (!cold_.Any(name_space)) return hot_.ForEachKey(name_space, visit);
  std::vector<std::string> keys;
  Note(cold_.Keys(name_space, &keys));
  hot_.ForEachKey(name_space, [&](StateKey key) { keys.emplace_back(key.bytes); });
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  for (const std::string& key : keys) visit({key, HashKey(key)});
}

void TieredMapState::EraseNamespace(int64_t name_space) {
  if (hot_.HasNamespace(name_space))
    hot_.EraseNamespace(name_space);
  else if (cold_.Any(name_space))
    log().Add(hot_.epoch(), {ErasureLog::Kind::kNamespace, name_space, {}, {}});
  cold_.ForgetNamespace(name_space);
}

std::vector<int64_t> TieredMapState::Namespaces() const {
  std::vector<int64_t> in_memory = hot_.Namespaces();
  std::set<int64_t> all(in_memory.begin(), in_memory.end());
  cold_.AddNamespaces(&all);
  return {all.begin(), all.end()};
}

Status TieredMapState::Expire() {
  int64_t now = context_.clock->NowMicros() / 1000;
  if (ttl_ <= 0 || !pace_.Due(now, ttl_, cold_.count())) return Status::Ok();
  auto hash_of = [](std::string_view key, std::string_view) { return HashKey(key); };
  return cold_.Sweep(ExpiryPace::kStep, hash_of,
                     [&](int64_t name_space, StateKey key, std::string_view record) {
                       if (hot_.Holds(name_space, key)) return false;
                       bool gone = true;
                       ForEachElementOf(record, [&](std::string_view, int64_t time, uint32_t,
                                                    std::string_view) { gone = gone && time + ttl_ <= now; });
                       if (gone) NoteExpired(name_space, key);
                       return gone;
                     });
}

Result<size_t> TieredMapState::Evict(size_t bytes) {
  int64_t now = ttl_ > 0 ? context_.clock->NowMicros() / 1000 : 0;
  size_t freed = hot_.Evict(
      bytes, [&](int64_t name_space, StateKey key, uint32_t epoch, const OrderedElements& elements) {
        if (ttl_ > 0 && AllExpired(elements, ttl_, now)) {
          NoteExpired(name_space, key);
          return cold_.Forget(name_space, key);
        }
        // What was only read goes without being written again.
        if (elements.stored())
          cold_.Return(name_space, key, epoch, RecordOf(elements));
        else
          cold_.Put(name_space, key, epoch, RecordOf(elements), true);
      });
  RETURN_IF_ERROR(cold_.Commit());
  return freed;
}

void TieredMapState::Snapshot(SectionWriter& out) {
  if (cold_.any())
    out.Varint(0);  // key groups: everything is elsewhere
  else
    hot_.Snapshot(out);
}

Status TieredMapState::BringElsewhere() {
  RETURN_IF_ERROR(failed_);
  if (!cold_.any()) return Status::Ok();
  hot_.ForEachEntry([&](int64_t name_space, StateKey key, uint32_t epoch, OrderedElements& elements) {
    if (elements.stored()) return;
    cold_.Put(name_space, key, epoch, RecordOf(elements), false);
    elements.set_stored();
  });
  return cold_.Commit();
}

std::shared_ptr<KeyedSections> TieredMapState::Elsewhere(const uint32_t* from) {
  if (!cold_.any()) return nullptr;
  Note(cold_.Commit());
  uint32_t least = from == nullptr ? 0 : *from;
  auto write = [least](std::string_view key, std::string_view record, ByteWriter& out) {
    ByteWriter elements;
    uint64_t count = 0;
    ForEachElementOf(record,
                     [&](std::string_view element, int64_t time, uint32_t epoch, std::string_view value) {
                       if (epoch < least) return;
                       ++count;
                       elements.String(element);
                       elements.Fixed(time);
                       elements.String(value);
                     });
    if (count == 0) return false;
    out.String(key);
    out.Varint(count);
    out.Raw(elements.bytes());
    return true;
  };
  return cold_.Sections(from, from == nullptr ? 0 : 2, write);
}

void TieredMapState::NoteChangesFrom(uint32_t cut) {
  hot_.NoteChangesFrom(cut);
  cold_.NoteChangesFrom(cut);
  Note(cold_.Commit());
}

void TieredMapState::ForgetChangesBefore(uint32_t cut) {
  hot_.ForgetChangesBefore(cut);
  cold_.ForgetChangesBefore(cut);
  Note(cold_.Commit());
}

}  // namespace penstock
