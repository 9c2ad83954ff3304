// Access by batches, visits in key order, snapshots and deltas by key group.
#include "state/hash/hash_fixed_state.h"

#include <algorithm>
#include <tuple>

#include "data/key_codec.h"
#include "state/hash/ordered_elements.h"

namespace penstock {

SegmentedTable& HashFixedState::Table(int64_t name_space, std::string_view key) {
  if (last_ != nullptr && last_namespace_ == name_space) return *last_;
  if (!layout_)
    layout_ = SlotLayout{SlotLayout::RoomFor(key.size()), descriptor_.width, descriptor_.ttl_ms > 0};
  std::unique_ptr<SegmentedTable>& table = tables_[name_space];
  if (!table) table = std::make_unique<SegmentedTable>(range_, *layout_, segment_bytes_);
  last_ = table.get();
  last_namespace_ = name_space;
  return *last_;
}

SegmentedTable* HashFixedState::Existing(int64_t name_space) const {
  auto it = tables_.find(name_space);
  return it == tables_.end() ? nullptr : it->second.get();
}

void HashFixedState::Drop(Tables::iterator it) {
  last_ = nullptr;
  tables_.erase(it);
}

Status HashFixedState::Access(int64_t name_space, std::span<const StateKey> keys, std::span<uint8_t*> values,
                              std::span<uint8_t> created) {
  if (keys.empty()) return Status::Ok();
  SegmentedTable& table = Table(name_space, keys[0].bytes);
  int64_t now = Now();
  if (now != 0) table.KeepTimes();
  bool moved = false;
  // A table of one segment is near anyway.
  constexpr size_t kNear = 12, kFar = 24;
  bool ahead = table.segments() > 1;
  for (size_t i = 0; ahead && i < std::min(kFar, keys.size()); ++i) table.Prefetch(keys[i].hash);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (ahead && i + kFar < keys.size()) table.Prefetch(keys[i + kFar].hash);
    if (ahead && i + kNear < keys.size()) table.PrefetchSlot(keys[i + kNear].hash);
    bool expired = false;
    if (descriptor_.ttl_ms > 0) {
      const uint8_t* old = table.Find(keys[i]);
      expired = old != nullptr && IsExpired(table.TimeOf(old), descriptor_.ttl_ms, now);
    }
    bool fresh = false;
    values[i] = table.FindOrInsert(keys[i], now, epoch_, &fresh, &moved);
    created[i] = fresh || expired ? 1 : 0;
  }
  if (moved) {
    for (size_t i = 0; i < keys.size(); ++i) values[i] = table.Find(keys[i]);
  }
  return Status::Ok();
}

const uint8_t* HashFixedState::Find(int64_t name_space, StateKey key) {
  SegmentedTable* table = Existing(name_space);
  const uint8_t* value = table == nullptr ? nullptr : table->Find(key);
  if (value == nullptr || descriptor_.ttl_ms == 0) return value;
  return IsExpired(table->TimeOf(value), descriptor_.ttl_ms, Now()) ? nullptr : value;
}

void HashFixedState::Erase(int64_t name_space, StateKey key) {
  auto it = tables_.find(name_space);
  if (it == tables_.end()) return;
  if (it->second->Erase(key)) log_.Add(epoch_, {ErasureLog::Kind::kEntry, name_space, key, {}});
  if (it->second->size() == 0) Drop(it);
}

void HashFixedState::ForEach(int64_t name_space, const Visit& visit) {
  SegmentedTable* table = Existing(name_space);
  if (table == nullptr) return;
  struct Item {
    uint64_t head;
    StateKey key;
    uint8_t* value;
  };
  std::vector<Item> items;
  items.reserve(table->size());
  table->ForEach([&](const FlatTable::Entry& entry) {
    items.push_back({HeadOf(entry.key), {entry.key, entry.hash}, entry.value});
  });
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return a.head != b.head ? a.head < b.head : a.key.bytes < b.key.bytes;
  });
  for (const Item& item : items) visit(item.key, item.value);
}

