// ForwardingOperator: hands every call on to the operator it wraps. For tests that watch or disturb operators
// inside a running job: derived classes override the calls they look at.
#pragma once

#include <memory>

#include "stream/operator.h"

namespace penstock {

class ForwardingOperator : public Operator {
 public:
  explicit ForwardingOperator(std::unique_ptr<Operator> inner) : inner_(std::move(inner)) {}

  Status Open(OperatorContext* context) override { return inner_->Open(context); }
  Result<Progress> Process(int input, const Batch& batch, Output& out) override {
    return inner_->Process(input, batch, out);
  }
  Result<Progress> Resume(Output& out) override { return inner_->Resume(out); }
  int64_t NextProcessingTime() const override { return inner_->NextProcessingTime(); }
  Result<Progress> OnProcessingTime(int64_t now, Output& out) override {
    return inner_->OnProcessingTime(now, out);
  }
  Result<Progress> OnEndOfInput(int input, bool drained, Output& out) override {
    return inner_->OnEndOfInput(input, drained, out);
  }
  Result<Progress> Flush(Output& out) override { return inner_->Flush(out); }
  Status SnapshotState(std::vector<std::string>* lists) override { return inner_->SnapshotState(lists); }
  Status RestoreState(const std::vector<std::string>& lists) override { return inner_->RestoreState(lists); }
  Status Close(bool success) override { return inner_->Close(success); }

 private:
  std::unique_ptr<Operator> inner_;
};

}  // namespace penstock
