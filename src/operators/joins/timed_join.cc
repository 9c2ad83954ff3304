// Rows, marks and queues of a join that waits for the watermark.
#include "operators/joins/timed_join.h"

#include <algorithm>

namespace penstock {

Status TimedJoin::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  RETURN_IF_ERROR(condition_.Open(join_, context->eval));
  output_types_ = join_.output_types();
  late_.SetSides({join_.sides[kLeftSide].types, join_.sides[kRightSide].types});
  return Status::Ok();
}

Status TimedJoin::SnapshotState(std::vector<std::string>* parts) {
  arrival_.Snapshot(parts);
  return Status::Ok();
}

Status TimedJoin::RestoreState(const std::vector<std::string>& parts) {
  arrival_.Restore(parts);
  return Status::Ok();
}

Progress TimedJoin::FlushQueues(Output& out) {
  if (late_.Flush(out) == Progress::kBlocked) return Progress::kBlocked;
  return queue_.Flush(out);
}

Result<Progress> TimedJoin::Process(int input, const Batch& batch, Output& out) {
  auto side = static_cast<size_t>(input);
  keys_[side].Encode(batch);
  int64_t done = 0;
  for (const Mark& mark : batch.marks) {
    RETURN_IF_ERROR(TakeRange(side, batch, done, mark.offset));
    done = std::max<int64_t>(done, mark.offset);
    Mark passed = mark;
    if (mark.kind == MarkKind::kWatermark) {
      if (mark.watermark <= watermark_) continue;
      watermark_ = mark.watermark;
      ASSIGN_OR_RETURN(passed.watermark, OnWatermark());
    }
    queue_.AddMark(passed, output_types_);
  }
  RETURN_IF_ERROR(TakeRange(side, batch, done, batch.rows));
  return FlushQueues(out);
}

Status TimedJoin::TakeRange(size_t side, const Batch& batch, int64_t begin, int64_t end) {
  if (begin >= end) return Status::Ok();
  RETURN_IF_ERROR(TakeRows(side, batch, begin, end));
  late_.Take(batch, watermark_, context_->metrics, side);
  return Status::Ok();
}

}  // namespace penstock
