// Access by batches, visits in key order, and snapshots by key group.
#include "state/hash/hash_fixed_state.h"

#include <algorithm>

#include "data/key_codec.h"
#include "state/hash/ordered_elements.h"

namespace penstock {

SegmentedTable& HashFixedState::Table(int64_t name_space, std::string_view key) {
  if (last_ != nullptr && last_namespace_ == name_space) return *last_;
  if (!layout_) layout_ = SlotLayout{SlotLayout::RoomFor(key.size()), descriptor_.width};
  std::unique_ptr<SegmentedTable>& table = tables_[name_space];
  if (!table) table = std::make_unique<SegmentedTable>(range_, *layout_);
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
  bool moved = false;
  constexpr size_t kAhead = 16;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i + kAhead < keys.size()) table.Prefetch(keys[i + kAhead].hash);
    bool expired = false;
    if (descriptor_.ttl_ms > 0) {
      const uint8_t* old = table.Find(keys[i]);
      expired = old != nullptr && IsExpired(table.TimeOf(keys[i].hash, old), descriptor_.ttl_ms, now);
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
  return IsExpired(table->TimeOf(key.hash, value), descriptor_.ttl_ms, Now()) ? nullptr : value;
}

void HashFixedState::Erase(int64_t name_space, StateKey key) {
  auto it = tables_.find(name_space);
  if (it == tables_.end()) return;
  it->second->Erase(key, epoch_);
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
  if (it != tables_.end()) Drop(it);
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
  return bytes;
}

void HashFixedState::Insert(int64_t name_space, StateKey key, int64_t time, std::string_view value) {
  bool created = false, moved = false;
  uint8_t* to = Table(name_space, key.bytes).FindOrInsert(key, time, epoch_, &created, &moved);
  if (!value.empty()) std::memcpy(to, value.data(), value.size());
}

void HashFixedState::Snapshot(ByteWriter& out) {
  struct Item {
    int group;
    int64_t name_space;
    FlatTable::Entry entry;
  };
  std::vector<Item> items;
  for (auto& [name_space, table] : tables_) {
    table->ForEach([&, space = name_space](const FlatTable::Entry& entry) {
      items.push_back({KeyGroupOf(entry.hash, range_.max_parallelism), space, entry});
    });
  }
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.group < b.group; });
  size_t groups = 0;
  for (size_t i = 0; i < items.size(); ++i) groups += i == 0 || items[i].group != items[i - 1].group ? 1 : 0;
  out.Varint(groups);
  for (size_t begin = 0; begin < items.size();) {
    size_t end = begin;
    ByteWriter section;
    while (end < items.size() && items[end].group == items[begin].group) {
      size_t next = end;
      while (next < items.size() && items[next].group == items[begin].group &&
             items[next].name_space == items[end].name_space) {
        ++next;
      }
      section.Fixed(items[end].name_space);
      section.Varint(next - end);
      for (; end < next; ++end) {
        const FlatTable::Entry& entry = items[end].entry;
        section.String(entry.key);
        if (descriptor_.sub_keys) section.Fixed(static_cast<uint32_t>(entry.hash >> 32));
        section.Fixed(entry.time);
        section.Raw({reinterpret_cast<const char*>(entry.value), descriptor_.width});
      }
    }
    out.Varint(static_cast<uint64_t>(items[begin].group));
    out.String(section.bytes());
    begin = end;
  }
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
