// Key groups: the unit in which keyed state moves between subtasks. A key's hash names its group, a group's
// number the subtask that owns it, as in Flink's KeyGroupRangeAssignment. Part of the durable format.
//
// Keys may be dedicated (docs/design/hot-keys.md): each has one of an operator's last subtasks for itself,
// and the key groups, without these keys, are divided among the others. Which keys are is no part of the
// format: state finds its owner by the hash of its key, whoever wrote it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace penstock {

inline constexpr int kDefaultMaxParallelism = 128;

inline int KeyGroupOf(uint64_t hash, int max_parallelism) {
  return static_cast<int>((hash >> 32) % static_cast<uint64_t>(max_parallelism));
}

inline int SubtaskOf(int key_group, int max_parallelism, int parallelism) {
  return key_group * parallelism / max_parallelism;
}

// Keys with a subtask of their own, named by the upper halves of their hashes: with them go their sub-keys.
struct DedicatedKeys {
  std::vector<uint32_t> prefixes;  // of n keys the subtasks parallelism - n .. parallelism - 1
  static uint32_t PrefixOf(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }
  // Which of them a key is, -1: none.
  int IndexOf(uint64_t hash) const {
    auto at = std::find(prefixes.begin(), prefixes.end(), PrefixOf(hash));
    return at == prefixes.end() ? -1 : static_cast<int>(at - prefixes.begin());
  }
  // Subtasks that share all other keys.
  int SharedOf(int parallelism) const { return parallelism - static_cast<int>(prefixes.size()); }
  bool operator==(const DedicatedKeys&) const = default;
};

// The keys a subtask owns: those of the groups [begin, end), without dedicated ones; or one of these.
struct KeyGroupRange {
  int begin = 0;
  int end = kDefaultMaxParallelism;
  int max_parallelism = kDefaultMaxParallelism;
  std::shared_ptr<const DedicatedKeys> dedicated = nullptr;  // null: there are none
  int own = -1;                                              // the dedicated key that it owns
  bool Contains(uint64_t hash) const {
    if (dedicated) {
      int key = dedicated->IndexOf(hash);
      if (own >= 0 || key >= 0) return key == own;
    }
    int group = KeyGroupOf(hash, max_parallelism);
    return group >= begin && group < end;
  }
  static KeyGroupRange Of(int subtask, int parallelism, int max_parallelism) {
    auto first = [&](int s) { return (s * max_parallelism + parallelism - 1) / parallelism; };
    return {first(subtask), first(subtask + 1), max_parallelism};
  }
  // REQUIRES: fewer dedicated keys than subtasks.
  static KeyGroupRange Of(int subtask, int parallelism, int max_parallelism,
                          std::shared_ptr<const DedicatedKeys> dedicated) {
    if (!dedicated || dedicated->prefixes.empty()) return Of(subtask, parallelism, max_parallelism);
    int shared = dedicated->SharedOf(parallelism), own = subtask - shared;
    KeyGroupRange range;
    if (own < 0) {
      range = Of(subtask, shared, max_parallelism);
    } else {
      int group = KeyGroupOf(uint64_t{dedicated->prefixes[static_cast<size_t>(own)]} << 32, max_parallelism);
      range = {group, group + 1, max_parallelism};
      range.own = own;
    }
    range.dedicated = std::move(dedicated);
    return range;
  }
};

}  // namespace penstock
