// SinkOperator: a SinkWriter as the last operator of a chain, step 10 of a record's way. In a job with
// checkpoints what the writer prepared waits until its epoch was decided, and is part of every snapshot until
// then; else it is committed at once. Used by the task's thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "stream/operator.h"
#include "stream/sink.h"

namespace penstock {

class SinkOperator : public Operator {
 public:
  SinkOperator(std::unique_ptr<Sink> sink, SinkContext context, bool commits_on_decision)
      : sink_(std::move(sink)),
        sink_context_(std::move(context)),
        commits_on_decision_(commits_on_decision) {}

  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override;
  int64_t NextProcessingTime() const override { return next_poll_ms_; }
  Result<Progress> OnProcessingTime(int64_t now, Output& out) override;
  Result<Progress> Flush(Output& out) override;
  Status Close(bool success) override;

  // What a decided checkpoint holds of this sink: committed again when the operator opens.
  void RestoreCommittables(std::vector<std::string> committables);
  // What was written since the last call belongs to `epoch`. Returns all that is not committed yet.
  // REQUIRES: Flush has just succeeded.
  Result<std::vector<std::string>> PrepareEpoch(uint64_t epoch);
  // Whether the writer takes nothing for now.
  bool full() const { return writer_->full(); }
  // Commits what belongs to `epoch` and before.
  Status CommitUpTo(uint64_t epoch);

 private:
  void SetNextPoll(int64_t now);
  std::unique_ptr<Sink> sink_;
  SinkContext sink_context_;
  bool commits_on_decision_;
  std::map<uint64_t, std::vector<std::string>> pending_;  // by epoch, not decided yet
  std::unique_ptr<SinkWriter> writer_;
  std::unique_ptr<Committer> committer_;
  int64_t next_poll_ms_ = INT64_MAX;
};

}  // namespace penstock
