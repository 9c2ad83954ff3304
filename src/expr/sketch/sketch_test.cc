// Sketches: how far off their answers are, that merging is the same as having seen everything, and that their
// bytes come back or are refused.
#include <gtest/gtest.h>

#include <cmath>

#include "expr/sketch/bloom_filter.h"
#include "expr/sketch/count_min.h"
#include "expr/sketch/hyper_log_log.h"
#include "expr/sketch/value_hash.h"

namespace penstock {
namespace {

uint64_t HashOf(int64_t value) { return HashBytes({reinterpret_cast<const char*>(&value), sizeof(value)}); }

HyperLogLog Filled(int64_t from, int64_t to, int precision = kDefaultPrecision) {
  HyperLogLog sketch(precision);
  for (int64_t i = from; i < to; ++i) sketch.Add(HashOf(i));
  return sketch;
}

TEST(ValueHash, IsXxHash64WithSeedZero) {
  EXPECT_EQ(HashBytes(""), 0xef46db3751d8e999ULL);
  EXPECT_EQ(HashBytes("abc"), 0x44bc2cf5ad770999ULL);
}

TEST(ValueHash, ANumberIsTheSameInEveryType) {
  ColumnPtr value = Column::Constant(DataType::Double(), Value::Double(-0.0), 1);
  ColumnPtr zero = Column::Constant(DataType::Double(), Value::Double(0.0), 1);
  ValueHasher hasher(DataType::Double());
  EXPECT_EQ(hasher.Hash(value, 0), hasher.Hash(zero, 0));
  EXPECT_TRUE(SketchArgument(DataType::Int()).is(TypeKind::kBigInt));
}

TEST(HyperLogLog, IsWithinThreeStandardErrorsFromOneValueToAMillion) {
  double error = 1.04 / std::sqrt(std::ldexp(1.0, kDefaultPrecision));
  for (int64_t n : {0, 1, 10, 100, 1000, 20000, 60000, 300000, 1000000}) {
    auto estimate = static_cast<double>(Filled(0, n).Estimate());
    EXPECT_LE(std::abs(estimate - static_cast<double>(n)), std::max(0.5, 3 * error * static_cast<double>(n)))
        << n;
  }
}

TEST(HyperLogLog, TheErrorOfManyIsThatOfTheory) {
  double sum = 0;
  constexpr int kRuns = 200;
  for (int run = 0; run < kRuns; ++run) {
    auto estimate = static_cast<double>(Filled(run * 10000, run * 10000 + 5000, 10).Estimate());
    sum += (estimate / 5000 - 1) * (estimate / 5000 - 1);
  }
  EXPECT_NEAR(std::sqrt(sum / kRuns), 1.04 / 32, 0.008);
}

TEST(HyperLogLog, MergedIsAsIfItHadSeenAll) {
  HyperLogLog both = Filled(0, 3000);
  both.Merge(Filled(2000, 7000));
  EXPECT_EQ(both.registers(), Filled(0, 7000).registers());
}

TEST(HyperLogLog, PrecisionsMeetAtTheLower) {
  EXPECT_EQ(Filled(0, 50000, 14).Folded(6).registers(), Filled(0, 50000, 6).registers());
  HyperLogLog low = Filled(0, 100, 8);
  low.Merge(Filled(50, 4000, 12));
  EXPECT_EQ(low.registers(), Filled(0, 4000, 8).registers());
}

TEST(HyperLogLog, BytesComeBack) {
  for (int64_t n : {0, 3, 900, 4000, 100000}) {
    HyperLogLog sketch = Filled(0, n);
    std::string bytes = sketch.Serialize();
    EXPECT_LE(bytes.size(), 12300u);
    auto again = HyperLogLog::Parse(bytes);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->registers(), sketch.registers());
    for (size_t cut = 0; cut < std::min<size_t>(bytes.size(), 60); ++cut)
      EXPECT_FALSE(HyperLogLog::Parse(std::string_view(bytes).substr(0, cut)).has_value()) << cut;
  }
}

TEST(HyperLogLog, AnotherVersionOrKindIsRefused) {
  std::string bytes = HyperLogLog().Serialize();
  EXPECT_FALSE(BloomFilter::Parse(bytes).has_value());
  bytes[1] = 2;
  EXPECT_FALSE(HyperLogLog::Parse(bytes).has_value());
}

TEST(CountMin, IsNeverTooSmallAndSeldomTooLarge) {
  CountMin sketch(CountMinShape::For(0.001, 0.99));
  int64_t total = 0;
  for (int64_t i = 1; i <= 20000; ++i) {
    sketch.Add(HashOf(i), 20000 / i);
    total += 20000 / i;
  }
  int64_t outside = 0;
  for (int64_t i = 1; i <= 20000; ++i) {
    int64_t estimate = sketch.Estimate(HashOf(i));
    ASSERT_GE(estimate, 20000 / i);
    if (static_cast<double>(estimate - 20000 / i) > 0.001 * static_cast<double>(total)) ++outside;
  }
  EXPECT_LE(outside, 200);  // one in a hundred
}

TEST(CountMin, BytesComeBackInTheWidthTheyNeed) {
  for (int64_t count : {int64_t{1}, int64_t{1000}, int64_t{100000}, int64_t{1} << 40, int64_t{-5}}) {
    CountMin sketch(CountMinShape::For(0.1, 0.9));
    sketch.Add(HashOf(7), count);
    std::string bytes = sketch.Serialize();
    auto again = CountMin::Parse(bytes);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->counters(), sketch.counters());
    EXPECT_EQ(*CountMin::EstimateIn(bytes, HashOf(7)), count);
    EXPECT_FALSE(CountMin::Parse(std::string_view(bytes).substr(0, bytes.size() - 1)).has_value());
  }
}

TEST(BloomFilter, KnowsWhatItHasAndIsSeldomWrongAboutTheRest) {
  BloomFilter filter(BloomShape::For(10000, 0.01));
  for (int64_t i = 0; i < 10000; ++i) filter.Add(HashOf(i));
  std::string bytes = filter.Serialize();
  int wrong = 0;
  for (int64_t i = 0; i < 10000; ++i) ASSERT_TRUE(*BloomFilter::ContainsIn(bytes, HashOf(i)));
  for (int64_t i = 10000; i < 30000; ++i) wrong += *BloomFilter::ContainsIn(bytes, HashOf(i)) ? 1 : 0;
  EXPECT_NEAR(wrong / 20000.0, 0.01, 0.004);
  EXPECT_FALSE(BloomFilter::Parse(std::string_view(bytes).substr(0, 40)).has_value());
}

}  // namespace
}  // namespace penstock
