// ChangelogNormalize: turns an upsert stream (+I/+U, and -D with perhaps only the key) or one with duplicates
// into a regular changelog. It keeps the last row of each primary key; a filter lets only rows that pass be
// rows at all, so that leaving it is a -D.
#pragma once

#include <optional>

#include "data/key_codec.h"
#include "expr/evaluator.h"
#include "operators/aggregation/mini_batch.h"
#include "operators/row_emitter.h"

namespace penstock {

struct ChangelogNormalizeSpec {
  std::vector<int> keys;
  std::vector<DataType> types;  // of the input, which is also the output
  ExprPtr filter;               // null: every row
  bool emit_update_before = true;
  int64_t ttl_ms = 0;
  MiniBatchSpec mini_batch;  // of a bundle only the last row of each key counts
  std::string Serialize() const;
  static Result<ChangelogNormalizeSpec> Parse(std::string_view bytes);
};

class ChangelogNormalize : public Operator {
 public:
  explicit ChangelogNormalize(ChangelogNormalizeSpec spec);
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override { return queue_.Flush(out); }
  int64_t NextProcessingTime() const override { return bundle_.deadline(); }
  Result<Progress> OnProcessingTime(int64_t now, Output& out) override;
  Result<Progress> OnEndOfInput(int input, bool drained, Output& out) override;
  Result<Progress> Flush(Output& out) override;

 private:
  Status ProcessRows(const Batch& batch);
  void ProcessRow(const Batch& batch, int64_t row, StateKey key, bool passes);
  Status FinishBundle();

  ChangelogNormalizeSpec spec_;
  KeyCodec key_codec_;
  RowEmitter emitter_;
  EmitQueue queue_;
  MiniBatch bundle_;
  std::optional<Evaluator> filter_;
  MapState* state_ = nullptr;
};

}  // namespace penstock
