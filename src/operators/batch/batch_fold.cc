// Changes sorted by key. A stored row is the kind of its change and the encoded row.
#include "operators/batch/batch_fold.h"

#include <algorithm>

namespace penstock {

std::string BatchFoldSpec::Serialize() const {
  ByteWriter out;
  WriteTypes(types, out);
  WriteColumns(keys, out);
  return out.Take();
}

Result<BatchFoldSpec> BatchFoldSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  BatchFoldSpec spec;
  ASSIGN_OR_RETURN(spec.types, ReadTypes(in));
  spec.keys = ReadColumns(in);
  return spec;
}

namespace {

std::vector<DataType> KeyTypes(const BatchFoldSpec& spec) {
  std::vector<DataType> types;
  for (int key : spec.keys) types.push_back(spec.types[static_cast<size_t>(key)]);
  return types;
}

}  // namespace

BatchFold::BatchFold(BatchFoldSpec spec)
    : BatchOperator(spec.types),
      spec_(std::move(spec)),
      key_codec_(KeyTypes(spec_)),
      row_codec_(spec_.types) {}

Status BatchFold::Prepare() {
  sort_ = std::make_unique<ExternalSort>(space_.get());
  return Status::Ok();
}

Status BatchFold::Add(int, const Batch& batch) {
  std::vector<ColumnPtr> columns;
  for (int key : spec_.keys) columns.push_back(batch.column(key));
  std::string key, value;
  for (int64_t row = 0; row < batch.rows; ++row) {
    RowKind kind = batch.kind(row);
    // Where there is a key, the row after the update says all.
    if (kind == RowKind::kUpdateBefore && !spec_.keys.empty()) continue;
    key.clear();
    value.assign(1, static_cast<char>(kind));
    row_codec_.EncodeRow(batch.columns, row, &value);
    if (spec_.keys.empty())
      key.assign(value, 1);
    else
      key_codec_.EncodeRow(columns, row, &key);
    RETURN_IF_ERROR(sort_->Add(key, value));
  }
  return Status::Ok();
}

Status BatchFold::Finish() {
  RETURN_IF_ERROR(sort_->Finish());
  ASSIGN_OR_RETURN(cursor_, sort_->NewCursor());
  ASSIGN_OR_RETURN(at_row_, cursor_->Next());
  return Status::Ok();
}

Result<bool> BatchFold::NextKey(std::string* row, int64_t* copies) {
  if (!at_row_) return false;
  std::string key(cursor_->key());
  *copies = 0;
  while (at_row_ && cursor_->key() == key) {
    bool adds = IsAdd(static_cast<RowKind>(cursor_->row()[0]));
    if (spec_.keys.empty()) {
      *copies += adds ? 1 : -1;
    } else {
      *copies = adds ? 1 : 0;
    }
    row->assign(cursor_->row().substr(1));
    ASSIGN_OR_RETURN(at_row_, cursor_->Next());
  }
  return true;
}

Result<bool> BatchFold::NextResult(Batch* out) {
  std::vector<ColumnBuilder> builders = MakeBuilders(spec_.types);
  int64_t rows = 0;
  bool more = true;
  while (more && rows < context_->batch_rows) {
    if (copies_ <= 0) {
      ASSIGN_OR_RETURN(more, NextKey(&row_, &copies_));
      if (!more || copies_ <= 0) continue;
    }
    row_codec_.Decode(row_, builders);
    --copies_;
    ++rows;
  }
  if (rows == 0) return false;
  *out = Batch(rows, FinishBuilders(builders));
  return true;
}

}  // namespace penstock
