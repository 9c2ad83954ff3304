// Columns: construction, slices, gathers and the way back to single values.
#include "data/column.h"

#include <algorithm>

#include "data/column_builder.h"

namespace penstock {

size_t PhysicalWidth(Physical physical) {
  switch (physical) {
    case Physical::kBool:
    case Physical::kInt8: return 1;
    case Physical::kInt16: return 2;
    case Physical::kInt32:
    case Physical::kFloat: return 4;
    case Physical::kInt64:
    case Physical::kDouble: return 8;
    case Physical::kInt128: return 16;
    default: return 0;
  }
}

ColumnPtr Column::Fixed(Physical physical, int64_t length, BufferPtr values, BufferPtr validity) {
  auto column = std::make_shared<Column>();
  column->physical_ = physical;
  column->length_ = length;
  column->values_ = values->data();
  column->values_owner_ = std::move(values);
  if (validity) column->validity_ = validity->data();
  column->validity_owner_ = std::move(validity);
  return column;
}

ColumnPtr Column::Strings(int64_t length, BufferPtr offsets, BufferPtr bytes, BufferPtr validity) {
  auto column = std::make_shared<Column>();
  column->physical_ = Physical::kString;
  column->length_ = length;
  column->values_ = offsets->data();
  column->values_owner_ = std::move(offsets);
  column->bytes_ = reinterpret_cast<const char*>(bytes->data());
  column->bytes_owner_ = std::move(bytes);
  if (validity) column->validity_ = validity->data();
  column->validity_owner_ = std::move(validity);
  return column;
}

ColumnPtr Column::Nested(Physical physical, int64_t length, BufferPtr offsets,
                         std::vector<ColumnPtr> children, BufferPtr validity) {
  auto column = std::make_shared<Column>();
  column->physical_ = physical;
  column->length_ = length;
  column->values_ = offsets->data();
  column->values_owner_ = std::move(offsets);
  column->children_ = std::move(children);
  if (validity) column->validity_ = validity->data();
  column->validity_owner_ = std::move(validity);
  return column;
}

ColumnPtr Column::Row(int64_t length, std::vector<ColumnPtr> children, BufferPtr validity) {
  auto column = std::make_shared<Column>();
  column->physical_ = Physical::kRow;
  column->length_ = length;
  column->children_ = std::move(children);
  if (validity) column->validity_ = validity->data();
  column->validity_owner_ = std::move(validity);
  return column;
}

ColumnPtr Column::Constant(const DataType& type, const Value& value, int64_t length) {
  ColumnBuilder builder(type);
  builder.AppendValue(value);
  auto column = std::make_shared<Column>(*builder.Finish());
  column->mask_ = 0;
  column->length_ = length;
  return column;
}

int64_t Column::CountNulls() const {
  if (validity_ == nullptr) return 0;
  if (constant()) return validity_[0] == 0 ? length_ : 0;
  int64_t valid = 0;
  for (int64_t i = 0; i < length_; ++i) valid += validity_[i];
  return length_ - valid;
}

ColumnPtr Column::Slice(int64_t begin, int64_t length) const {
  auto column = std::make_shared<Column>(*this);
  column->length_ = length;
  if (constant()) return column;
  if (validity_ != nullptr) column->validity_ = validity_ + begin;
  if (physical_ == Physical::kRow) {
    for (ColumnPtr& child : column->children_) child = child->Slice(begin, length);
  } else {
    size_t width = PhysicalWidth(physical_);
    column->values_ = static_cast<const uint8_t*>(values_) + static_cast<size_t>(begin) * (width ? width : 4);
  }
  return column;
}

ColumnPtr Column::WithLength(int64_t length) const {
  CHECK(constant());
  auto column = std::make_shared<Column>(*this);
  column->length_ = length;
  return column;
}

ColumnPtr Column::WithValidity(BufferPtr validity) const {
  auto column = std::make_shared<Column>(*this);
  column->validity_ = validity ? validity->data() : nullptr;
  column->validity_owner_ = std::move(validity);
  return column;
}

namespace {
template <typename T>
BufferPtr TakeFixed(const T* values, std::span<const int32_t> rows) {
  auto out = std::make_shared<Buffer>(rows.size() * sizeof(T));
  T* to = out->as<T>();
  for (size_t i = 0; i < rows.size(); ++i) to[i] = values[rows[i]];
  return out;
}

BufferPtr TakeByWidth(const Column& column, std::span<const int32_t> rows) {
  switch (PhysicalWidth(column.physical())) {
    case 1: return TakeFixed(column.values<uint8_t>(), rows);
    case 2: return TakeFixed(column.values<uint16_t>(), rows);
    case 4: return TakeFixed(column.values<uint32_t>(), rows);
    case 8: return TakeFixed(column.values<uint64_t>(), rows);
    default: return TakeFixed(column.values<int128_t>(), rows);
  }
}

BufferPtr TakeValidity(const Column& column, std::span<const int32_t> rows) {
  if (column.CountNulls() == 0) return nullptr;
  return TakeFixed(column.validity(), rows);
}

// Texts of rows that follow each other lie next to each other: a filter copies them in runs.
ColumnPtr TakeStrings(const Column& column, std::span<const int32_t> rows) {
  auto offsets = std::make_shared<Buffer>((rows.size() + 1) * sizeof(int32_t));
  int32_t* to = offsets->as<int32_t>();
  const int32_t* from = column.offsets();
  int32_t total = 0;
  to[0] = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    total += from[rows[i] + 1] - from[rows[i]];
    to[i + 1] = total;
  }
  auto bytes = std::make_shared<Buffer>(static_cast<size_t>(total));
  for (size_t i = 0, next = 0; i < rows.size(); i = next) {
    next = i + 1;
    while (next < rows.size() && rows[next] == rows[next - 1] + 1) ++next;
    auto size = static_cast<size_t>(to[next] - to[i]);
    if (size > 0) std::memcpy(bytes->data() + to[i], column.bytes() + from[rows[i]], size);
  }
  return Column::Strings(static_cast<int64_t>(rows.size()), offsets, bytes, TakeValidity(column, rows));
}

ColumnPtr TakeNested(const Column& column, std::span<const int32_t> rows) {
  auto offsets = std::make_shared<Buffer>((rows.size() + 1) * sizeof(int32_t));
  int32_t* to = offsets->as<int32_t>();
  std::vector<int32_t> elements;
  to[0] = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    for (int32_t e = column.ListBegin(rows[i]); e < column.ListEnd(rows[i]); ++e) elements.push_back(e);
    to[i + 1] = static_cast<int32_t>(elements.size());
  }
  std::vector<ColumnPtr> children;
  for (const ColumnPtr& child : column.children()) children.push_back(child->Take(elements));
  return Column::Nested(column.physical(), static_cast<int64_t>(rows.size()), offsets, std::move(children),
                        TakeValidity(column, rows));
}
}  // namespace

