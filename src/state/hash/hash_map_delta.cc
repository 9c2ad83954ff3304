// What changed in a map state since an epoch, as part of a delta (docs/formats/keyed_state.md).
#include <algorithm>
#include <tuple>

#include "state/hash/hash_map_state.h"

namespace penstock {

struct HashMapState::Item {
  enum class What : uint8_t { kCleared, kErased, kChanged };
  int group;
  int64_t name_space;
  What what;
  StateKey key;
  std::string_view element;                   // of kErased
  const OrderedElements* elements = nullptr;  // of kChanged

  auto order() const { return std::tuple(group, name_space, what, key.hash, key.bytes, element); }
};

// Each once. An element that is there again is among those that changed; a key that was cleared is named even
// when it has elements again, for those it had before.
std::vector<HashMapState::Item> HashMapState::ErasedSince(uint32_t from, const GroupSpan& groups,
                                                          std::vector<int64_t>* dropped) {
  using What = Item::What;
  std::vector<Item> items;
  log_.ForEach(from, [&](const ErasureLog::Erasure& erasure) {
    if (erasure.kind == ErasureLog::Kind::kNamespace) return dropped->push_back(erasure.name_space);
    int group = KeyGroupOf(erasure.key.hash, range_.max_parallelism);
    if (!groups.Has(group, range_)) return;
    bool cleared = erasure.kind == ErasureLog::Kind::kKey;
    if (!cleared) {
      OrderedElements* elements = FindElements(erasure.name_space, erasure.key);
      if (elements != nullptr && elements->Find(erasure.element).leaf < elements->leaves()) return;
    }
    What what = cleared ? What::kCleared : What::kErased;
    items.push_back({group, erasure.name_space, what, erasure.key, erasure.element});
  });
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.order() < b.order(); });
  auto same = [](const Item& a, const Item& b) { return a.order() == b.order(); };
  items.erase(std::unique(items.begin(), items.end(), same), items.end());
  std::sort(dropped->begin(), dropped->end());
  dropped->erase(std::unique(dropped->begin(), dropped->end()), dropped->end());
  return items;
}

void HashMapState::WriteElement(std::string_view element, int64_t time, std::string_view value,
                                SectionWriter& out) {
  out.String(element);
  out.Fixed(time);
  out.String(value);
}

void HashMapState::WriteChanges(std::span<const Item> run, uint32_t from, SectionWriter& out) {
  using What = Item::What;
  size_t at = 0;
  auto count_of = [&](What what) {
    size_t end = at;
    while (end < run.size() && run[end].what == what) ++end;
    out.Varint(end - at);
    return end;
  };
  for (size_t end = count_of(What::kCleared); at < end; ++at) out.String(run[at].key.bytes);
  for (size_t end = count_of(What::kErased); at < end; ++at) {
    out.String(run[at].key.bytes);
    out.String(run[at].element);
  }
  for (size_t end = count_of(What::kChanged); at < end; ++at) {
    const OrderedElements& elements = *run[at].elements;
    uint64_t count = 0;
    elements.ForEachChanged(from, [&](std::string_view, int64_t, std::string_view) { ++count; });
    out.String(run[at].key.bytes);
    out.Varint(count);
    elements.ForEachChanged(from, [&](std::string_view element, int64_t time, std::string_view value) {
      WriteElement(element, time, value, out);
    });
  }
}

bool HashMapState::WriteDelta(uint32_t from, const GroupSpan& groups, SectionWriter& out) {
  std::vector<int64_t> dropped;
  std::vector<Item> items = ErasedSince(from, groups, &dropped);
  for (auto& [name_space, table] : tables_) {
    auto add = [&, space = name_space](const FlatTable::Entry& entry) {
      int group = KeyGroupOf(entry.hash, range_.max_parallelism);
      if (!groups.Has(group, range_)) return;
      OrderedElements* elements = &pool_[NumberIn(entry.value)];
      items.push_back({group, space, Item::What::kChanged, {entry.key, entry.hash}, {}, elements});
    };
    table->ForEachChangedNear(from, groups, add);
  }
  if (items.empty() && dropped.empty()) return false;
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return std::tuple(a.group, a.name_space, a.what) < std::tuple(b.group, b.name_space, b.what);
  });
  out.Varint(dropped.size());
  for (int64_t name_space : dropped) out.Fixed(name_space);
  WriteKeyGroups(
      items, [&](std::span<const Item> run) { WriteChanges(run, from, out); }, out);
  return true;
}

}  // namespace penstock
