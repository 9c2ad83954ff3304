// ColumnBuilder: appends values row by row and ends in an immutable Column. One class for every type: the
// typed Append calls inline to a store, the generic ones (Append(Value), AppendFrom) switch on the physical
// type. Not thread-safe; Finish leaves the builder empty and ready for the next column.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "data/column.h"

namespace penstock {

class ColumnBuilder {
 public:
  explicit ColumnBuilder(const DataType& type);

  int64_t length() const { return length_; }
  Physical physical() const { return physical_; }

  template <typename T>
  void Append(T value) {
    DCHECK(sizeof(T) == PhysicalWidth(physical_));
    values_->AppendFixed(value);
    MarkValid();
  }
  void AppendString(std::string_view value) {
    bytes_->Append(value.data(), value.size());
    values_->AppendFixed(static_cast<int32_t>(bytes_->size()));
    MarkValid();
  }
  void AppendNull();
  // REQUIRES: the value has the builder's type.
  void AppendValue(const Value& value);
  // Copies one row of a column of the same type.
  void AppendFrom(const Column& column, int64_t row);
  void AppendRange(const Column& column, int64_t begin, int64_t count);
  // Picks rows by index.
  void AppendRows(const Column& column, std::span<const int32_t> rows);

  // Nested types: append the elements to child(), then close the row.
  ColumnBuilder& child(size_t i) { return *children_[i]; }
  size_t children() const { return children_.size(); }
  void CloseList();  // lists and maps: everything appended to the children since the last close is this row
  void CloseRow();   // rows: each child got exactly one value

  // Takes back everything behind the first `length` rows. REQUIRES: length <= length().
  void Truncate(int64_t length);

  ColumnPtr Finish();

 private:
  void MarkValid() {
    ++length_;
    if (validity_) validity_->AppendFixed<uint8_t>(1);
  }
  void Reset();

  Physical physical_;
  int64_t length_ = 0;
  std::shared_ptr<Buffer> values_, bytes_, validity_;
  std::vector<std::unique_ptr<ColumnBuilder>> children_;
};

}  // namespace penstock
