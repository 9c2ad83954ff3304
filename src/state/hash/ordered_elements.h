// OrderedElements: the elements of one key of a MapState in the order of their bytes, packed into leaves of a
// few dozen entries: a search touches the leaves' first elements and then one leaf, a scan runs through
// memory. An entry keeps the first bytes of its element as a number, so that most comparisons are one
// instruction.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

// A number that orders elements as their bytes do, except that different elements may share one. Nearly all
// elements start with the marker of a value that is present (data/key_codec.h): the bytes behind it tell
// more.
inline uint64_t HeadOf(std::string_view element) {
  if (element.empty() || element[0] == '\0') return 0;
  if (element[0] != '\x01') return ~uint64_t{0};
  uint64_t head = 0;
  if (element.size() >= 9) {
    std::memcpy(&head, element.data() + 1, sizeof(head));
    return __builtin_bswap64(head);
  }
  for (size_t i = 1; i <= 8; ++i)
    head = head << 8 | (i < element.size() ? static_cast<uint8_t>(element[i]) : 0);
  return head;
}

class OrderedElements {
 public:
  struct Entry {
    uint64_t head;
    int64_t time;
    uint32_t epoch;
    uint32_t offset;  // of the element in the leaf's bytes; the value follows it
    uint32_t element_size;
    uint32_t value_size;
  };
  struct Position {
    size_t leaf = 0;
    size_t entry = 0;
  };

  bool empty() const { return count_ == 0; }
  size_t size() const { return count_; }
  // What it takes in memory, about; costs nothing.
  size_t Footprint() const {
    size_t used = count_ * sizeof(Entry) + live_;
    return leaves_.size() * (sizeof(Leaf) + 32) +
           (count_ > 1 ? used * 5 / 4 : used);  // vectors have spare room
  }
  // Whether another place has these elements as they are: nothing was put or erased since it was told so.
  bool stored() const { return stored_; }
  void set_stored() { stored_ = true; }
  void clear();

  // The first element not before the given one; at the end: leaf == leaves().
  Position LowerBound(std::string_view element) const;
  // The element's position, or leaves() when it is not there. It is remembered: what is read is often written
  // next.
  Position Find(std::string_view element);
  size_t leaves() const { return leaves_.size(); }
  size_t entries(size_t leaf) const { return leaves_[leaf].entries.size(); }

  // Views are valid until the next change.
  std::string_view ElementAt(Position at) const {
    const Entry& entry = EntryAt(at);
    return {leaves_[at.leaf].bytes.data() + entry.offset, entry.element_size};
  }
  std::string_view ValueAt(Position at) const {
    const Entry& entry = EntryAt(at);
    return {leaves_[at.leaf].bytes.data() + entry.offset + entry.element_size, entry.value_size};
  }
  int64_t TimeAt(Position at) const { return EntryAt(at).time; }
  uint32_t EpochAt(Position at) const { return EntryAt(at).epoch; }

  // Elements put in epoch `from` or later, in order; visit(element, time, value).
  template <typename Visit>
  void ForEachChanged(uint32_t from, const Visit& visit) const {
    for (Position at; at.leaf < leaves_.size(); ++at.leaf) {
      if (leaves_[at.leaf].epoch < from) continue;
      for (at.entry = 0; at.entry < entries(at.leaf); ++at.entry)
        if (EntryAt(at).epoch >= from) visit(ElementAt(at), TimeAt(at), ValueAt(at));
    }
  }

  void Put(std::string_view element, std::string_view value, int64_t time, uint32_t epoch);
  bool Erase(std::string_view element);

 private:
  struct Leaf {
    uint64_t head = 0;   // of its first entry
    uint32_t live = 0;   // bytes of `bytes` that entries use
    uint32_t epoch = 0;  // of the last put
    std::vector<Entry> entries;
    std::string bytes;
  };
  static constexpr size_t kLeafEntries = 64;

  const Entry& EntryAt(Position at) const { return leaves_[at.leaf].entries[at.entry]; }
  static std::string_view ElementOf(const Leaf& leaf, const Entry& entry) {
    return {leaf.bytes.data() + entry.offset, entry.element_size};
  }
  static bool Before(const Leaf& leaf, const Entry& entry, uint64_t head, std::string_view element) {
    return entry.head != head ? entry.head < head : ElementOf(leaf, entry) < element;
  }
  // The leaf the element belongs to. REQUIRES: there is one.
  size_t LeafOf(uint64_t head, std::string_view element) const;
  static size_t EntryNotBefore(const Leaf& leaf, uint64_t head, std::string_view element);
  static void Append(Leaf* leaf, Entry* entry, std::string_view element, std::string_view value);
  // Drops the bytes that no entry uses.
  static void Compact(Leaf* leaf);
  void SplitLeaf(size_t leaf);
  // Writes a new value over the entry's.
  static void Replace(Leaf* leaf, Entry* entry, std::string_view element, std::string_view value);

  std::vector<Leaf> leaves_;
  size_t count_ = 0;
  Position found_;  // by the last Find; forgotten when entries move
  bool has_found_ = false;
  bool stored_ = false;
  uint64_t live_ = 0;  // bytes of elements and values
};

}  // namespace penstock
