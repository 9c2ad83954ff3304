// Driving a sink writer from a task.
// Step 10 of a record's way (docs/ARCHITECTURE.md).
#include "runtime/sink_operator.h"

namespace penstock {

Status SinkOperator::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  ASSIGN_OR_RETURN(writer_, sink_->MakeWriter(sink_context_));
  ASSIGN_OR_RETURN(committer_, sink_->MakeCommitter(sink_context_));
  SetNextPoll(context->clock->MonotonicMillis());
  return Status::Ok();
}

Result<Progress> SinkOperator::Process(int, const Batch& batch, Output&) {
  if (batch.rows > 0) RETURN_IF_ERROR(writer_->Write(batch));
  return writer_->full() ? Progress::kBlocked : Progress::kDone;
}

Result<Progress> SinkOperator::Resume(Output&) {
  RETURN_IF_ERROR(writer_->Poll());
  return writer_->full() ? Progress::kBlocked : Progress::kDone;
}

void SinkOperator::SetNextPoll(int64_t now) {
  int64_t interval = writer_->poll_interval_ms();
  next_poll_ms_ = interval == INT64_MAX ? INT64_MAX : now + interval;
}

Result<Progress> SinkOperator::OnProcessingTime(int64_t now, Output&) {
  SetNextPoll(now);
  RETURN_IF_ERROR(writer_->Poll());
  return Progress::kDone;
}

Status SinkOperator::CommitPrepared() {
  ASSIGN_OR_RETURN(std::vector<std::string> committables, writer_->Prepare());
  return committer_ && !committables.empty() ? committer_->Commit(committables) : Status::Ok();
}

Result<Progress> SinkOperator::Flush(Output&) {
  ASSIGN_OR_RETURN(bool flushed, writer_->Flush());
  if (!flushed) return Progress::kBlocked;
  RETURN_IF_ERROR(CommitPrepared());
  return Progress::kDone;
}

Status SinkOperator::Close(bool success) { return writer_ ? writer_->Close(success) : Status::Ok(); }

}  // namespace penstock