ColumnPtr Column::Take(std::span<const int32_t> rows) const {
  auto count = static_cast<int64_t>(rows.size());
  if (constant()) return WithLength(count);
  switch (physical_) {
    case Physical::kString: return TakeStrings(*this, rows);
    case Physical::kList:
    case Physical::kMap: return TakeNested(*this, rows);
    case Physical::kRow: {
      std::vector<ColumnPtr> children;
      for (const ColumnPtr& child : children_) children.push_back(child->Take(rows));
      return Row(count, std::move(children), TakeValidity(*this, rows));
    }
    default: return Fixed(physical_, count, TakeByWidth(*this, rows), TakeValidity(*this, rows));
  }
}

ColumnPtr Column::Flatten(const ColumnPtr& column) {
  if (!column->constant()) return column;
  auto stored = std::make_shared<Column>(*column);
  stored->mask_ = -1;
  stored->length_ = 1;
  if (column->length_ == 1) return stored;
  std::vector<int32_t> zeros(static_cast<size_t>(column->length_), 0);
  return stored->Take(zeros);
}

ColumnPtr Column::Concat(std::span<const ColumnPtr> columns) {
  CHECK(!columns.empty());
  if (columns.size() == 1) return columns[0];
  const Column& first = *columns[0];
  int64_t length = 0;
  bool nulls = false;
  for (const ColumnPtr& column : columns) {
    length += column->length_;
    nulls = nulls || column->validity_ != nullptr;
  }
  std::shared_ptr<Buffer> validity;
  if (nulls) {
    validity = std::make_shared<Buffer>();
    for (const ColumnPtr& column : columns) {
      for (int64_t i = 0; i < column->length_; ++i) validity->AppendFixed<uint8_t>(column->IsNull(i) ? 0 : 1);
    }
  }
  std::vector<ColumnPtr> flat;
  for (const ColumnPtr& column : columns) flat.push_back(Flatten(column));
  if (first.physical_ == Physical::kRow) {
    std::vector<ColumnPtr> children;
    for (size_t c = 0; c < first.children_.size(); ++c) {
      std::vector<ColumnPtr> parts;
      for (const ColumnPtr& column : flat) parts.push_back(column->children_[c]);
      children.push_back(Concat(parts));
    }
    return Row(length, std::move(children), validity);
  }
  auto values = std::make_shared<Buffer>();
  if (size_t width = PhysicalWidth(first.physical_); width > 0) {
    for (const ColumnPtr& column : flat)
      values->Append(column->values_, static_cast<size_t>(column->length_) * width);
    return Fixed(first.physical_, length, values, validity);
  }
  values->AppendFixed<int32_t>(0);
  auto bytes = std::make_shared<Buffer>();
  std::vector<std::vector<ColumnPtr>> parts(first.children_.size());
  int32_t base = 0;
  for (const ColumnPtr& column : flat) {
    const int32_t* offsets = column->offsets();
    int32_t begin = offsets[0];
    int32_t end = offsets[column->length_];
    for (int64_t i = 1; i <= column->length_; ++i) values->AppendFixed<int32_t>(base + offsets[i] - begin);
    base += end - begin;
    if (first.physical_ == Physical::kString)
      bytes->Append(column->bytes_ + begin, static_cast<size_t>(end - begin));
    for (size_t c = 0; c < parts.size(); ++c)
      parts[c].push_back(column->children_[c]->Slice(begin, end - begin));
  }
  if (first.physical_ == Physical::kString) return Strings(length, values, bytes, validity);
  std::vector<ColumnPtr> children;
  for (auto& part : parts) children.push_back(Concat(part));
  return Nested(first.physical_, length, values, std::move(children), validity);
}

