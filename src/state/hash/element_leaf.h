// ElementLeaf: up to a few dozen elements in the order of their bytes, with their values: entries of one size
// from the front and the bytes they name behind them, in one block of memory. A key with one element (a row
// of a join, mostly) costs one allocation of just its size.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

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

class ElementLeaf {
 public:
  static constexpr size_t kEntries = 64;  // at most

  struct Entry {
    uint64_t head;
    int64_t time;
    uint32_t epoch;
    uint32_t offset;  // of the element in the leaf's bytes; the value follows it
    uint32_t element_size;
    uint32_t value_size;
    size_t size() const { return size_t{element_size} + value_size; }
  };

  // Asks for what is read first of a leaf with one row or a few.
  void Prefetch() const {
    for (size_t line = 0; line < 4; ++line) __builtin_prefetch(block_.get() + line * 64);
  }

  size_t size() const { return block_ ? header().entries : 0; }
  // Bytes of elements and values, epoch of the last put, what it takes in memory.
  size_t live() const;
  uint32_t epoch() const { return block_ ? header().epoch : 0; }
  size_t Footprint() const { return block_ ? BlockSize(header().entry_room, header().byte_room) + 16 : 0; }

  // REQUIRES: i < size(). Views are valid until the next change.
  const Entry& entry(size_t i) const { return entries()[i]; }
  std::string_view element(size_t i) const { return {bytes() + entry(i).offset, entry(i).element_size}; }
  std::string_view value(size_t i) const {
    return {bytes() + entry(i).offset + entry(i).element_size, entry(i).value_size};
  }
  // Whether the element with that head comes behind entry i.
  bool Before(size_t i, uint64_t head, std::string_view element) const {
    return entry(i).head != head ? entry(i).head < head : this->element(i) < element;
  }
  bool Behind(size_t i, uint64_t head, std::string_view element) const {
    return entry(i).head != head ? entry(i).head > head : this->element(i) > element;
  }
  // The first entry that is not before the element.
  size_t NotBefore(uint64_t head, std::string_view element) const;

  void Insert(size_t at, uint64_t head, std::string_view element, std::string_view value);
  void Replace(size_t at, std::string_view value);
  void Stamp(size_t at, int64_t time, uint32_t epoch);
  void Erase(size_t at);
  // Moves the entries from `at` on into another leaf.
  ElementLeaf SplitAt(size_t at);

 private:
  struct Header {
    uint32_t used = 0, byte_room = 0;  // of the bytes; `used` includes what no entry names any more
    uint32_t epoch = 0;
    uint16_t entries = 0, entry_room = 0;
  };
  static_assert(sizeof(Header) == 16);
  static size_t BlockSize(size_t entry_room, size_t byte_room) {
    return sizeof(Header) + entry_room * sizeof(Entry) + byte_room;
  }
  Header& header() const { return *reinterpret_cast<Header*>(block_.get()); }
  Entry* entries() const { return reinterpret_cast<Entry*>(block_.get() + sizeof(Header)); }
  char* bytes() const { return block_.get() + sizeof(Header) + header().entry_room * sizeof(Entry); }
  // A block with that room and what is live of this one, in the order of entries.
  void Rebuild(size_t entry_room, size_t byte_room);
  // Room for another entry, and for more bytes.
  void MakeRoom(size_t more_entries, size_t more_bytes);
  void Append(Entry* entry, std::string_view element, std::string_view value);
  // Puts a value into the place of the only entry's, in a block of just the size where it must be another.
  void ReplaceOnly(std::string_view value);
  void CompactIfWasteful();

  std::unique_ptr<char[]> block_;
};

}  // namespace penstock
