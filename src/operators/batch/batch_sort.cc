// Sorted rows, a part of them.
#include "operators/batch/batch_sort.h"

#include <algorithm>

namespace penstock {

std::string BatchSortSpec::Serialize() const {
  ByteWriter out;
  rows.Write(out);
  out.Fixed(limit);
  out.Fixed(offset);
  return out.Take();
}

Result<BatchSortSpec> BatchSortSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  BatchSortSpec spec;
  ASSIGN_OR_RETURN(spec.rows, RowLayout::Read(in));
  spec.limit = in.Fixed<int64_t>();
  spec.offset = in.Fixed<int64_t>();
  return spec;
}

Status BatchSort::Prepare() {
  int64_t most = spec_.limit < 0 ? -1 : spec_.limit + spec_.offset;
  sort_ = std::make_unique<ExternalSort>(space_.get(), 1, most);
  return Status::Ok();
}

Status BatchSort::Add(int, const Batch& batch) {
  KeyBlock keys;
  order_codec_.Encode(spec_.rows.OrderColumns(batch), batch.rows, &keys);
  std::string encoded;
  for (int64_t row = 0; row < batch.rows; ++row) {
    encoded.clear();
    row_codec_.EncodeRow(batch.columns, row, &encoded);
    RETURN_IF_ERROR(sort_->Add(keys[row], encoded));
  }
  return Status::Ok();
}

Status BatchSort::Finish() {
  RETURN_IF_ERROR(sort_->Finish());
  ASSIGN_OR_RETURN(cursor_, sort_->NewCursor());
  left_ = std::max<int64_t>(sort_->rows() - spec_.offset, 0);
  if (spec_.limit >= 0) left_ = std::min(left_, spec_.limit);
  for (int64_t skipped = 0; left_ > 0 && skipped < spec_.offset; ++skipped) {
    ASSIGN_OR_RETURN(bool more, cursor_->Next());
    CHECK(more);
  }
  return Status::Ok();
}

Result<bool> BatchSort::NextResult(Batch* out) {
  if (left_ == 0) return false;
  std::vector<ColumnBuilder> builders = MakeBuilders(spec_.rows.types);
  int64_t rows = std::min<int64_t>(left_, context_->batch_rows);
  for (int64_t i = 0; i < rows; ++i) {
    ASSIGN_OR_RETURN(bool more, cursor_->Next());
    CHECK(more);
    row_codec_.Decode(cursor_->row(), builders);
  }
  left_ -= rows;
  *out = Batch(rows, FinishBuilders(builders));
  return true;
}

}  // namespace penstock
