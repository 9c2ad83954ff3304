// Growing, changing and splitting the block of a leaf.
#include "state/hash/element_leaf.h"

#include <algorithm>

#include "base/check.h"

namespace penstock {

size_t ElementLeaf::NotBefore(uint64_t head, std::string_view element) const {
  size_t low = 0, count = size();
  while (count > 0) {
    size_t half = count / 2;
    if (Before(low + half, head, element)) {
      low += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return low;
}

size_t ElementLeaf::live() const {
  size_t bytes = 0;
  for (size_t i = 0; i < size(); ++i) bytes += entry(i).size();
  return bytes;
}

void ElementLeaf::Rebuild(size_t entry_room, size_t byte_room) {
  CHECK(byte_room < size_t{1} << 32);
  ElementLeaf rebuilt;
  rebuilt.block_ = std::make_unique_for_overwrite<char[]>(BlockSize(entry_room, byte_room));
  Header& made = *new (rebuilt.block_.get()) Header();
  made.entry_room = static_cast<uint16_t>(entry_room);
  made.byte_room = static_cast<uint32_t>(byte_room);
  for (size_t i = 0; i < size(); ++i) {
    Entry& to = rebuilt.entries()[i];
    to = entry(i);
    to.offset = made.used;
    std::memcpy(rebuilt.bytes() + made.used, bytes() + entry(i).offset, to.size());
    made.used += static_cast<uint32_t>(to.size());
  }
  made.entries = static_cast<uint16_t>(size());
  made.epoch = epoch();
  *this = std::move(rebuilt);
}

// The first element gets just its room, later ones half as much again as there is.
void ElementLeaf::MakeRoom(size_t more_entries, size_t more_bytes) {
  size_t entries = size() + more_entries;
  size_t entry_room = block_ ? header().entry_room : 0, byte_room = block_ ? header().byte_room : 0;
  bool fits = block_ && entries <= entry_room && header().used + more_bytes <= byte_room;
  if (fits) return;
  if (entries > entry_room) entry_room = std::min(kEntries, entries + size() / 2);
  size_t kept = live();
  if (kept + more_bytes > byte_room) byte_room = kept + more_bytes + kept / 2;
  Rebuild(entry_room, byte_room);
}

void ElementLeaf::Append(Entry* entry, std::string_view element, std::string_view value) {
  Header& leaf = header();
  entry->offset = leaf.used;
  entry->element_size = static_cast<uint32_t>(element.size());
  entry->value_size = static_cast<uint32_t>(value.size());
  std::copy(element.begin(), element.end(), bytes() + leaf.used);
  std::copy(value.begin(), value.end(), bytes() + leaf.used + element.size());
  leaf.used += static_cast<uint32_t>(entry->size());
}

void ElementLeaf::CompactIfWasteful() {
  if (header().used < 256) return;
  size_t kept = live();
  if (kept * 2 <= header().used) Rebuild(header().entry_room, kept);
}

void ElementLeaf::Insert(size_t at, uint64_t head, std::string_view element, std::string_view value) {
  DCHECK(size() < kEntries);
  MakeRoom(1, element.size() + value.size());
  Entry* place = entries() + at;
  std::copy_backward(place, entries() + size(), entries() + size() + 1);
  *place = Entry{head, 0, 0, 0, 0, 0};
  ++header().entries;
  Append(place, element, value);
}

void ElementLeaf::Replace(size_t at, std::string_view value) {
  if (entry(at).value_size == value.size()) {
    std::copy(value.begin(), value.end(), bytes() + entry(at).offset + entry(at).element_size);
    return;
  }
  if (size() == 1) return ReplaceOnly(value);
  size_t element_size = entry(at).element_size;
  MakeRoom(0, element_size + value.size());
  Entry* entry = entries() + at;
  Append(entry, {bytes() + entry->offset, element_size}, value);
  CompactIfWasteful();
}

void ElementLeaf::ReplaceOnly(std::string_view value) {
  Entry& only = entries()[0];
  size_t size = only.element_size + value.size();
  CHECK(size < size_t{1} << 32);
  bool fits = only.offset + size <= header().byte_room;
  if (!fits || header().byte_room > 2 * size + 64) {
    ElementLeaf made;
    made.Insert(0, only.head, element(0), value);
    made.Stamp(0, only.time, only.epoch);
    *this = std::move(made);
    return;
  }
  std::copy(value.begin(), value.end(), bytes() + only.offset + only.element_size);
  only.value_size = static_cast<uint32_t>(value.size());
  header().used = static_cast<uint32_t>(only.offset + size);
}

void ElementLeaf::Stamp(size_t at, int64_t time, uint32_t epoch) {
  entries()[at].time = time;
  entries()[at].epoch = epoch;
  header().epoch = std::max(header().epoch, epoch);
}

void ElementLeaf::Erase(size_t at) {
  std::copy(entries() + at + 1, entries() + size(), entries() + at);
  --header().entries;
  if (size() > 0) CompactIfWasteful();
}

ElementLeaf ElementLeaf::SplitAt(size_t at) {
  ElementLeaf upper;
  size_t moved = 0;
  for (size_t i = at; i < size(); ++i) moved += entry(i).size();
  upper.MakeRoom(size() - at, moved);
  for (size_t i = at; i < size(); ++i) {
    upper.Insert(i - at, entry(i).head, element(i), value(i));
    upper.Stamp(i - at, entry(i).time, entry(i).epoch);
  }
  header().entries = static_cast<uint16_t>(at);
  upper.header().epoch = epoch();
  CompactIfWasteful();
  return upper;
}

}  // namespace penstock
