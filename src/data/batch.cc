// Batches: slices and gathers that carry kinds and marks along.
#include "data/batch.h"

#include "data/column_builder.h"

namespace penstock {

const char* RowKindText(RowKind kind) {
  switch (kind) {
    case RowKind::kInsert: return "+I";
    case RowKind::kUpdateBefore: return "-U";
    case RowKind::kUpdateAfter: return "+U";
    case RowKind::kDelete: return "-D";
  }
  return "?";
}

Batch Batch::Slice(int64_t begin, int64_t count) const {
  Batch out;
  out.rows = count;
  for (const ColumnPtr& column : columns) out.columns.push_back(column->Slice(begin, count));
  if (kinds) {
    out.kinds =
        std::make_shared<const std::vector<RowKind>>(kinds->begin() + begin, kinds->begin() + begin + count);
  }
  for (Mark mark : marks) {
    bool inside = mark.offset > begin || (begin == 0 && mark.offset == 0);
    if (!inside || mark.offset > begin + count) continue;
    mark.offset -= static_cast<int32_t>(begin);
    out.marks.push_back(mark);
  }
  out.origin = origin;
  return out;
}

Batch Batch::Take(const std::vector<int32_t>& picked) const {
  Batch out;
  out.rows = static_cast<int64_t>(picked.size());
  for (const ColumnPtr& column : columns) out.columns.push_back(column->Take(picked));
  if (kinds) {
    auto chosen = std::make_shared<std::vector<RowKind>>();
    chosen->reserve(picked.size());
    for (int32_t row : picked) chosen->push_back((*kinds)[static_cast<size_t>(row)]);
    out.kinds = std::move(chosen);
  }
  size_t before = 0;
  for (Mark mark : marks) {
    while (before < picked.size() && picked[before] < mark.offset) ++before;
    mark.offset = static_cast<int32_t>(before);
    out.marks.push_back(mark);
  }
  out.origin = origin;
  return out;
}

ValueRow Batch::RowAt(int64_t row) const {
  ValueRow values;
  for (const ColumnPtr& column : columns) values.push_back(column->ValueAt(row));
  return values;
}

size_t Batch::MemoryBytes() const {
  size_t bytes = kinds ? kinds->size() : 0;
  for (const ColumnPtr& column : columns) bytes += column->MemoryBytes();
  return bytes;
}

std::vector<ColumnPtr> EmptyColumns(const std::vector<DataType>& types) {
  std::vector<ColumnPtr> columns;
  for (const DataType& type : types) columns.push_back(ColumnBuilder(type).Finish());
  return columns;
}

Batch Batch::OfMark(const Mark& mark, const std::vector<DataType>& types) {
  Batch batch(0, EmptyColumns(types));
  batch.marks.push_back(mark);
  return batch;
}

}  // namespace penstock
