// SinkOperator: a SinkWriter as the last operator of a chain, step 10 of a record's way.
#pragma once

#include <memory>

#include "stream/operator.h"
#include "stream/sink.h"

namespace penstock {

class SinkOperator : public Operator {
 public:
  SinkOperator(std::unique_ptr<Sink> sink, SinkContext context)
      : sink_(std::move(sink)), sink_context_(std::move(context)) {}

  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override;
  int64_t NextProcessingTime() const override { return next_poll_ms_; }
  Result<Progress> OnProcessingTime(int64_t now, Output& out) override;
  Result<Progress> Flush(Output& out) override;
  Status Close(bool success) override;

 private:
  Status CommitPrepared();
  void SetNextPoll(int64_t now);
  std::unique_ptr<Sink> sink_;
  SinkContext sink_context_;
  std::unique_ptr<SinkWriter> writer_;
  std::unique_ptr<Committer> committer_;
  int64_t next_poll_ms_ = INT64_MAX;
};

}  // namespace penstock
