// The merged watermark of several channels, change by change.
#include "runtime/watermark_merger.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock {
namespace {

class Merger {
 public:
  explicit Merger(size_t channels) : merger_(channels) {}
  std::string Watermark(size_t channel, int64_t value) {
    return Apply(channel, {0, MarkKind::kWatermark, value});
  }
  std::string Idle(size_t channel) { return Apply(channel, {0, MarkKind::kIdle, kNoWatermark}); }
  std::string Active(size_t channel) { return Apply(channel, {0, MarkKind::kActive, kNoWatermark}); }
  std::string End(size_t channel) {
    std::vector<Mark> out;
    merger_.End(channel, &out);
    return Text(out);
  }

 private:
  std::string Apply(size_t channel, const Mark& mark) {
    std::vector<Mark> out;
    merger_.Apply(channel, mark, &out);
    return Text(out);
  }
  static std::string Text(const std::vector<Mark>& marks) {
    std::string text;
    for (const Mark& mark : marks) {
      text += text.empty() ? "" : " ";
      if (mark.kind == MarkKind::kWatermark) text += std::to_string(mark.watermark);
      if (mark.kind == MarkKind::kIdle) text += "idle";
      if (mark.kind == MarkKind::kActive) text += "active";
    }
    return text;
  }
  WatermarkMerger merger_;
};

TEST(WatermarkMerger, TakesTheMinimumAndNeverGoesBack) {
  Merger merger(2);
  EXPECT_EQ(merger.Watermark(0, 10), "");
  EXPECT_EQ(merger.Watermark(1, 5), "5");
  EXPECT_EQ(merger.Watermark(1, 4), "");
  EXPECT_EQ(merger.Watermark(1, 12), "10");
}

TEST(WatermarkMerger, AnIdleChannelDoesNotHoldBack) {
  Merger merger(2);
  merger.Watermark(0, 10);
  EXPECT_EQ(merger.Idle(1), "10");
  EXPECT_EQ(merger.Watermark(0, 11), "11");
}

TEST(WatermarkMerger, WhenAllAreIdleTheMaximumComesBeforeTheIdleMark) {
  Merger merger(2);
  merger.Watermark(0, 10);
  merger.Watermark(1, 5);
  EXPECT_EQ(merger.Idle(0), "");
  EXPECT_EQ(merger.Idle(1), "10 idle");
  EXPECT_EQ(merger.Active(1), "active");
}

TEST(WatermarkMerger, AChannelThatWakesUpBehindHoldsNothingBackUntilItHasCaughtUp) {
  Merger merger(2);
  merger.Idle(1);
  EXPECT_EQ(merger.Watermark(0, 10), "10");
  EXPECT_EQ(merger.Watermark(1, 3), "");
  EXPECT_EQ(merger.Watermark(0, 20), "20");
  EXPECT_EQ(merger.Watermark(1, 20), "");
  EXPECT_EQ(merger.Watermark(0, 30), "");
  EXPECT_EQ(merger.Watermark(1, 25), "25");
}

TEST(WatermarkMerger, AnEndedChannelDoesNotMakeRowsOfAnIdleOneLate) {
  Merger merger(2);
  EXPECT_EQ(merger.Watermark(1, 5), "");
  EXPECT_EQ(merger.Watermark(0, kMaxWatermark), "5");
  EXPECT_EQ(merger.End(0), "");
  EXPECT_EQ(merger.Idle(1), "idle");
  EXPECT_EQ(merger.Watermark(1, 6), "active 6");
}

TEST(WatermarkMerger, TheLastActiveChannelsEndLeavesTheTaskIdle) {
  Merger merger(2);
  merger.Watermark(0, 5);
  merger.Watermark(1, 7);
  merger.Idle(0);
  EXPECT_EQ(merger.End(1), "idle");
}

}  // namespace
}  // namespace penstock
