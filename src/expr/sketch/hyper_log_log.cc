// Registers, their bytes, and Ertl's estimator.
#include "expr/sketch/hyper_log_log.h"

#include <algorithm>
#include <cmath>

#include "expr/sketch/sketch_bytes.h"

namespace penstock {

namespace {

constexpr const char* kName = "HyperLogLog sketch";
constexpr uint8_t kSparse = 0, kDense = 1;

// Names and formulas of Ertl's paper, algorithm 6.
double Sigma(double x) {
  if (x == 1) return INFINITY;
  double y = 1, z = x, before;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (z != before);
  return z;
}

double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1, z = 1 - x, before;
  do {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (z != before);
  return z / 3;
}

}  // namespace

int64_t EstimateDistinct(std::span<const uint16_t> ranks, int precision) {
  double m = std::ldexp(1.0, precision);
  int q = 64 - precision;
  int64_t touched = 0;
  for (int k = 1; k <= q + 1; ++k) touched += ranks[static_cast<size_t>(k)];
  double z = m * Tau(1 - ranks[static_cast<size_t>(q + 1)] / m);
  for (int k = q; k >= 1; --k) z = 0.5 * (z + ranks[static_cast<size_t>(k)]);
  z += m * Sigma((m - static_cast<double>(touched)) / m);
  if (std::isinf(z)) return 0;
  double estimate = m * m / (2 * std::log(2.0)) / z;
  return estimate >= 9.2e18 ? INT64_MAX : std::llround(estimate);
}

int64_t HyperLogLog::Estimate() const {
  std::vector<uint16_t> ranks(RankCount(precision_));
  for (uint8_t rank : registers_) {
    if (rank > 0) ++ranks[rank];
  }
  return EstimateDistinct(ranks, precision_);
}

HyperLogLog HyperLogLog::Folded(int precision) const {
  HyperLogLog folded(precision);
  int lost = precision_ - precision;
  for (uint32_t index = 0; index < registers_.size(); ++index) {
    if (registers_[index] == 0) continue;
    // The bits of the index that are cut off become the first of the hash's rest.
    uint32_t cut = index & ((1u << lost) - 1);
    auto rank = cut == 0 ? registers_[index] + lost : __builtin_clz(cut) - (32 - lost) + 1;
    folded.Raise({index >> lost, static_cast<uint8_t>(rank)});
  }
  return folded;
}

void HyperLogLog::Merge(const HyperLogLog& other) {
  if (other.precision_ < precision_) *this = Folded(other.precision_);
  if (other.precision_ > precision_) return Merge(other.Folded(precision_));
  for (size_t i = 0; i < registers_.size(); ++i) registers_[i] = std::max(registers_[i], other.registers_[i]);
}

std::string HyperLogLog::Serialize() const {
  ByteWriter out;
  WriteSketchHeader(SketchKind::kHyperLogLog, &out);
  out.Fixed(static_cast<uint8_t>(precision_));
  auto touched =
      registers_.size() - static_cast<size_t>(std::count(registers_.begin(), registers_.end(), uint8_t{0}));
  if (touched * 3 < registers_.size() / 4 * 3) {
    out.Fixed(kSparse);
    out.Varint(touched);
    for (size_t i = 0; i < registers_.size(); ++i) {
      if (registers_[i] == 0) continue;
      out.Fixed(static_cast<uint16_t>(i));
      out.Fixed(registers_[i]);
    }
    return out.Take();
  }
  out.Fixed(kDense);  // four registers of six bits are three bytes
  for (size_t i = 0; i < registers_.size(); i += 4) {
    uint32_t four =
        registers_[i] | registers_[i + 1] << 6 | registers_[i + 2] << 12 | registers_[i + 3] << 18;
    for (int shift = 0; shift < 24; shift += 8) out.Fixed(static_cast<uint8_t>(four >> shift));
  }
  return out.Take();
}

Result<HyperLogLog> HyperLogLog::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  RETURN_IF_ERROR(ReadSketchHeader(SketchKind::kHyperLogLog, kName, &in));
  int precision = in.Fixed<uint8_t>();
  auto mode = in.Fixed<uint8_t>();
  if (!in.ok() || precision < kMinPrecision || precision > kMaxPrecision || mode > kDense)
    return DamagedSketch(kName);
  HyperLogLog sketch(precision);
  size_t m = sketch.registers_.size();
  if (mode == kSparse) {
    for (uint64_t left = in.Count(); left > 0; --left) {
      auto index = in.Fixed<uint16_t>();
      auto rank = in.Fixed<uint8_t>();
      if (index >= m) return DamagedSketch(kName);
      sketch.registers_[index] = rank;
    }
  } else {
    for (size_t i = 0; i < m; i += 4) {
      uint32_t four = 0;
      for (int shift = 0; shift < 24; shift += 8) four |= uint32_t{in.Fixed<uint8_t>()} << shift;
      for (size_t k = 0; k < 4; ++k) sketch.registers_[i + k] = static_cast<uint8_t>(four >> 6 * k & 63);
    }
  }
  bool ranks_ok = std::all_of(sketch.registers_.begin(), sketch.registers_.end(),
                              [&](uint8_t rank) { return rank < RankCount(precision); });
  if (!in.ok() || !ranks_ok) return DamagedSketch(kName);
  return sketch;
}

}  // namespace penstock
