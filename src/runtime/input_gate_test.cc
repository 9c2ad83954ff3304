// What a gate hands out: merged watermarks, aligned barriers, ends.
#include "runtime/input_gate.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

class InputGateTest : public testing::Test {
 protected:
  InputGateTest() {
    for (auto& channel : channels_) gate_.AddChannel(0, channel);
    gate_.Start();
  }
  void Watermark(size_t channel, int64_t value) {
    Batch batch;
    batch.marks.push_back({0, MarkKind::kWatermark, value});
    channels_[channel]->Push(std::move(batch));
  }
  // "5" for a watermark, "-" for a batch without marks, "|1" for barrier 1, "end".
  std::string TakeAll() {
    std::string text;
    while (std::optional<InputGate::Event> event = gate_.Next()) {
      text += text.empty() ? "" : " ";
      if (const auto* batch = std::get_if<Batch>(&event->element)) {
        if (batch->marks.empty()) text += "-";
        for (const Mark& mark : batch->marks) text += std::to_string(mark.watermark);
      } else if (const auto* barrier = std::get_if<Barrier>(&event->element)) {
        text += "|" + std::to_string(barrier->epoch);
      } else {
        text += "end";
      }
    }
    return text;
  }
  std::shared_ptr<Channel> channels_[2] = {std::make_shared<Channel>(10), std::make_shared<Channel>(10)};
  InputGate gate_;
};

TEST_F(InputGateTest, ADrainedChannelLetsTheWatermarkOn) {
  Watermark(0, 7);
  channels_[1]->Push(EndOfInput{true});
  EXPECT_EQ(TakeAll(), "- 7 end");
}

TEST_F(InputGateTest, AStoppedChannelDoesNotMoveTheWatermark) {
  Watermark(0, 7);
  channels_[1]->Push(EndOfInput{false});
  EXPECT_EQ(TakeAll(), "- end");
}

TEST_F(InputGateTest, ABarrierOnOneInputHoldsBackOnlyThatInput) {
  channels_[0]->Push(Barrier{1});
  Watermark(0, 9);
  Watermark(1, 3);
  EXPECT_EQ(TakeAll(), "-");
  channels_[1]->Push(Barrier{1});
  EXPECT_EQ(TakeAll(), "|1 3");
}

}  // namespace
}  // namespace penstock
