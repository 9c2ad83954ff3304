// Random: the only door to randomness: SplitMix64 from a seed, so that every run can be repeated. Not
// thread-safe; each user owns one, seeded from the job's seed.
#pragma once

#include <cstdint>

#include "base/int128.h"

namespace penstock {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  // Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
  uint64_t Next() { return Mix(state_ += kStep); }
  // The parts of Next, for a state that several threads share.
  static constexpr uint64_t kStep = 0x9e3779b97f4a7c15ULL;
  static constexpr uint64_t Mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  // Uniform in [0, bound); 0 when bound is 0.
  uint64_t Below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<uint128_t>(Next()) * bound) >> 64);
  }
  // Uniform in [0, 1).
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  uint64_t state_;
};

// A seed from the machine's entropy, for runs where nobody asked for one.
uint64_t EntropySeed();

}  // namespace penstock
