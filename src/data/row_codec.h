// RowCodec: whole rows as compact bytes for values kept in state, and back. Unlike KeyCodec the bytes have no
// order and need no escaping; they are deterministic for equal rows, so they also serve as the identity of a
// row. Format: docs/formats/row.md.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/column.h"
#include "data/column_builder.h"

namespace penstock {

// The encoded rows of a batch: one string per row, in one block.
class RowBlock {
 public:
  std::string_view operator[](int64_t row) const {
    auto r = static_cast<size_t>(row - first_);
    return std::string_view(bytes_).substr(offsets_[r], offsets_[r + 1] - offsets_[r]);
  }

 private:
  friend class RowCodec;
  int64_t first_ = 0;
  std::string bytes_;
  std::vector<size_t> offsets_{0};
};

class RowCodec {
 public:
  explicit RowCodec(std::vector<DataType> types) : types_(std::move(types)) {}
  const std::vector<DataType>& types() const { return types_; }

  void EncodeRow(std::span<const ColumnPtr> columns, int64_t row, std::string* out) const;
  // Rows [begin, end) at once, column by column: the bytes of EncodeRow. The block answers for these rows.
  void EncodeRows(std::span<const ColumnPtr> columns, int64_t begin, int64_t end, RowBlock* out) const;
  // Appends one row to the builders, one per type.
  void Decode(std::string_view bytes, std::span<ColumnBuilder> out) const;

 private:
  std::vector<DataType> types_;
};

// One builder per type; the usual way to make result columns.
std::vector<ColumnBuilder> MakeBuilders(const std::vector<DataType>& types);
std::vector<ColumnPtr> FinishBuilders(std::span<ColumnBuilder> builders);

}  // namespace penstock
