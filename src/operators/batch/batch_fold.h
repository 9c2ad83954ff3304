// BatchFold: a whole changelog as the rows that are left at its end: the last row of each key where the
// source has one, else each row as often as it was added more than taken back.
#pragma once

#include "operators/batch/batch_operator.h"
#include "operators/batch/spill/external_sort.h"
#include "operators/rank/rank_rows.h"

namespace penstock {

struct BatchFoldSpec {
  std::vector<DataType> types;
  std::vector<int> keys;  // none: whole rows
  std::string Serialize() const;
  static Result<BatchFoldSpec> Parse(std::string_view bytes);
};

class BatchFold : public BatchOperator {
 public:
  explicit BatchFold(BatchFoldSpec spec);

 protected:
  Status Prepare() override;
  Status Add(int input, const Batch& batch) override;
  Status Finish() override;
  Result<bool> NextResult(Batch* out) override;

 private:
  // Reads the changes of the next key: `row` is what is left, `copies` times.
  Result<bool> NextKey(std::string* row, int64_t* copies);

  BatchFoldSpec spec_;
  KeyCodec key_codec_;
  RowCodec row_codec_;
  std::unique_ptr<ExternalSort> sort_;
  std::unique_ptr<SortedCursor> cursor_;
  bool at_row_ = false;
  std::string row_;  // that is being emitted
  int64_t copies_ = 0;
};

}  // namespace penstock
