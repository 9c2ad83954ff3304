// Keys, layouts and the change writer.
#include "operators/rank/rank_rows.h"

#include <algorithm>

#include "data/datetime.h"

namespace penstock {

void WriteColumns(const std::vector<int>& columns, ByteWriter& out) {
  out.Varint(columns.size());
  for (int column : columns) out.Fixed(column);
}

std::vector<int> ReadColumns(ByteReader& in) {
  std::vector<int> columns;
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) columns.push_back(in.Fixed<int>());
  return columns;
}

void WriteTypes(const std::vector<DataType>& types, ByteWriter& out) {
  out.Varint(types.size());
  for (const DataType& type : types) type.Write(out);
}

Result<std::vector<DataType>> ReadTypes(ByteReader& in) {
  std::vector<DataType> types;
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    ASSIGN_OR_RETURN(DataType type, DataType::Read(in));
    types.push_back(std::move(type));
  }
  return types;
}

void RowLayout::Write(ByteWriter& out) const {
  WriteTypes(types, out);
  WriteColumns(partition, out);
  out.Varint(order.size());
  for (const SortColumn& sort : order) {
    out.Fixed(sort.column);
    out.Bool(sort.descending);
    out.Bool(sort.nulls_last);
  }
}

Result<RowLayout> RowLayout::Read(ByteReader& in) {
  RowLayout layout;
  ASSIGN_OR_RETURN(layout.types, ReadTypes(in));
  layout.partition = ReadColumns(in);
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    SortColumn sort;
    sort.column = in.Fixed<int>();
    sort.descending = in.Bool();
    sort.nulls_last = in.Bool();
    layout.order.push_back(sort);
  }
  return layout;
}

KeyCodec RowLayout::PartitionCodec() const {
  std::vector<DataType> keys;
  for (int column : partition) keys.push_back(types[static_cast<size_t>(column)]);
  return KeyCodec(std::move(keys));
}

KeyCodec RowLayout::OrderCodec() const {
  std::vector<DataType> keys;
  std::vector<bool> descending, nulls_last;
  for (const SortColumn& sort : order) {
    keys.push_back(types[static_cast<size_t>(sort.column)]);
    descending.push_back(sort.descending);
    nulls_last.push_back(sort.nulls_last);
  }
  return KeyCodec(std::move(keys), std::move(descending), std::move(nulls_last));
}

std::vector<ColumnPtr> RowLayout::PartitionColumns(const Batch& batch) const {
  std::vector<ColumnPtr> columns;
  for (int column : partition) columns.push_back(batch.column(column));
  return columns;
}

std::vector<ColumnPtr> RowLayout::OrderColumns(const Batch& batch) const {
  std::vector<ColumnPtr> columns;
  for (const SortColumn& sort : order) columns.push_back(batch.column(sort.column));
  return columns;
}

void AppendOrdered(int64_t value, std::string* out) {
  uint64_t bits = static_cast<uint64_t>(value) ^ (uint64_t{1} << 63);
  char bytes[8];
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(bits >> (56 - 8 * i));
  out->append(bytes, sizeof(bytes));
}

int64_t ReadOrdered(std::string_view bytes) {
  uint64_t bits = 0;
  for (size_t i = 0; i < 8; ++i) bits = bits << 8 | static_cast<uint8_t>(bytes[i]);
  return static_cast<int64_t>(bits ^ (uint64_t{1} << 63));
}

int64_t MillisAt(const Column& time, int64_t row) {
  if (time.physical() == Physical::kInt64) return FloorDiv(time.At<int64_t>(row), int64_t{1000});
  return static_cast<int64_t>(FloorDiv(time.At<int128_t>(row), int128_t{1'000'000}));
}

ChangeWriter::ChangeWriter(std::vector<DataType> types, size_t stored)
    : types_(std::move(types)),
      stored_(stored),
      codec_(std::vector<DataType>(types_.begin(), types_.begin() + static_cast<std::ptrdiff_t>(stored))),
      builders_(MakeBuilders(types_)) {}

void ChangeWriter::Add(std::string_view row, RowKind kind) {
  codec_.Decode(row, std::span(builders_).first(stored_));
  kinds_.push_back(kind);
  updates_ = updates_ || kind != RowKind::kInsert;
}

void ChangeWriter::FlushTo(EmitQueue* queue) {
  if (kinds_.empty()) return;
  Batch batch(rows(), FinishBuilders(builders_));
  if (updates_) batch.kinds = std::make_shared<std::vector<RowKind>>(std::move(kinds_));
  kinds_.clear();
  updates_ = false;
  queue->AddRows(std::move(batch));
}

void ArrivalCounter::Snapshot(std::vector<std::string>* out) const {
  ByteWriter bytes;
  bytes.Fixed(next_);
  out->push_back(bytes.Take());
}

void ArrivalCounter::Restore(const std::vector<std::string>& lists) {
  for (const std::string& list : lists) {
    ByteReader in(list);
    next_ = std::max(next_, in.Fixed<int64_t>());
  }
}

}  // namespace penstock
