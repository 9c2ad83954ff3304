// SortedRows: the rows of a sink, from one side, in the order of their keys: in memory while the budget gives
// room, else in files (ExternalSort). RowGroups walks through them, the rows of one key at a time.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "data/batch.h"
#include "data/key_codec.h"
#include "engine/parity/sink_layout.h"
#include "operators/batch/spill/external_sort.h"

namespace penstock {

// Equal rows. The bytes are those of KeyCodec: the key, the other columns that count, those left out.
struct StoredRow {
  std::string bytes;
  size_t key_size = 0, compared_size = 0;  // of the bytes: up to the end of each part
  int64_t count = 1;
  std::string_view key() const { return std::string_view(bytes).substr(0, key_size); }
  std::string_view compared() const { return std::string_view(bytes).substr(0, compared_size); }
};

class RowGroups {
 public:
  RowGroups(std::unique_ptr<SortedCursor> cursor, bool folds) : cursor_(std::move(cursor)), folds_(folds) {}
  // Goes to the next key, at first to the first; false behind the last one.
  Result<bool> Next();
  std::string_view key() const { return rows_.front().key(); }
  // In the order of their bytes.
  std::vector<StoredRow>& rows() { return rows_; }

 private:
  StoredRow Present() const;
  std::unique_ptr<SortedCursor> cursor_;
  bool folds_;
  bool started_ = false, more_ = false;
  std::vector<StoredRow> rows_;
};

class SortedRows {
 public:
  // REQUIRES: both outlive it.
  SortedRows(const SinkLayout& layout, OperatorContext* context);
  // Keeps the rows that are inside of `range`; any thread. The columns are the sink's.
  Status Add(const Batch& batch, const sql::ReadRange& range);
  // Ends adding.
  Result<std::unique_ptr<RowGroups>> Finish();
  // Rows of the result as columns in the order of the sink.
  std::vector<ColumnPtr> Decode(const std::vector<const StoredRow*>& rows) const;

 private:
  const SinkLayout& layout_;
  SpillSpace space_;
  ExternalSort sort_;
  std::vector<int> order_;  // columns as the bytes have them
  KeyCodec keys_, compared_, left_out_, all_;
  std::mutex mutex_;
  std::string bytes_, row_;
};

}  // namespace penstock
