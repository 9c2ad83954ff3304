// BatchSetOperation: INTERSECT and EXCEPT over rows that were counted on both sides: the columns, how often
// the left side has the row, how often the right one.
#pragma once

#include "stream/operator.h"

namespace penstock {

struct BatchSetOperationSpec {
  bool intersect = false;  // else EXCEPT
  bool all = false;
  std::string Serialize() const {
    ByteWriter out;
    out.Bool(intersect);
    out.Bool(all);
    return out.Take();
  }
  static Result<BatchSetOperationSpec> Parse(std::string_view bytes) {
    ByteReader in(bytes);
    BatchSetOperationSpec spec;
    spec.intersect = in.Bool();
    spec.all = in.Bool();
    return spec;
  }
};

class BatchSetOperation : public Operator {
 public:
  explicit BatchSetOperation(BatchSetOperationSpec spec) : spec_(spec) {}
  Result<Progress> Process(int, const Batch& batch, Output& out) override {
    Batch result;
    if (batch.rows > 0) result = Repeat(batch);
    result.marks = batch.marks;
    for (Mark& mark : result.marks) mark.offset = static_cast<int32_t>(result.rows);
    if (!result.empty()) out.Emit(std::move(result));
    return Progress::kDone;
  }

 private:
  int64_t Copies(int64_t left, int64_t right) const {
    if (spec_.intersect) return spec_.all ? std::min(left, right) : (left > 0 && right > 0 ? 1 : 0);
    return spec_.all ? std::max<int64_t>(left - right, 0) : (left > 0 && right == 0 ? 1 : 0);
  }
  Batch Repeat(const Batch& batch) const {
    size_t width = batch.columns.size() - 2;
    std::vector<int32_t> rows;
    for (int64_t row = 0; row < batch.rows; ++row) {
      int64_t copies =
          Copies(batch.columns[width]->At<int64_t>(row), batch.columns[width + 1]->At<int64_t>(row));
      rows.insert(rows.end(), static_cast<size_t>(copies), static_cast<int32_t>(row));
    }
    Batch result;
    result.rows = static_cast<int64_t>(rows.size());
    for (size_t c = 0; c < width; ++c) result.columns.push_back(batch.columns[c]->Take(rows));
    return result;
  }

  BatchSetOperationSpec spec_;
};

}  // namespace penstock
