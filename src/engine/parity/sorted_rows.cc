// Rows as bytes, sorted.
#include "engine/parity/sorted_rows.h"

#include <algorithm>
#include <cstring>

namespace penstock {

namespace {

std::vector<DataType> TypesOf(const SinkLayout& layout, const std::vector<int>& columns) {
  std::vector<DataType> types;
  for (int column : columns) types.push_back(layout.types[static_cast<size_t>(column)]);
  return types;
}

std::vector<int> OrderOf(const SinkLayout& layout) {
  std::vector<int> order = layout.keys;
  order.insert(order.end(), layout.compared.begin(), layout.compared.end());
  order.insert(order.end(), layout.left_out.begin(), layout.left_out.end());
  return order;
}

std::vector<ColumnPtr> Pick(const std::vector<ColumnPtr>& columns, const std::vector<int>& which) {
  std::vector<ColumnPtr> picked;
  for (int column : which) picked.push_back(columns[static_cast<size_t>(column)]);
  return picked;
}

// Behind each sorted row: where its parts end.
struct Sizes {
  uint32_t key = 0, compared = 0;
};

}  // namespace

SortedRows::SortedRows(const SinkLayout& layout, OperatorContext* context)
    : layout_(layout),
      space_(context),
      sort_(&space_),
      order_(OrderOf(layout)),
      keys_(TypesOf(layout, layout.keys)),
      compared_(TypesOf(layout, layout.compared)),
      left_out_(TypesOf(layout, layout.left_out)),
      all_(TypesOf(layout, order_)) {}

Status SortedRows::Add(const Batch& batch, const sql::ReadRange& range) {
  std::lock_guard lock(mutex_);
  std::vector<ColumnPtr> keys = Pick(batch.columns, layout_.keys);
  std::vector<ColumnPtr> compared = Pick(batch.columns, layout_.compared);
  std::vector<ColumnPtr> left_out = Pick(batch.columns, layout_.left_out);
  for (int64_t row = 0; row < batch.rows; ++row) {
    if (!layout_.IsInside(range, batch.columns, row)) continue;
    bytes_.clear();
    Sizes sizes;
    keys_.EncodeRow(keys, row, &bytes_);
    sizes.key = static_cast<uint32_t>(bytes_.size());
    compared_.EncodeRow(compared, row, &bytes_);
    sizes.compared = static_cast<uint32_t>(bytes_.size());
    left_out_.EncodeRow(left_out, row, &bytes_);
    row_.assign(reinterpret_cast<const char*>(&sizes), sizeof(sizes));
    std::string_view sorted = bytes_;
    if (layout_.folds) {  // the last of a key must stay the last
      row_.append(sorted.substr(sizes.key));
      sorted = sorted.substr(0, sizes.key);
    }
    RETURN_IF_ERROR(sort_.Add(sorted, row_));
  }
  return Status::Ok();
}

Result<std::unique_ptr<RowGroups>> SortedRows::Finish() {
  RETURN_IF_ERROR(sort_.Finish());
  ASSIGN_OR_RETURN(std::unique_ptr<SortedCursor> cursor, sort_.NewCursor());
  return std::make_unique<RowGroups>(std::move(cursor), layout_.folds);
}

std::vector<ColumnPtr> SortedRows::Decode(const std::vector<const StoredRow*>& rows) const {
  std::vector<ColumnBuilder> builders;
  for (int column : order_) builders.emplace_back(layout_.types[static_cast<size_t>(column)]);
  for (const StoredRow* row : rows) all_.Decode(row->bytes, builders);
  std::vector<ColumnPtr> columns(order_.size());
  for (size_t i = 0; i < order_.size(); ++i) columns[static_cast<size_t>(order_[i])] = builders[i].Finish();
  return columns;
}

StoredRow RowGroups::Present() const {
  Sizes sizes;
  std::memcpy(&sizes, cursor_->row().data(), sizeof(sizes));
  StoredRow row{std::string(cursor_->key()), sizes.key, sizes.compared};
  row.bytes.append(cursor_->row().substr(sizeof(sizes)));
  return row;
}

Result<bool> RowGroups::Next() {
  if (!started_) {
    ASSIGN_OR_RETURN(more_, cursor_->Next());
    started_ = true;
  }
  rows_.clear();
  while (more_) {
    StoredRow row = Present();
    if (!rows_.empty() && row.key() != rows_.front().key()) break;
    if (rows_.empty())
      rows_.push_back(std::move(row));
    else if (folds_)
      rows_.front() = std::move(row);
    else if (rows_.back().bytes == row.bytes)
      ++rows_.back().count;
    else
      rows_.push_back(std::move(row));
    ASSIGN_OR_RETURN(more_, cursor_->Next());
  }
  return !rows_.empty();
}

}  // namespace penstock
