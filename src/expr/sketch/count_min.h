// The Count-Min sketch (Cormode, Muthukrishnan 2005): how often a value occurred, never too small, and with
// probability `confidence` too large by at most epsilon times the sum of all counts. width = ceil(e /
// epsilon) counters in each of depth = ceil(ln(1 / (1 - confidence))) rows. It is linear: counts can be taken
// back, and sketches of one shape add up.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "expr/sketch/value_hash.h"

namespace penstock {

struct CountMinShape {
  uint32_t depth = 5;
  uint32_t width = 2719;
  // REQUIRES: 0 < epsilon < 1, 0 < confidence < 1.
  static CountMinShape For(double epsilon, double confidence);
  size_t cells() const { return size_t{depth} * width; }
  // The counter of a hash in a row.
  size_t Cell(uint64_t hash, uint32_t row) const {
    return size_t{row} * width + Remix(hash + row * 0x9e3779b97f4a7c15ULL) % width;
  }
  bool operator==(const CountMinShape&) const = default;
};

class CountMin {
 public:
  explicit CountMin(CountMinShape shape) : shape_(shape), counters_(shape.cells()) {}
  static Result<CountMin> Parse(std::string_view bytes);
  // Counters take the fewest of 1, 2, 4, 8 bytes that hold them all.
  std::string Serialize() const;
  // Reads one estimate out of the bytes without making the sketch.
  static Result<int64_t> EstimateIn(std::string_view bytes, uint64_t hash);

  const CountMinShape& shape() const { return shape_; }
  const std::vector<int64_t>& counters() const { return counters_; }
  std::vector<int64_t>& counters() { return counters_; }
  void Add(uint64_t hash, int64_t count) {
    for (uint32_t row = 0; row < shape_.depth; ++row) counters_[shape_.Cell(hash, row)] += count;
  }
  int64_t Estimate(uint64_t hash) const;

 private:
  CountMinShape shape_;
  std::vector<int64_t> counters_;
};

}  // namespace penstock
