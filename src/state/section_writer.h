// SectionWriter: writes what a state has in a snapshot or a delta (docs/formats/keyed_state.md). All of it is
// one piece of memory, each byte is written once: a section stands where it belongs before its size is known.
// Used by a state's thread at a barrier.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace penstock {

class SectionWriter {
 public:
  // `room`: about how many bytes it will be; more costs nothing, as memory that is not written to is not
  // there.
  explicit SectionWriter(size_t room) { bytes_.reserve(room); }

  template <typename T>
  void Fixed(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
    bytes_.push_back(static_cast<char>(value));
  }
  void String(std::string_view value) {
    Varint(value.size());
    bytes_.append(value);
  }
  void Raw(std::string_view value) { bytes_.append(value); }

  // A key group and its section: what is written until EndGroup.
  void BeginGroup(int group) {
    Varint(static_cast<uint64_t>(group));
    bytes_.append(kSizeBytes, '\0');
    section_ = bytes_.size();
  }
  void EndGroup() {
    uint64_t size = bytes_.size() - section_;
    char* at = bytes_.data() + section_ - kSizeBytes;
    for (size_t i = 0; i < kSizeBytes; ++i, size >>= 7) {
      bool last = i + 1 == kSizeBytes;
      at[i] = static_cast<char>((size & 0x7f) | (last ? 0 : 0x80));
    }
  }

  std::string Take() { return std::move(bytes_); }

 private:
  static constexpr size_t kSizeBytes = 6;  // a varint of that length says up to 2^42
  std::string bytes_;
  size_t section_ = 0;  // where it begins
};

// The key groups of a state: one section for each, of runs of one namespace. REQUIRES: `items` (with members
// `group` and `name_space`) sorted by both. write_run(items of the run) writes what follows the namespace.
template <typename Item, typename WriteRun>
void WriteKeyGroups(const std::vector<Item>& items, const WriteRun& write_run, SectionWriter& out) {
  uint64_t groups = 0;
  for (size_t i = 0; i < items.size(); ++i) groups += i == 0 || items[i].group != items[i - 1].group ? 1 : 0;
  out.Varint(groups);
  for (size_t begin = 0; begin < items.size();) {
    int group = items[begin].group;
    out.BeginGroup(group);
    while (begin < items.size() && items[begin].group == group) {
      size_t end = begin;
      while (end < items.size() && items[end].group == group &&
             items[end].name_space == items[begin].name_space)
        ++end;
      out.Fixed(items[begin].name_space);
      write_run(std::span<const Item>(items).subspan(begin, end - begin));
      begin = end;
    }
    out.EndGroup();
  }
}

}  // namespace penstock
