// HeavyHitters: the keys that make up most of a stream, in a fixed number of counters: Space-Saving
// (Metwally, Agrawal, El Abbadi 2005). A key with more than 1 / capacity of all rows is always among them;
// its count is too large by at most the error kept beside it. Counts are halved from time to time, so that
// what was hot long ago cools down. Used by one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace penstock {

class HeavyHitters {
 public:
  explicit HeavyHitters(size_t capacity = 64, int64_t halve_after = int64_t{1} << 20)
      : capacity_(capacity), halve_after_(halve_after) {}

  struct Counter {
    std::string key;
    uint64_t hash = 0;
    int64_t count = 0;
    int64_t error = 0;  // the key occurred at least count - error times
  };

  void Add(std::string_view key, uint64_t hash, int64_t count = 1);
  // Counts occurrences of keys that are not worth a counter.
  void AddOthers(int64_t count) { total_ += count; }
  int64_t total() const { return total_; }
  const std::vector<Counter>& counters() const { return counters_; }

 private:
  void Halve();
  size_t capacity_;
  int64_t halve_after_;
  int64_t total_ = 0;
  std::vector<Counter> counters_;
  std::unordered_map<uint64_t, size_t> index_;  // hash -> counter
};

}  // namespace penstock
