// InputGate: a task's inputs, step 7 of a record's way. Hands out elements of its channels fairly; rewrites
// the marks of each channel into the task's own watermark; holds back a channel that is ahead at a barrier
// until all are there.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/channel.h"
#include "runtime/watermark_merger.h"

namespace penstock {

class InputGate {
 public:
  struct Event {
    int input = 0;
    Element element;
    bool last_of_input = false;  // of EndOfInput: all channels of that input have ended
  };

  void AddChannel(int input, std::shared_ptr<Channel> channel);
  // Call once, after all channels were added. `watermark` is the one to go on from.
  void Start(int64_t watermark = kNoWatermark);
  // Nothing when every channel is empty or held back.
  std::optional<Event> Next();
  bool ended() const { return open_ == 0; }
  bool empty() const;
  // What was handed out so far.
  int64_t watermark() const { return ports_.size() > 1 ? merger_->watermark() : watermark_; }

 private:
  struct Port {
    int input;
    std::shared_ptr<Channel> channel;
    bool at_barrier = false;
    bool ended = false;
    bool drained = true;
  };
  Event Handle(size_t port, Batch batch);
  std::optional<Event> HandleBarrier(size_t port, Barrier barrier);
  std::optional<Event> CompleteBarrier();

  std::vector<Port> ports_;
  std::unique_ptr<WatermarkMerger> merger_;
  size_t next_ = 0;
  size_t open_ = 0;
  int64_t watermark_ = kNoWatermark;  // of a single channel, whose marks pass as they are
  std::optional<Barrier> aligning_;
  std::deque<Event> queued_;  // follow the event that was handed out last
};

}  // namespace penstock
