// The histogram of delays: borders of buckets, and shares against a count.
#include "stream/delay_sketch.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(DelaySketch, BucketsFollowOneAnotherWithoutGaps) {
  int before = 0;
  for (int64_t ms = 1; ms < 2'000'000; ms += ms / 50 + 1) {
    int bucket = DelaySketch::BucketOf(ms);
    EXPECT_GE(bucket, before);
    EXPECT_LE(DelaySketch::LeastOf(bucket), ms);
    EXPECT_GT(DelaySketch::LeastOf(bucket + 1), ms);
    before = bucket;
  }
  EXPECT_EQ(DelaySketch::BucketOf(INT64_MAX), DelaySketch::kBuckets - 1);
}

TEST(DelaySketch, SharesAreThoseOfACount) {
  DelaySketch one, other;
  std::vector<int64_t> delays;
  for (int64_t i = 0; i < 10000; ++i) delays.push_back(i * i % 90001 - 2000);
  for (size_t i = 0; i < delays.size(); ++i) (i % 3 == 0 ? one : other).Add(delays[i]);
  DelayShares sum;
  one.AddTo(&sum);
  other.AddTo(&sum);
  EXPECT_EQ(sum.rows, 10000);
  for (int64_t delay : {1, 7, 60, 1000, 5000, 30000, 60000, 80000, 200000}) {
    int64_t late = 0;
    for (int64_t behind : delays) late += behind > 0 && behind >= delay ? 1 : 0;
    EXPECT_NEAR(sum.Late(delay), static_cast<double>(late) / 10000, 0.01) << delay;
  }
}

TEST(DelaySketch, RowsInOrderAreNeverLate) {
  DelaySketch sketch;
  for (int i = 0; i < 100; ++i) sketch.Add(0);
  DelayShares sum;
  sketch.AddTo(&sum);
  EXPECT_EQ(sum.Late(0), 0);
}

}  // namespace
}  // namespace penstock
