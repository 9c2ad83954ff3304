// Column: the values of one field for all rows of a batch. Arrow's layout (values, int32 offsets, child
// columns) with one difference: validity and booleans take a byte per row instead of a bit, so that kernels
// stay simple loops which the compiler vectorises; the Parquet edge converts. A constant column stores one
// value and answers for every row. Immutable and shared once built: safe to read from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "data/buffer.h"
#include "data/data_type.h"
#include "data/value.h"

namespace penstock {

class Column;
using ColumnPtr = std::shared_ptr<const Column>;

class Column {
 public:
  // `validity` holds one byte a row, 1 = not null; null when no row is null.
  static ColumnPtr Fixed(Physical physical, int64_t length, BufferPtr values, BufferPtr validity = nullptr);
  // `offsets` holds length + 1 int32 positions in `bytes`.
  static ColumnPtr Strings(int64_t length, BufferPtr offsets, BufferPtr bytes, BufferPtr validity = nullptr);
  // kList: one child; kMap: keys and values. `offsets` holds length + 1 positions in the children.
  static ColumnPtr Nested(Physical physical, int64_t length, BufferPtr offsets,
                          std::vector<ColumnPtr> children, BufferPtr validity = nullptr);
  static ColumnPtr Row(int64_t length, std::vector<ColumnPtr> children, BufferPtr validity = nullptr);
  // One value for `length` rows.
  static ColumnPtr Constant(const DataType& type, const Value& value, int64_t length);

  Physical physical() const { return physical_; }
  int64_t length() const { return length_; }
  bool constant() const { return mask_ == 0; }
  bool has_validity() const { return validity_ != nullptr; }
  // Null when no row is null. Indexed by position(row).
  const uint8_t* validity() const { return validity_; }
  // Where row i is stored: i, or 0 for every row of a constant column.
  int64_t position(int64_t row) const { return row & mask_; }
  bool IsNull(int64_t row) const { return validity_ != nullptr && validity_[row & mask_] == 0; }
  // True when every row is null / some row may be null (a quick look for constants, a scan otherwise).
  int64_t CountNulls() const;

  template <typename T>
  const T* values() const {
    return static_cast<const T*>(values_);
  }
  template <typename T>
  T At(int64_t row) const {
    return static_cast<const T*>(values_)[row & mask_];
  }
  std::string_view StringAt(int64_t row) const {
    const int32_t* offsets = static_cast<const int32_t*>(values_) + (row & mask_);
    return {bytes_ + offsets[0], static_cast<size_t>(offsets[1] - offsets[0])};
  }
  const int32_t* offsets() const { return static_cast<const int32_t*>(values_); }
  const char* bytes() const { return bytes_; }
  // Elements of row i of a list or map are [ListBegin, ListEnd) of its children.
  int32_t ListBegin(int64_t row) const { return offsets()[row & mask_]; }
  int32_t ListEnd(int64_t row) const { return offsets()[(row & mask_) + 1]; }
  const std::vector<ColumnPtr>& children() const { return children_; }
  const ColumnPtr& child(size_t i) const { return children_[i]; }

  // Rows [begin, begin + length) without copying.
  ColumnPtr Slice(int64_t begin, int64_t length) const;
  // The same constant for another number of rows. REQUIRES: constant().
  ColumnPtr WithLength(int64_t length) const;
  // Rows picked by index; copies.
  ColumnPtr Take(std::span<const int32_t> rows) const;
  // A column with one stored value a row.
  static ColumnPtr Flatten(const ColumnPtr& column);
  // All rows of the columns one after the other. REQUIRES: the same type, at least one column.
  static ColumnPtr Concat(std::span<const ColumnPtr> columns);
  // The same column with its null rows replaced; see Column::validity().
  ColumnPtr WithValidity(BufferPtr validity) const;

  Value ValueAt(int64_t row) const;
  // Bytes held by this column, children included.
  size_t MemoryBytes() const;

 private:
  Physical physical_ = Physical::kBool;
  int64_t length_ = 0;
  int64_t mask_ = -1;
  const uint8_t* validity_ = nullptr;
  const void* values_ = nullptr;
  const char* bytes_ = nullptr;
  BufferPtr values_owner_, bytes_owner_, validity_owner_;
  std::vector<ColumnPtr> children_;
};

// Width in bytes of one value of a fixed-width physical type; 0 for the others.
size_t PhysicalWidth(Physical physical);

}  // namespace penstock
