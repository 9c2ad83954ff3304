// ColumnBuilder: the generic, switched half of building columns.
// Step 2 of a record's way (docs/ARCHITECTURE.md).
#include "data/column_builder.h"

namespace penstock {

ColumnBuilder::ColumnBuilder(const DataType& type) : physical_(type.physical()) {
  switch (type.kind()) {
    case TypeKind::kArray: children_.push_back(std::make_unique<ColumnBuilder>(type.element())); break;
    case TypeKind::kMultiset:
      children_.push_back(std::make_unique<ColumnBuilder>(type.element()));
      children_.push_back(std::make_unique<ColumnBuilder>(DataType::Int()));
      break;
    case TypeKind::kMap:
    case TypeKind::kRow:
      for (const Field& field : type.fields())
        children_.push_back(std::make_unique<ColumnBuilder>(field.type));
      break;
    default: break;
  }
  Reset();
}

namespace {
// An empty buffer with room for as much as the one before: batches of a stream are alike.
std::shared_ptr<Buffer> SuccessorOf(const std::shared_ptr<Buffer>& before) {
  auto buffer = std::make_shared<Buffer>(before ? before->size() : 0);
  buffer->Resize(0);
  return buffer;
}
}  // namespace

void ColumnBuilder::Reset() {
  length_ = 0;
  values_ = SuccessorOf(values_);
  bytes_ = physical_ == Physical::kString ? SuccessorOf(bytes_) : nullptr;
  validity_ = nullptr;
  if (PhysicalWidth(physical_) == 0 && physical_ != Physical::kRow) values_->AppendFixed<int32_t>(0);
}

void ColumnBuilder::AppendNull() {
  if (!validity_) {
    validity_ = std::make_shared<Buffer>(static_cast<size_t>(length_));
    if (length_ > 0) std::memset(validity_->data(), 1, static_cast<size_t>(length_));
  }
  validity_->AppendFixed<uint8_t>(0);
  ++length_;
  switch (PhysicalWidth(physical_)) {
    case 1: return values_->AppendFixed<int8_t>(0);
    case 2: return values_->AppendFixed<int16_t>(0);
    case 4: return values_->AppendFixed<int32_t>(0);
    case 8: return values_->AppendFixed<int64_t>(0);
    case 16: return values_->AppendFixed<int128_t>(0);
    default: break;
  }
  if (physical_ == Physical::kRow) {
    for (auto& child : children_) child->AppendNull();
  } else {
    values_->AppendFixed(values_->as<int32_t>()[length_ - 1]);
  }
}

void ColumnBuilder::CloseList() {
  values_->AppendFixed(static_cast<int32_t>(children_[0]->length()));
  MarkValid();
}

void ColumnBuilder::CloseRow() {
  MarkValid();
  for (auto& child : children_) DCHECK(child->length() == length_);
}

void ColumnBuilder::AppendValue(const Value& value) {
  if (value.is_null()) return AppendNull();
  switch (physical_) {
    case Physical::kBool: return Append<uint8_t>(value.as_bool() ? 1 : 0);
    case Physical::kInt8: return Append(static_cast<int8_t>(value.as_int()));
    case Physical::kInt16: return Append(static_cast<int16_t>(value.as_int()));
    case Physical::kInt32: return Append(static_cast<int32_t>(value.as_int()));
    case Physical::kInt64: return Append(value.as_int());
    case Physical::kFloat: return Append(static_cast<float>(value.as_double()));
    case Physical::kDouble: return Append(value.as_double());
    case Physical::kInt128: return Append(value.as_int128());
    case Physical::kString: return AppendString(value.as_string());
    case Physical::kList:
    case Physical::kMap: {
      const ValueList& list = value.as_list();
      for (size_t i = 0; i < list.size(); ++i) children_[i % children_.size()]->AppendValue(list[i]);
      return CloseList();
    }
    case Physical::kRow: break;
  }
  const ValueList& fields = value.as_list();
  CHECK(fields.size() == children_.size());
  for (size_t i = 0; i < fields.size(); ++i) children_[i]->AppendValue(fields[i]);
  CloseRow();
}

void ColumnBuilder::AppendFrom(const Column& column, int64_t row) {
  DCHECK(column.physical() == physical_);
  if (column.IsNull(row)) return AppendNull();
  switch (physical_) {
    case Physical::kString: return AppendString(column.StringAt(row));
    case Physical::kList:
    case Physical::kMap: {
      int32_t begin = column.ListBegin(row);
      int32_t count = column.ListEnd(row) - begin;
      for (size_t c = 0; c < children_.size(); ++c) children_[c]->AppendRange(*column.child(c), begin, count);
      return CloseList();
    }
    case Physical::kRow:
      for (size_t c = 0; c < children_.size(); ++c)
        children_[c]->AppendFrom(*column.child(c), column.position(row));
      return CloseRow();
    default: break;
  }
  switch (PhysicalWidth(physical_)) {
    case 1: return Append(column.At<uint8_t>(row));
    case 2: return Append(column.At<int16_t>(row));
    case 4: return Append(column.At<int32_t>(row));
    case 8: return Append(column.At<int64_t>(row));
    default: return Append(column.At<int128_t>(row));
  }
}

namespace {
void AppendZeros(Buffer* buffer, size_t count) {
  size_t at = buffer->size();
  buffer->Resize(at + count);
  std::memset(buffer->data() + at, 0, count);
}
}  // namespace

// NULLs alone, as a constant column has them, are appended at once, whatever their type.
void ColumnBuilder::AppendRange(const Column& column, int64_t begin, int64_t count) {
  if (count == 0) return;
  if (!column.constant() || !column.IsNull(0)) {
    for (int64_t i = 0; i < count; ++i) AppendFrom(column, begin + i);
    return;
  }
  AppendNull();
  auto rest = static_cast<size_t>(count) - 1;
  AppendZeros(validity_.get(), rest);
  length_ += count - 1;
  if (size_t width = PhysicalWidth(physical_); width > 0) return AppendZeros(values_.get(), rest * width);
  if (physical_ == Physical::kRow) {
    for (auto& child : children_) child->AppendRange(column, begin, count - 1);
    return;
  }
  int32_t end = values_->as<int32_t>()[length_ - count];
  for (size_t i = 0; i < rest; ++i) values_->AppendFixed(end);
}

void ColumnBuilder::AppendRows(const Column& column, std::span<const int32_t> rows) {
  for (int32_t row : rows) AppendFrom(column, row);
}

void ColumnBuilder::Truncate(int64_t length) {
  DCHECK(length <= length_);
  auto rows = static_cast<size_t>(length);
  length_ = length;
  if (validity_) validity_->Resize(rows);
  if (size_t width = PhysicalWidth(physical_); width > 0) return values_->Resize(rows * width);
  int64_t elements = length;
  if (physical_ != Physical::kRow) {
    values_->Resize((rows + 1) * sizeof(int32_t));
    elements = values_->as<int32_t>()[length];
  }
  if (physical_ == Physical::kString) return bytes_->Resize(static_cast<size_t>(elements));
  for (auto& child : children_) child->Truncate(elements);
}

ColumnPtr ColumnBuilder::Finish() {
  ColumnPtr column;
  std::vector<ColumnPtr> children;
  for (auto& child : children_) children.push_back(child->Finish());
  if (physical_ == Physical::kRow) {
    column = Column::Row(length_, std::move(children), validity_);
  } else if (physical_ == Physical::kString) {
    column = Column::Strings(length_, values_, bytes_, validity_);
  } else if (!children.empty()) {
    column = Column::Nested(physical_, length_, values_, std::move(children), validity_);
  } else {
    column = Column::Fixed(physical_, length_, values_, validity_);
  }
  Reset();
  return column;
}

}  // namespace penstock