Value Column::ValueAt(int64_t row) const {
  if (IsNull(row)) return Value::Null();
  switch (physical_) {
    case Physical::kBool: return Value::Bool(At<uint8_t>(row) != 0);
    case Physical::kInt8: return Value::Int(At<int8_t>(row));
    case Physical::kInt16: return Value::Int(At<int16_t>(row));
    case Physical::kInt32: return Value::Int(At<int32_t>(row));
    case Physical::kInt64: return Value::Int(At<int64_t>(row));
    case Physical::kFloat: return Value::Double(At<float>(row));
    case Physical::kDouble: return Value::Double(At<double>(row));
    case Physical::kInt128: return Value::Int128(At<int128_t>(row));
    case Physical::kString: return Value::String(std::string(StringAt(row)));
    case Physical::kList:
    case Physical::kMap: {
      ValueList list;
      for (int32_t e = ListBegin(row); e < ListEnd(row); ++e) {
        for (const ColumnPtr& child : children_) list.push_back(child->ValueAt(e));
      }
      return Value::List(std::move(list));
    }
    case Physical::kRow: break;
  }
  ValueList fields;
  for (const ColumnPtr& child : children_) fields.push_back(child->ValueAt(position(row)));
  return Value::List(std::move(fields));
}

size_t Column::MemoryBytes() const {
  size_t bytes = 0;
  for (const BufferPtr& buffer : {values_owner_, bytes_owner_, validity_owner_})
    bytes += buffer ? buffer->size() : 0;
  for (const ColumnPtr& child : children_) bytes += child->MemoryBytes();
  return bytes;
}

}  // namespace penstock
