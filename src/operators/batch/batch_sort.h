// BatchSort: ORDER BY over any columns, with OFFSET and LIMIT, on one task.
#pragma once

#include "operators/batch/batch_operator.h"
#include "operators/batch/spill/external_sort.h"
#include "operators/rank/rank_rows.h"

namespace penstock {

struct BatchSortSpec {
  RowLayout rows;      // `partition` is not used
  int64_t limit = -1;  // -1: none
  int64_t offset = 0;
  std::string Serialize() const;
  static Result<BatchSortSpec> Parse(std::string_view bytes);
};

class BatchSort : public BatchOperator {
 public:
  explicit BatchSort(BatchSortSpec spec)
      : BatchOperator(spec.rows.types),
        spec_(std::move(spec)),
        order_codec_(spec_.rows.OrderCodec()),
        row_codec_(spec_.rows.types) {}

 protected:
  Status Prepare() override;
  Status Add(int input, const Batch& batch) override;
  Status Finish() override;
  Result<bool> NextResult(Batch* out) override;

 private:
  BatchSortSpec spec_;
  KeyCodec order_codec_;
  RowCodec row_codec_;
  std::unique_ptr<ExternalSort> sort_;
  std::unique_ptr<SortedCursor> cursor_;
  int64_t left_ = 0;  // rows still to emit
};

}  // namespace penstock
