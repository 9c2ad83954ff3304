// The Bloom filter (Bloom 1970): whether a value was added; "yes" is wrong with the probability it was made
// for, "no" never. bits = -n ln(p) / ln(2)^2 for n expected values, k = bits / n * ln(2) hashes, derived from
// one by double hashing (Kirsch, Mitzenmacher 2006). Filters of one shape are united bit by bit.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace penstock {

struct BloomShape {
  uint32_t bits = 0;  // a multiple of 512
  uint32_t hashes = 0;
  // REQUIRES: expected >= 1, 0 < false_positives < 1.
  static BloomShape For(double expected, double false_positives);
  size_t bytes() const { return bits / 8; }
  uint32_t Bit(uint64_t hash, uint32_t i) const {
    auto low = static_cast<uint32_t>(hash);
    auto high = static_cast<uint32_t>(hash >> 32) | 1;
    return static_cast<uint32_t>((low + uint64_t{i} * high) % bits);
  }
  bool operator==(const BloomShape&) const = default;
};

// The most bits a filter may have: 16 MiB.
constexpr uint32_t kMaxBloomBits = 1u << 27;

class BloomFilter {
 public:
  explicit BloomFilter(BloomShape shape) : shape_(shape), bytes_(shape.bytes(), '\0') {}
  static Result<BloomFilter> Parse(std::string_view bytes);
  std::string Serialize() const;
  // Asks the bytes without copying them.
  static Result<bool> ContainsIn(std::string_view bytes, uint64_t hash);

  const BloomShape& shape() const { return shape_; }
  std::string& bytes() { return bytes_; }
  void Add(uint64_t hash) {
    for (uint32_t i = 0; i < shape_.hashes; ++i) {
      uint32_t bit = shape_.Bit(hash, i);
      bytes_[bit / 8] = static_cast<char>(bytes_[bit / 8] | 1 << bit % 8);
    }
  }

 private:
  BloomShape shape_;
  std::string bytes_;
};

}  // namespace penstock
