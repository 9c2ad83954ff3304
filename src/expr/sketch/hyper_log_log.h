// HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007) over 64-bit hashes: the number of distinct values out
// of 2^precision registers, each the greatest rank (leading zeros + 1) seen among the hashes of its index.
// The estimate is Ertl's improved raw estimator ("New cardinality estimation algorithms for HyperLogLog
// sketches", 2017), which needs no table of corrections and holds from a few values up to 2^64: relative
// standard error 1.04 / sqrt(2^precision), at precision 14 0.8 %. Merging takes the greater of each register.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace penstock {

constexpr int kMinPrecision = 4, kMaxPrecision = 15, kDefaultPrecision = 14;

// Where a hash goes.
struct HyperLogLogSlot {
  uint32_t index;
  uint8_t rank;  // 1 .. 65 - precision
};
inline HyperLogLogSlot SlotOf(uint64_t hash, int precision) {
  auto index = static_cast<uint32_t>(hash >> (64 - precision));
  uint64_t rest = hash << precision | uint64_t{1} << (precision - 1);
  return {index, static_cast<uint8_t>(__builtin_clzll(rest) + 1)};
}

// How many ranks a register of a precision may have, 0 (nothing seen) included.
inline size_t RankCount(int precision) { return static_cast<size_t>(66 - precision); }

// `ranks[r]`: how many registers have rank r, for r >= 1; ranks[0] is not read.
int64_t EstimateDistinct(std::span<const uint16_t> ranks, int precision);

class HyperLogLog {
 public:
  explicit HyperLogLog(int precision = kDefaultPrecision)
      : precision_(precision), registers_(size_t{1} << precision) {}
  static Result<HyperLogLog> Parse(std::string_view bytes);
  std::string Serialize() const;

  int precision() const { return precision_; }
  const std::vector<uint8_t>& registers() const { return registers_; }
  void Add(uint64_t hash) { Raise(SlotOf(hash, precision_)); }
  void Raise(HyperLogLogSlot slot) {
    if (registers_[slot.index] < slot.rank) registers_[slot.index] = slot.rank;
  }
  // Sketches of different precision meet at the lower one.
  void Merge(const HyperLogLog& other);
  // The same sketch with fewer registers. REQUIRES: precision <= this->precision().
  HyperLogLog Folded(int precision) const;
  int64_t Estimate() const;

 private:
  int precision_;
  std::vector<uint8_t> registers_;
};

}  // namespace penstock
