// What the operators that keep whole rows by partition and order share (Top-N, deduplication, OVER, sorting,
// sessions): the description of their input, the order-preserving element keys, and the writer that turns
// stored rows and changes back into batches. Used by the owning operator's thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/key_codec.h"
#include "data/row_codec.h"
#include "operators/emit_queue.h"
#include "stream/operator.h"

namespace penstock {

// One column of ORDER BY.
struct SortColumn {
  int column = -1;
  bool descending = false;
  bool nulls_last = false;
};

// The rows an operator keeps: their types, what partitions and what orders them.
struct RowLayout {
  std::vector<DataType> types;
  std::vector<int> partition;
  std::vector<SortColumn> order;

  void Write(ByteWriter& out) const;
  static Result<RowLayout> Read(ByteReader& in);
  KeyCodec PartitionCodec() const;
  KeyCodec OrderCodec() const;
  std::vector<ColumnPtr> PartitionColumns(const Batch& batch) const;
  std::vector<ColumnPtr> OrderColumns(const Batch& batch) const;
};

// Eight bytes whose order as text is the order of the number, and back.
void AppendOrdered(int64_t value, std::string* out);
int64_t ReadOrdered(std::string_view bytes);

// Milliseconds (rounded down) of a TIMESTAMP or TIMESTAMP_LTZ column.
int64_t MillisAt(const Column& time, int64_t row);

// Collects result rows of the input's columns and what an operator adds behind them.
class ChangeWriter {
 public:
  // `types` of the whole result; the first `stored` of them are the columns of kept rows.
  ChangeWriter(std::vector<DataType> types, size_t stored);
  // Appends a kept row; the caller then fills the added columns through extra().
  void Add(std::string_view row, RowKind kind);
  ColumnBuilder& extra(size_t i) { return builders_[stored_ + i]; }
  int64_t rows() const { return static_cast<int64_t>(kinds_.size()); }
  const std::vector<DataType>& types() const { return types_; }
  // Moves what was collected into the queue.
  void FlushTo(EmitQueue* queue);

 private:
  std::vector<DataType> types_;
  size_t stored_;
  RowCodec codec_;
  std::vector<ColumnBuilder> builders_;
  std::vector<RowKind> kinds_;
  bool updates_ = false;
};

// A number that grows with every row an operator keeps: it orders rows that are equal otherwise. Survives a
// savepoint through the operator's list state.
class ArrivalCounter {
 public:
  int64_t Next() { return next_++; }
  void Snapshot(std::vector<std::string>* out) const;
  void Restore(const std::vector<std::string>& lists);

 private:
  int64_t next_ = 0;
};

void WriteColumns(const std::vector<int>& columns, ByteWriter& out);
std::vector<int> ReadColumns(ByteReader& in);
void WriteTypes(const std::vector<DataType>& types, ByteWriter& out);
Result<std::vector<DataType>> ReadTypes(ByteReader& in);

}  // namespace penstock
