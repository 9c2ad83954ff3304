// BatchOperator: what the operators of batch mode have in common: they take all rows of all inputs, which are
// insertions, and emit when every input has ended. Watermarks mean nothing to them; behind the last result
// goes the greatest one. They keep no keyed state: a failed batch job starts anew.
#pragma once

#include <memory>

#include "operators/batch/spill/spill_space.h"

namespace penstock {

class BatchOperator : public Operator {
 public:
  explicit BatchOperator(std::vector<DataType> output_types, int inputs = 1)
      : output_types_(std::move(output_types)), open_inputs_(inputs) {}

  Status Open(OperatorContext* context) final {
    RETURN_IF_ERROR(Operator::Open(context));
    space_ = std::make_unique<SpillSpace>(context);
    return Prepare();
  }
  Result<Progress> Process(int input, const Batch& batch, Output&) final {
    if (batch.rows > 0) RETURN_IF_ERROR(Add(input, batch));
    return Progress::kDone;
  }
  // An input that was stopped has more rows: no result is right then.
  Result<Progress> OnEndOfInput(int input, bool drained, Output& out) final {
    drained_ = drained_ && drained;
    RETURN_IF_ERROR(EndInput(input));
    if (--open_inputs_ > 0 || !drained_) return Progress::kDone;
    RETURN_IF_ERROR(Finish());
    emitting_ = true;
    return Resume(out);
  }
  Result<Progress> Resume(Output& out) final {
    while (emitting_) {
      if (out.full()) return Progress::kBlocked;
      Batch batch;
      ASSIGN_OR_RETURN(emitting_, NextResult(&batch));
      if (!emitting_) batch = Batch::OfMark({0, MarkKind::kWatermark, kMaxWatermark}, output_types_);
      if (!batch.empty()) out.Emit(std::move(batch));
    }
    return Progress::kDone;
  }
  // There is a checkpoint behind the end; what is before it cannot be saved.
  Status SnapshotState(std::vector<std::string>*) final {
    if (open_inputs_ == 0 && drained_ && !emitting_) return Status::Ok();
    return Status::InvalidArgument("a batch job has no state that could be saved before it ends");
  }

 protected:
  virtual Status Prepare() { return Status::Ok(); }
  virtual Status Add(int input, const Batch& batch) = 0;
  virtual Status EndInput(int) { return Status::Ok(); }
  // All inputs have ended.
  virtual Status Finish() = 0;
  // The next rows of the result, about batch_rows of them, or none where there are none yet; false behind the
  // last ones.
  virtual Result<bool> NextResult(Batch* out) = 0;

  const std::vector<DataType>& output_types() const { return output_types_; }
  std::unique_ptr<SpillSpace> space_;

 private:
  std::vector<DataType> output_types_;
  int open_inputs_;
  bool drained_ = true, emitting_ = false;
};

}  // namespace penstock
