// Elements by key, scans in order, and snapshots by key group. Deltas: hash_map_delta.cc.
#include "state/hash/hash_map_state.h"

#include <algorithm>

#include "data/key_codec.h"

namespace penstock {

SegmentedTable* HashMapState::Existing(int64_t name_space) {
  if (last_ != nullptr && last_namespace_ == name_space) return last_;
  auto it = tables_.find(name_space);
  if (it == tables_.end()) return nullptr;
  last_ = it->second.get();
  last_namespace_ = name_space;
  return last_;
}

OrderedElements* HashMapState::FindElements(int64_t name_space, StateKey key) {
  SegmentedTable* table = Existing(name_space);
  const uint8_t* slot = table == nullptr ? nullptr : table->Find(key);
  return slot == nullptr ? nullptr : &pool_[NumberIn(slot)];
}

SegmentedTable& HashMapState::Table(int64_t name_space, std::string_view key) {
  if (SegmentedTable* table = Existing(name_space)) return *table;
  if (!layout_) layout_ = SlotLayout{SlotLayout::RoomFor(key.size()), sizeof(uint64_t)};
  tables_[name_space] = std::make_unique<SegmentedTable>(range_, *layout_, segment_bytes_);
  return *Existing(name_space);
}

OrderedElements& HashMapState::MakeElements(int64_t name_space, StateKey key) {
  bool created = false, moved = false;
  uint8_t* slot = Table(name_space, key.bytes).FindOrInsert(key, 0, epoch_, &created, &moved);
  if (!created) return pool_[NumberIn(slot)];
  uint64_t number = pool_.Make();
  std::memcpy(slot, &number, sizeof(number));
  return pool_[number];
}

std::optional<std::string_view> HashMapState::Get(int64_t name_space, StateKey key,
                                                  std::string_view element) {
  OrderedElements* elements = FindElements(name_space, key);
  if (elements == nullptr) return std::nullopt;
  OrderedElements::Position at = elements->Find(element);
  if (at.leaf == elements->leaves() || Gone(*elements, at)) return std::nullopt;
  return elements->ValueAt(at);
}

void HashMapState::Put(int64_t name_space, StateKey key, std::string_view element, std::string_view value) {
  element_.assign(element);
  value_.assign(value);
  pool_.Update(MakeElements(name_space, key),
               [&](OrderedElements& elements) { elements.Put(element_, value_, Now(), epoch_); });
}

void HashMapState::Insert(int64_t name_space, StateKey key, std::string_view element, int64_t time,
                          std::string_view value) {
  pool_.Update(MakeElements(name_space, key),
               [&](OrderedElements& elements) { elements.Put(element, value, time, epoch_); });
}

void HashMapState::Erase(int64_t name_space, StateKey key, std::string_view element) {
  OrderedElements* elements = FindElements(name_space, key);
  if (elements == nullptr) return;
  element_.assign(element);
  bool erased = false;
  pool_.Update(*elements, [&](OrderedElements& from) { erased = from.Erase(element_); });
  if (!erased) return;
  if (elements->empty()) return Clear(name_space, key);
  log_.Add(epoch_, {ErasureLog::Kind::kEntry, name_space, key, element_});
}

void HashMapState::Clear(int64_t name_space, StateKey key) {
  SegmentedTable* table = Existing(name_space);
  const uint8_t* slot = table == nullptr ? nullptr : table->Find(key);
  if (slot == nullptr) return;
  log_.Add(epoch_, {ErasureLog::Kind::kKey, name_space, key, {}});
  pool_.Free(NumberIn(slot));
  table->Erase(key);
  if (table->size() > 0) return;
  last_ = nullptr;
  tables_.erase(name_space);
}

bool HashMapState::Empty(int64_t name_space, StateKey key) {
  OrderedElements* elements = FindElements(name_space, key);
  if (elements == nullptr) return true;
  if (descriptor_.ttl_ms == 0) return elements->empty();
  bool empty = true;
  Scan(name_space, key, "", [&](std::string_view, std::string_view) { return empty = false; });
  return empty;
}

// From the tables to the pool to the elements, one step for all keys before the next.
void HashMapState::Prefetch(int64_t name_space, std::span<const StateKey> keys) {
  SegmentedTable* table = Existing(name_space);
  if (table == nullptr) return;
  for (StateKey key : keys) table->Prefetch(key.hash);
  for (StateKey key : keys) table->PrefetchSlot(key.hash);
  ahead_.clear();
  for (StateKey key : keys) {
    const uint8_t* slot = table->Find(key);
    if (slot == nullptr) continue;
    ahead_.push_back(NumberIn(slot));
    __builtin_prefetch(&pool_[ahead_.back()]);
  }
  for (uint64_t number : ahead_) pool_[number].Prefetch();
}

void HashMapState::Scan(int64_t name_space, StateKey key, std::string_view from, const Visit& visit) {
  OrderedElements* elements = FindElements(name_space, key);
  if (elements == nullptr) return;
  OrderedElements::Position at = elements->LowerBound(from);
  for (; at.leaf < elements->leaves(); ++at.leaf, at.entry = 0) {
    for (; at.entry < elements->entries(at.leaf); ++at.entry) {
      if (!Gone(*elements, at) && !visit(elements->ElementAt(at), elements->ValueAt(at))) return;
    }
  }
}

void HashMapState::ScanBackward(int64_t name_space, StateKey key, const Visit& visit) {
  OrderedElements* elements = FindElements(name_space, key);
  if (elements == nullptr) return;
  for (size_t leaf = elements->leaves(); leaf-- > 0;) {
    for (size_t entry = elements->entries(leaf); entry-- > 0;) {
      OrderedElements::Position at{leaf, entry};
      if (!Gone(*elements, at) && !visit(elements->ElementAt(at), elements->ValueAt(at))) return;
    }
  }
}

void HashMapState::ForEachKey(int64_t name_space, const std::function<void(StateKey)>& visit) {
  SegmentedTable* table = Existing(name_space);
  if (table == nullptr) return;
  std::vector<std::pair<std::string, uint64_t>> keys;
  table->ForEach([&](const FlatTable::Entry& entry) { keys.emplace_back(entry.key, entry.hash); });
  std::sort(keys.begin(), keys.end());
  for (const auto& [key, hash] : keys) visit({key, hash});
}

void HashMapState::EraseNamespace(int64_t name_space) {
  SegmentedTable* table = Existing(name_space);
  if (table == nullptr) return;
  log_.Add(epoch_, {ErasureLog::Kind::kNamespace, name_space, {}, {}});
  table->ForEach([&](const FlatTable::Entry& entry) { pool_.Free(NumberIn(entry.value)); });
  last_ = nullptr;
  tables_.erase(name_space);
}

std::vector<int64_t> HashMapState::Namespaces() const {
  std::vector<int64_t> out;
  for (const auto& [name_space, table] : tables_) out.push_back(name_space);
  return out;
}

size_t HashMapState::MemoryBytes() const {
  size_t bytes = pool_.MemoryBytes() + log_.MemoryBytes();
  for (const auto& [name_space, table] : tables_) bytes += table->MemoryBytes();
  return bytes;
}

void HashMapState::ForEachEntry(const VisitKey& visit) {
  for (auto& [name_space, table] : tables_) {
    table->ForEach([&, space = name_space](const FlatTable::Entry& entry) {
      visit(space, {entry.key, entry.hash}, entry.epoch, pool_[NumberIn(entry.value)]);
    });
  }
}

size_t HashMapState::Evict(size_t bytes, const VisitKey& visit) {
  size_t before = MemoryBytes();
  last_ = nullptr;
  while (!tables_.empty() && MemoryBytes() + bytes > before) {
    turns_.Next(&tables_, [&](int64_t name_space, FlatTable& segment) {
      segment.ForEach([&](const FlatTable::Entry& entry) {
        visit(name_space, {entry.key, entry.hash}, entry.epoch, pool_[NumberIn(entry.value)]);
        pool_.Free(NumberIn(entry.value));
      });
    });
  }
  return before - std::min(before, MemoryBytes());
}

void HashMapState::Expire() {
  if (descriptor_.ttl_ms <= 0) return;
  size_t keys = 0;
  for (const auto& [name_space, table] : tables_) keys += table->size();
  if (!pace_.Due(Now(), descriptor_.ttl_ms, std::max(keys, sweep_.slots()))) return;
  sweep_.Step(&tables_, ExpiryPace::kStep,
              [&](int64_t name_space, SegmentedTable& table, const FlatTable::Entry& entry) {
                ExpireKey(name_space, table, entry);
              });
  last_ = nullptr;
}

void HashMapState::ExpireKey(int64_t name_space, SegmentedTable& table, const FlatTable::Entry& entry) {
  StateKey key{entry.key, entry.hash};
  uint64_t number = NumberIn(entry.value);
  OrderedElements& elements = pool_[number];
  std::vector<std::string> expired;
  for (OrderedElements::Position at; at.leaf < elements.leaves(); ++at.leaf) {
    for (at.entry = 0; at.entry < elements.entries(at.leaf); ++at.entry)
      if (Gone(elements, at)) expired.emplace_back(elements.ElementAt(at));
  }
  if (expired.size() == elements.size()) {
    log_.Add(epoch_, {ErasureLog::Kind::kKey, name_space, key, {}});
    pool_.Free(number);
    table.Erase(key);
    return;
  }
  if (expired.empty()) return;
  pool_.Update(elements, [&](OrderedElements& from) {
    for (const std::string& element : expired) from.Erase(element);
  });
  for (const std::string& element : expired)
    log_.Add(epoch_, {ErasureLog::Kind::kEntry, name_space, key, element});
}

void HashMapState::ForEachElement(const VisitElement& visit) {
  for (auto& [name_space, table] : tables_) {
    table->ForEach([&, space = name_space](const FlatTable::Entry& entry) {
      const OrderedElements& elements = pool_[NumberIn(entry.value)];
      for (OrderedElements::Position at; at.leaf < elements.leaves(); ++at.leaf) {
        for (at.entry = 0; at.entry < elements.entries(at.leaf); ++at.entry) {
          visit(space, {entry.key, entry.hash}, elements.ElementAt(at), elements.TimeAt(at),
                elements.ValueAt(at));
        }
      }
    });
  }
}

void HashMapState::Snapshot(SectionWriter& out) {
  GroupedSlots slots(tables_, range_.max_parallelism);
  // Elements lie anywhere in memory.
  auto prefetch = [this](const uint8_t* far, const uint8_t* near) {
    __builtin_prefetch(&pool_[NumberIn(far)]);
    pool_[NumberIn(near)].Prefetch();
  };
  slots.WriteTo(out, prefetch, [&](const FlatTable::Entry& entry) {
    const OrderedElements& elements = pool_[NumberIn(entry.value)];
    out.String(entry.key);
    out.Varint(elements.size());
    elements.ForEachChanged(0, [&](std::string_view element, int64_t time, std::string_view value) {
      WriteElement(element, time, value, out);
    });
  });
}

void HashMapState::RestoreGroup(ByteReader& in) {
  while (in.ok() && !in.at_end()) {
    auto name_space = in.Fixed<int64_t>();
    for (uint64_t i = 0, keys = in.Count(); i < keys; ++i) {
      std::string_view key = in.String();
      StateKey state_key{key, HashKey(key)};
      bool own = range_.Contains(state_key.hash);
      for (uint64_t e = 0, elements = in.Count(); e < elements; ++e) {
        std::string_view element = in.String();
        auto time = in.Fixed<int64_t>();
        std::string_view value = in.String();
        if (in.ok() && own) Insert(name_space, state_key, element, time, value);
      }
    }
  }
}

}  // namespace penstock