void HashFixedState::ForEachUnordered(int64_t name_space, const Visit& visit) {
  SegmentedTable* table = Existing(name_space);
  if (table == nullptr) return;
  table->ForEach([&](const FlatTable::Entry& entry) { visit({entry.key, entry.hash}, entry.value); });
}

void HashFixedState::EraseNamespace(int64_t name_space) {
  auto it = tables_.find(name_space);
  if (it == tables_.end()) return;
  log_.Add(epoch_, {ErasureLog::Kind::kNamespace, name_space, {}, {}});
  Drop(it);
}

std::vector<int64_t> HashFixedState::Namespaces() const {
  std::vector<int64_t> out;
  for (const auto& [name_space, table] : tables_) out.push_back(name_space);
  return out;
}

size_t HashFixedState::size(int64_t name_space) const {
  SegmentedTable* table = Existing(name_space);
  return table == nullptr ? 0 : table->size();
}

size_t HashFixedState::MemoryBytes() const {
  size_t bytes = 0;
  for (const auto& [name_space, table] : tables_) bytes += table->MemoryBytes();
  return bytes + log_.MemoryBytes();
}

void HashFixedState::Insert(int64_t name_space, StateKey key, int64_t time, std::string_view value) {
  bool created = false, moved = false;
  SegmentedTable& table = Table(name_space, key.bytes);
  if (time != 0) table.KeepTimes();
  uint8_t* to = table.FindOrInsert(key, time, epoch_, &created, &moved);
  if (!value.empty()) std::memcpy(to, value.data(), value.size());
}

void HashFixedState::Load(int64_t name_space, StateKey key, int64_t time, uint32_t epoch,
                          std::string_view value) {
  SegmentedTable& table = Table(name_space, key.bytes);
  if (time != 0) table.KeepTimes();
  uint8_t* to = table.Load(key, time, epoch);
  if (!value.empty()) std::memcpy(to, value.data(), value.size());
}

void HashFixedState::ForEachEntry(const VisitEntry& visit) {
  for (auto& [name_space, table] : tables_)
    table->ForEach([&, space = name_space](const FlatTable::Entry& entry) { visit(space, entry); });
}

size_t HashFixedState::Evict(size_t bytes, const VisitEntry& visit) {
  size_t before = MemoryBytes();
  last_ = nullptr;
  while (!tables_.empty() && MemoryBytes() + bytes > before) {
    turns_.Next(&tables_, [&](int64_t name_space, FlatTable& segment) {
      segment.ForEach([&](const FlatTable::Entry& entry) { visit(name_space, entry); });
    });
  }
  return before - std::min(before, MemoryBytes());
}

void HashFixedState::Expire() {
  int64_t ttl = descriptor_.ttl_ms, now = Now();
  if (ttl <= 0) return;
  size_t entries = 0;
  for (const auto& [name_space, table] : tables_) entries += table->size();
  if (!pace_.Due(now, ttl, std::max(entries, sweep_.slots()))) return;
  sweep_.Step(&tables_, ExpiryPace::kStep,
              [&](int64_t name_space, SegmentedTable& table, const FlatTable::Entry& entry) {
                if (!IsExpired(entry.time, ttl, now)) return;
                StateKey key{entry.key, entry.hash};
                log_.Add(epoch_, {ErasureLog::Kind::kEntry, name_space, key, {}});
                table.Erase(key);
              });
  last_ = nullptr;
}

void HashFixedState::WriteKey(const FlatTable::Entry& entry, SectionWriter& out) const {
  out.String(entry.key);
  if (descriptor_.sub_keys) out.Fixed(static_cast<uint32_t>(entry.hash >> 32));
}

void HashFixedState::WriteEntry(const FlatTable::Entry& entry, SectionWriter& out) const {
  WriteKey(entry, out);
  out.Fixed(entry.time);
  out.Raw({reinterpret_cast<const char*>(entry.value), descriptor_.width});
}

