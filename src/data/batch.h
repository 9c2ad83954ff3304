// Batch: what flows between operators: up to a few thousand rows in columns, a change kind per row, and marks
// (watermarks, idleness) at row offsets. Results of a job are a function of the sequence of rows and marks,
// never of where batches begin and end. A mark at offset k holds after k rows of the batch; a batch without
// rows carries marks alone. A value type: copying shares the columns.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "data/column.h"

namespace penstock {

// Flink's codes.
enum class RowKind : uint8_t { kInsert = 0, kUpdateBefore = 1, kUpdateAfter = 2, kDelete = 3 };

inline bool IsAdd(RowKind kind) { return kind == RowKind::kInsert || kind == RowKind::kUpdateAfter; }
const char* RowKindText(RowKind kind);  // "+I", "-U", "+U", "-D"

// Watermarks are milliseconds of event time: no row with a time <= watermark is expected any more.
inline constexpr int64_t kNoWatermark = std::numeric_limits<int64_t>::min();
inline constexpr int64_t kMaxWatermark = std::numeric_limits<int64_t>::max();

enum class MarkKind : uint8_t { kWatermark, kIdle, kActive };

struct Mark {
  int32_t offset = 0;  // holds after this many rows of the batch; ascending
  MarkKind kind = MarkKind::kWatermark;
  int64_t watermark = kNoWatermark;  // of kWatermark
};

// Which split of a source the rows of a batch come from, for watermarks per split. Only set between a source
// and the watermark assigner behind it in the same chain.
struct BatchOrigin {
  int32_t split = -1;  // number of the split inside its reader; -1: not known
  // All splits that the reader reads from here on; null: as before.
  std::shared_ptr<const std::vector<int32_t>> open_splits;
};

struct Batch {
  int64_t rows = 0;
  std::vector<ColumnPtr> columns;
  // One kind a row; null when every row is an insert.
  std::shared_ptr<const std::vector<RowKind>> kinds;
  std::vector<Mark> marks;
  BatchOrigin origin;

  Batch() = default;
  Batch(int64_t rows, std::vector<ColumnPtr> columns) : rows(rows), columns(std::move(columns)) {}

  RowKind kind(int64_t row) const { return kinds ? (*kinds)[static_cast<size_t>(row)] : RowKind::kInsert; }
  bool empty() const { return rows == 0 && marks.empty() && !origin.open_splits; }
  const ColumnPtr& column(int i) const { return columns[static_cast<size_t>(i)]; }

  // Rows [begin, begin + count) with the marks at offsets in (begin, begin + count], and also those at offset
  // `begin` when begin is 0.
  Batch Slice(int64_t begin, int64_t count) const;
  // Rows by ascending index; each mark moves behind the picked rows that were before it.
  Batch Take(const std::vector<int32_t>& picked) const;
  // Whole row as values, for printing and tests.
  ValueRow RowAt(int64_t row) const;
  size_t MemoryBytes() const;

  static Batch OfMark(const Mark& mark, const std::vector<DataType>& types);
};

// Columns of zero rows, for batches that carry only marks.
std::vector<ColumnPtr> EmptyColumns(const std::vector<DataType>& types);

}  // namespace penstock
