// Driving a sink writer from a task.
// Step 10 of a record's way (docs/ARCHITECTURE.md).
#include "runtime/sink_operator.h"

#include <algorithm>
#include <iterator>

#include "env/failpoint.h"
#include "stream/checkpoint.h"

namespace penstock {

namespace {
SeededBug not_carried("bug:sink.not-carried", "a checkpoint has only what was prepared last, not what waits");
SeededBug commit_all("bug:sink.commit-all", "a decision commits what later epochs have prepared, too");
SeededBug not_repeated("bug:sink.not-repeated",
                       "what was decided before a failure is not committed after it");
Failpoint sink_open("sink.open", "a writer is made, what was decided before is not committed");
Failpoint sink_prepared("sink.prepared", "a writer has prepared what it wrote");
Failpoint sink_committed("sink.committed", "a sink has committed an epoch and still keeps it in mind");
}  // namespace

Status SinkOperator::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  ASSIGN_OR_RETURN(writer_, sink_->MakeWriter(sink_context_));
  ASSIGN_OR_RETURN(committer_, sink_->MakeCommitter(sink_context_));
  SetNextPoll(context->clock->MonotonicMillis());
  RETURN_IF_ERROR(sink_open.Hit());
  if (not_repeated.On()) pending_.clear();
  return CommitUpTo(0);
}

Result<Progress> SinkOperator::Process(int, const Batch& batch, Output&) {
  if (batch.rows > 0) RETURN_IF_ERROR(writer_->Write(batch));
  return writer_->full() ? Progress::kBlocked : Progress::kDone;
}

Result<Progress> SinkOperator::Resume(Output&) {
  SetNextPoll(context_->clock->MonotonicMillis());
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

void SinkOperator::RestoreCommittables(std::vector<std::string> committables) {
  std::vector<std::string>& decided = pending_[0];
  std::move(committables.begin(), committables.end(), std::back_inserter(decided));
}

Result<std::vector<std::string>> SinkOperator::PrepareEpoch(uint64_t epoch) {
  if (commits_on_decision_ && epoch != kSavepointEpoch) {
    ASSIGN_OR_RETURN(std::vector<std::string> prepared, writer_->Prepare(epoch));
    RETURN_IF_ERROR(sink_prepared.Hit());
    if (!prepared.empty()) pending_[epoch] = std::move(prepared);
  }
  std::vector<std::string> all;
  if (not_carried.On()) return pending_.contains(epoch) ? pending_[epoch] : all;
  for (const auto& [of, committables] : pending_)
    all.insert(all.end(), committables.begin(), committables.end());
  return all;
}

Status SinkOperator::CommitUpTo(uint64_t epoch) {
  while (!pending_.empty() && (pending_.begin()->first <= epoch || commit_all.On())) {
    if (committer_) RETURN_IF_ERROR(committer_->Commit(pending_.begin()->second));
    RETURN_IF_ERROR(sink_committed.Hit());
    pending_.erase(pending_.begin());
  }
  return Status::Ok();
}

Result<Progress> SinkOperator::Flush(Output&) {
  ASSIGN_OR_RETURN(bool flushed, writer_->Flush());
  if (!flushed) return Progress::kBlocked;
  if (commits_on_decision_) return Progress::kDone;
  ASSIGN_OR_RETURN(std::vector<std::string> committables, writer_->Prepare(kLastEpoch));
  if (committer_ && !committables.empty()) RETURN_IF_ERROR(committer_->Commit(committables));
  return Progress::kDone;
}

Status SinkOperator::Close(bool success) { return writer_ ? writer_->Close(success) : Status::Ok(); }

}  // namespace penstock
