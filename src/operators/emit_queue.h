// EmitQueue: what an operator still has to emit. Operators append result batches and marks while they work
// through an input batch and flush at the end of the call; what the output has no room for waits here, and
// the call returns kBlocked. Consecutive watermarks without rows between them become one.
#pragma once

#include <deque>

#include "stream/operator.h"

namespace penstock {

class EmitQueue {
 public:
  void AddRows(Batch batch) {
    if (!batch.empty()) queue_.push_back(std::move(batch));
  }

  // `types` of the output, for a mark that has no batch to ride on.
  void AddMark(Mark mark, const std::vector<DataType>& types) {
    if (queue_.empty()) queue_.push_back(Batch(0, EmptyColumns(types)));
    Batch& last = queue_.back();
    mark.offset = static_cast<int32_t>(last.rows);
    bool replaces = !last.marks.empty() && last.marks.back().offset == mark.offset &&
                    last.marks.back().kind == MarkKind::kWatermark && mark.kind == MarkKind::kWatermark;
    if (replaces) {
      last.marks.back() = mark;
    } else {
      last.marks.push_back(mark);
    }
  }

  Progress Flush(Output& out, int lane = kMainLane) {
    while (!queue_.empty()) {
      if (out.full()) return Progress::kBlocked;
      out.Emit(lane, std::move(queue_.front()));
      queue_.pop_front();
    }
    return Progress::kDone;
  }

 private:
  std::deque<Batch> queue_;
};

}  // namespace penstock
