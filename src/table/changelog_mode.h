// ChangelogMode: which kinds of changes flow over an edge, in or out of a table. Small value type.
#pragma once

#include <string>

#include "data/batch.h"

namespace penstock {

class ChangelogMode {
 public:
  constexpr ChangelogMode() = default;
  constexpr explicit ChangelogMode(unsigned kinds) : kinds_(kinds) {}
  static constexpr ChangelogMode InsertOnly() { return ChangelogMode(1); }
  static constexpr ChangelogMode All() { return ChangelogMode(15); }
  static constexpr ChangelogMode Upsert() { return ChangelogMode(1 | 4 | 8); }

  constexpr bool Contains(RowKind kind) const { return (kinds_ >> static_cast<unsigned>(kind) & 1) != 0; }
  constexpr bool insert_only() const { return kinds_ == 1; }
  constexpr bool empty() const { return kinds_ == 0; }
  constexpr bool has_updates() const { return (kinds_ & 6) != 0; }
  constexpr bool has_deletes() const { return (kinds_ & 8) != 0; }
  constexpr bool has_update_before() const { return (kinds_ & 2) != 0; }
  // Updates arrive as +U alone.
  constexpr bool upsert() const { return (kinds_ & 4) != 0 && (kinds_ & 2) == 0; }
  constexpr bool IsSubsetOf(ChangelogMode other) const { return (kinds_ & ~other.kinds_) == 0; }
  constexpr ChangelogMode With(RowKind kind) const {
    return ChangelogMode(kinds_ | 1U << static_cast<unsigned>(kind));
  }
  constexpr ChangelogMode Without(RowKind kind) const {
    return ChangelogMode(kinds_ & ~(1U << static_cast<unsigned>(kind)));
  }
  constexpr ChangelogMode Union(ChangelogMode other) const { return ChangelogMode(kinds_ | other.kinds_); }
  constexpr unsigned bits() const { return kinds_; }
  constexpr bool operator==(const ChangelogMode&) const = default;

  // "I,UB,UA,D": Flink's notation.
  std::string ToString() const {
    std::string text;
    static constexpr const char* kNames[] = {"I", "UB", "UA", "D"};
    for (unsigned i = 0; i < 4; ++i) {
      if ((kinds_ >> i & 1) == 0) continue;
      if (!text.empty()) text += ",";
      text += kNames[i];
    }
    return text.empty() ? "NONE" : text;
  }

 private:
  unsigned kinds_ = 0;
};

}  // namespace penstock
