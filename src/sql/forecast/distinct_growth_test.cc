// Forecasts of distinct keys against streams that were counted to their end, from a twentieth of them.
#include "sql/forecast/distinct_growth.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace penstock::sql {
namespace {

// SplitMix64: the same stream at every run.
class Draws {
 public:
  explicit Draws(uint64_t seed = 1) : state_(seed) {}
  double Next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return static_cast<double>((z ^ z >> 31) >> 11) * 0x1p-53;
  }

 private:
  uint64_t state_;
};

class ZipfKeys {
 public:
  ZipfKeys(double skew, size_t values) {
    double sum = 0;
    for (size_t rank = 1; rank <= values; ++rank)
      sums_.push_back(sum += std::pow(static_cast<double>(rank), -skew));
  }
  size_t Next() {
    double at = draws_.Next() * sums_.back();
    return static_cast<size_t>(std::lower_bound(sums_.begin(), sums_.end(), at) - sums_.begin());
  }

 private:
  std::vector<double> sums_;
  Draws draws_;
};

struct Stream {
  KeySample sample;     // the first twentieth
  double distinct = 0;  // of all
};

template <typename Keys>
Stream Count(Keys keys, size_t rows) {
  Stream stream;
  std::unordered_map<size_t, size_t> seen;
  size_t sample = rows / 20 / 64 * 64, next = sample / 64;
  for (size_t i = 1; i <= rows; ++i) {
    ++seen[keys.Next()];
    if (i != next || i > sample) continue;
    stream.sample.prefixes.push_back({static_cast<double>(i), static_cast<double>(seen.size())});
    next *= 2;
    if (next <= sample) continue;
    for (const auto& [key, count] : seen) {
      if (count >= stream.sample.occurring.size()) stream.sample.occurring.resize(count + 1);
      ++stream.sample.occurring[count];
    }
  }
  stream.distinct = static_cast<double>(seen.size());
  return stream;
}

TEST(DistinctGrowth, ZipfIsForecastWithinAQuarterFromATwentieth) {
  constexpr size_t kRows = 500'000;
  for (double skew : {0.0, 0.7, 1.0, 1.3}) {
    for (size_t values : {1000, 100'000}) {
      Stream stream = Count(ZipfKeys(skew, values), kRows);
      Estimate estimate = DistinctGrowth(stream.sample, kRows).After(kRows);
      EXPECT_NEAR(estimate.likely / stream.distinct, 1, 0.25)
          << "skew " << skew << ", " << values << " values";
      EXPECT_LE(estimate.low, stream.distinct * 1.02);
      EXPECT_GE(estimate.high, stream.distinct * 0.98);
    }
  }
}

// A column of Zipf's law and one of a thousand values, all alike.
class PairsOfKeys {
 public:
  size_t Next() { return first_.Next() * 1000 + static_cast<size_t>(draws_.Next() * 1000); }

 private:
  ZipfKeys first_{1.3, 50'000};
  Draws draws_{2};
};

TEST(DistinctGrowth, PairsOfColumnsAreMixtures) {
  Stream stream = Count(PairsOfKeys(), 400'000);
  Estimate estimate = DistinctGrowth(stream.sample, 400'000).After(400'000);
  EXPECT_NEAR(estimate.likely / stream.distinct, 1, 0.25);
}

TEST(DistinctGrowth, KeysAreToldByTheirRows) {
  constexpr double kRows = 500'000;
  Stream stream = Count(ZipfKeys(1.0, 100'000), static_cast<size_t>(kRows));
  DistinctGrowth growth(stream.sample, kRows);
  double keys = 0, rows = 0, single = 0;
  for (const KeyClass& one : growth.KeysByRows(kRows)) {
    keys += one.keys, rows += one.keys * one.rows;
    if (one.rows < 1.5) single += one.keys;
  }
  EXPECT_NEAR(keys, growth.After(kRows).likely, 1);
  EXPECT_NEAR(rows, kRows, kRows * 0.01);
  std::unordered_map<size_t, size_t> seen;
  ZipfKeys again(1.0, 100'000);
  for (double i = 0; i < kRows; ++i) ++seen[again.Next()];
  auto once = std::count_if(seen.begin(), seen.end(), [](const auto& key) { return key.second == 1; });
  EXPECT_NEAR(single / static_cast<double>(once), 1, 0.2);
}

// Sixteen new keys every hundred rows, each of them for a while.
class RisingKeys {
 public:
  size_t Next() {
    ++row_;
    return row_ / 100 * 16 + static_cast<size_t>(draws_.Next() * 48);
  }

 private:
  size_t row_ = 0;
  Draws draws_;
};

TEST(DistinctGrowth, KeysThatComeWithTimeAreSeenToGoOn) {
  Stream stream = Count(RisingKeys(), 1'000'000);
  DistinctGrowth growth(stream.sample, 1e6);
  EXPECT_TRUE(growth.drifts());
  EXPECT_NEAR(growth.After(1e6).likely / stream.distinct, 1, 0.1);
}

TEST(DistinctGrowth, KeysThatNeverRepeatGrowWithTheRows) {
  Estimate estimate =
      DistinctGrowth(KeySample{{{2000, 2000}, {4000, 4000}}, {0, 4000}}, 100'000).After(100'000);
  EXPECT_NEAR(estimate.likely, 100'000, 10'000);
  EXPECT_LE(estimate.high, 100'000);
}

TEST(DistinctGrowth, AFewKeysStayAFew) {
  std::vector<double> occurring(700);
  occurring[571] = 4, occurring[572] = 3;
  DistinctGrowth growth(KeySample{{{2000, 7}, {4000, 7}}, occurring}, 1e9);
  EXPECT_NEAR(growth.After(1e9).likely, 7, 0.5);
  EXPECT_EQ(growth.After(500).likely, 1.75);
  EXPECT_NEAR(growth.After(1e6, 10).likely, 70, 1);
}

}  // namespace
}  // namespace penstock::sql
