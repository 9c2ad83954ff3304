// What keyed state begins with as bytes, and the kinds of its states. Format: docs/formats/keyed_state.md.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace penstock {

enum class StateKind : uint8_t { kFixed = 1, kMap = 2, kTimers = 3 };

// A zero as no writer of version 1 spelled it, then the version.
inline constexpr std::string_view kKeyedMark("\x80\x00", 2);
inline constexpr uint8_t kKeyedBase = 2;
inline constexpr uint8_t kKeyedDelta = 3;

// The key groups of a state: one section for each, of runs of one namespace. REQUIRES: `items` (with members
// `group` and `name_space`) sorted by both. write_run(items of the run, section) writes what follows the
// namespace.
template <typename Item, typename WriteRun>
void WriteKeyGroups(const std::vector<Item>& items, const WriteRun& write_run, ByteWriter& out) {
  uint64_t groups = 0;
  for (size_t i = 0; i < items.size(); ++i) groups += i == 0 || items[i].group != items[i - 1].group ? 1 : 0;
  out.Varint(groups);
  for (size_t begin = 0; begin < items.size();) {
    int group = items[begin].group;
    ByteWriter section;
    while (begin < items.size() && items[begin].group == group) {
      size_t end = begin;
      while (end < items.size() && items[end].group == group &&
             items[end].name_space == items[begin].name_space)
        ++end;
      section.Fixed(items[begin].name_space);
      write_run(std::span<const Item>(items).subspan(begin, end - begin), section);
      begin = end;
    }
    out.Varint(static_cast<uint64_t>(group));
    out.String(section.bytes());
  }
}

}  // namespace penstock
