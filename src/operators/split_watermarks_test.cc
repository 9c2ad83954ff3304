// Watermarks of several splits are merged by minimum.
#include "operators/split_watermarks.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(SplitWatermarks, ASplitWithoutRowsHoldsTheOthersBack) {
  SplitWatermarks splits(0);
  splits.SetOpen({0, 1}, 0);
  splits.Advance(0, 100);
  EXPECT_EQ(splits.merged(), kNoWatermark);
  splits.Advance(1, 50);
  EXPECT_EQ(splits.merged(), 50);
}

TEST(SplitWatermarks, AnIdleSplitIsLeftOutUntilItHasRowsAgain) {
  SplitWatermarks splits(1000);
  splits.SetOpen({0, 1}, 0);
  splits.Touch(0, 900);
  splits.Advance(0, 100);
  splits.CheckIdle(1000);
  EXPECT_EQ(splits.merged(), 100);
  EXPECT_FALSE(splits.idle());
  splits.CheckIdle(2000);
  EXPECT_TRUE(splits.idle());
  splits.Touch(1, 2100);
  splits.Advance(1, 30);
  EXPECT_FALSE(splits.idle());
  EXPECT_EQ(splits.merged(), 100) << "never goes back";
}

TEST(SplitWatermarks, AClosedSplitNoLongerCounts) {
  SplitWatermarks splits(0);
  splits.SetOpen({0, 1}, 0);
  splits.Advance(0, 100);
  splits.SetOpen({0}, 0);
  EXPECT_EQ(splits.merged(), 100);
  splits.SetOpen({}, 0);
  EXPECT_TRUE(splits.idle()) << "a reader without a split";
  EXPECT_EQ(splits.merged(), 100);
}

}  // namespace
}  // namespace penstock
