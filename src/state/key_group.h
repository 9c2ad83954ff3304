// Key groups: the unit in which keyed state moves between subtasks. A key's hash names its group, a group's
// number the subtask that owns it, as in Flink's KeyGroupRangeAssignment. Part of the durable format.
#pragma once

#include <cstdint>

namespace penstock {

inline constexpr int kDefaultMaxParallelism = 128;

inline int KeyGroupOf(uint64_t hash, int max_parallelism) {
  return static_cast<int>((hash >> 32) % static_cast<uint64_t>(max_parallelism));
}

inline int SubtaskOf(int key_group, int max_parallelism, int parallelism) {
  return key_group * parallelism / max_parallelism;
}

// The groups a subtask owns: [begin, end).
struct KeyGroupRange {
  int begin = 0;
  int end = kDefaultMaxParallelism;
  int max_parallelism = kDefaultMaxParallelism;
  bool Contains(uint64_t hash) const {
    int group = KeyGroupOf(hash, max_parallelism);
    return group >= begin && group < end;
  }
  static KeyGroupRange Of(int subtask, int parallelism, int max_parallelism) {
    auto first = [&](int s) { return (s * max_parallelism + parallelism - 1) / parallelism; };
    return {first(subtask), first(subtask + 1), max_parallelism};
  }
};

}  // namespace penstock