void HashFixedState::Snapshot(SectionWriter& out) {
  GroupedSlots slots(tables_, range_.max_parallelism);
  slots.WriteTo(
      out, [](const uint8_t*, const uint8_t*) {},
      [&](const FlatTable::Entry& entry) { WriteEntry(entry, out); });
}

// Those that are not there, each once: what is there again is among the changed entries.
std::vector<HashFixedState::Item> HashFixedState::ErasedSince(uint32_t from, const GroupSpan& groups,
                                                              std::vector<int64_t>* dropped) const {
  std::vector<Item> erased;
  log_.ForEach(from, [&](const ErasureLog::Erasure& erasure) {
    if (erasure.kind == ErasureLog::Kind::kNamespace) return dropped->push_back(erasure.name_space);
    int group = KeyGroupOf(erasure.key.hash, range_.max_parallelism);
    if (!groups.Has(group, range_)) return;
    SegmentedTable* table = Existing(erasure.name_space);
    if (table != nullptr && table->Find(erasure.key) != nullptr) return;
    erased.push_back({group, erasure.name_space, {erasure.key.bytes, erasure.key.hash, 0, nullptr}});
  });
  auto order = [](const Item& item) {
    return std::tuple(item.group, item.name_space, item.entry.hash, item.entry.key);
  };
  std::sort(erased.begin(), erased.end(), [&](const Item& a, const Item& b) { return order(a) < order(b); });
  auto same = [&](const Item& a, const Item& b) { return order(a) == order(b); };
  erased.erase(std::unique(erased.begin(), erased.end(), same), erased.end());
  std::sort(dropped->begin(), dropped->end());
  dropped->erase(std::unique(dropped->begin(), dropped->end()), dropped->end());
  return erased;
}

bool HashFixedState::WriteDelta(uint32_t from, const GroupSpan& groups, SectionWriter& out) {
  std::vector<int64_t> dropped;
  std::vector<Item> items = ErasedSince(from, groups, &dropped);
  for (auto& [name_space, table] : tables_) {
    auto add = [&, space = name_space](const FlatTable::Entry& entry) {
      int group = KeyGroupOf(entry.hash, range_.max_parallelism);
      if (groups.Has(group, range_)) items.push_back({group, space, entry});
    };
    table->ForEachChangedNear(from, groups, add);
  }
  if (items.empty() && dropped.empty()) return false;
  // What was erased stays before what was written.
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return a.group != b.group ? a.group < b.group : a.name_space < b.name_space;
  });
  out.Varint(dropped.size());
  for (int64_t name_space : dropped) out.Fixed(name_space);
  auto write_run = [&](std::span<const Item> run) {
    size_t erased = 0;
    while (erased < run.size() && run[erased].entry.value == nullptr) ++erased;
    out.Varint(erased);
    for (const Item& item : run.first(erased)) WriteKey(item.entry, out);
    out.Varint(run.size() - erased);
    for (const Item& item : run.subspan(erased)) WriteEntry(item.entry, out);
  };
  WriteKeyGroups(items, write_run, out);
  return true;
}

void HashFixedState::RestoreGroup(ByteReader& in) {
  // A corrupt width must not make us allocate: no value is longer than what is left.
  std::string value(std::min<size_t>(descriptor_.width, in.rest().size() + 1), '\0');
  while (in.ok() && !in.at_end()) {
    auto name_space = in.Fixed<int64_t>();
    for (uint64_t i = 0, entries = in.Count(); i < entries; ++i) {
      std::string_view key = in.String();
      uint64_t hash = HashKey(key);
      if (descriptor_.sub_keys)
        hash = static_cast<uint64_t>(in.Fixed<uint32_t>()) << 32 | (hash & 0xffffffff);
      auto time = in.Fixed<int64_t>();
      for (char& byte : value) byte = in.Fixed<char>();
      if (in.ok() && range_.Contains(hash)) Insert(name_space, {key, hash}, time, value);
    }
  }
}

}  // namespace penstock
