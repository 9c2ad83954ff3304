// Bits of Bloom filters and their bytes.
#include "expr/sketch/bloom_filter.h"

#include <algorithm>
#include <cmath>

#include "expr/sketch/sketch_bytes.h"

namespace penstock {

namespace {

constexpr const char* kName = "Bloom filter";

// Leaves the reader at the filter's bits.
Result<BloomShape> ReadShape(ByteReader* in) {
  RETURN_IF_ERROR(ReadSketchHeader(SketchKind::kBloomFilter, kName, in));
  BloomShape shape{};
  shape.bits = in->Fixed<uint32_t>();
  shape.hashes = in->Fixed<uint32_t>();
  bool shape_ok = shape.bits > 0 && shape.bits % 512 == 0 && shape.bits <= kMaxBloomBits &&
                  shape.hashes > 0 && shape.hashes <= 64;
  if (!in->ok() || !shape_ok || in->rest().size() != shape.bytes()) return DamagedSketch(kName);
  return shape;
}

}  // namespace

BloomShape BloomShape::For(double expected, double false_positives) {
  constexpr double kLn2 = 0.6931471805599453;
  double bits = std::ceil(-expected * std::log(false_positives) / (kLn2 * kLn2) / 512) * 512;
  bits = std::clamp(bits, 512.0, static_cast<double>(kMaxBloomBits));
  return {static_cast<uint32_t>(bits),
          static_cast<uint32_t>(std::clamp(std::round(bits / expected * kLn2), 1.0, 32.0))};
}

std::string BloomFilter::Serialize() const {
  ByteWriter out;
  WriteSketchHeader(SketchKind::kBloomFilter, &out);
  out.Fixed(shape_.bits);
  out.Fixed(shape_.hashes);
  out.Raw(bytes_);
  return out.Take();
}

Result<BloomFilter> BloomFilter::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  ASSIGN_OR_RETURN(BloomShape shape, ReadShape(&in));
  BloomFilter filter(shape);
  filter.bytes_ = std::string(in.rest());
  return filter;
}

Result<bool> BloomFilter::ContainsIn(std::string_view bytes, uint64_t hash) {
  ByteReader in(bytes);
  ASSIGN_OR_RETURN(BloomShape shape, ReadShape(&in));
  std::string_view bits = in.rest();
  for (uint32_t i = 0; i < shape.hashes; ++i) {
    uint32_t bit = shape.Bit(hash, i);
    if ((bits[bit / 8] >> bit % 8 & 1) == 0) return false;
  }
  return true;
}

}  // namespace penstock
