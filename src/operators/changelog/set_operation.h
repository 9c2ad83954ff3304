// SetOperation: INTERSECT and EXCEPT, with and without ALL, over changelogs. Counts how often each row is on
// the left and on the right, and emits +I and -D as the number of times it belongs to the result changes.
#pragma once

#include "data/key_codec.h"
#include "operators/row_emitter.h"

namespace penstock {

struct SetOperationSpec {
  std::vector<DataType> types;
  bool intersect = false;  // else EXCEPT
  bool all = false;
  int64_t ttl_ms = 0;
  std::string Serialize() const;
  static Result<SetOperationSpec> Parse(std::string_view bytes);
};

class SetOperation : public Operator {
 public:
  explicit SetOperation(SetOperationSpec spec)
      : spec_(std::move(spec)), codec_(spec_.types), emitter_(spec_.types) {}
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override { return queue_.Flush(out); }

 private:
  int64_t Times(const int64_t counts[2]) const;
  Status ProcessRows(size_t side, const Batch& batch, int64_t begin, int64_t end);

  SetOperationSpec spec_;
  KeyCodec codec_;
  RowEmitter emitter_;
  EmitQueue queue_;
  FixedState* counts_ = nullptr;  // rows on the left, rows on the right
};

}  // namespace penstock
