// ExternalSort: rows (a memcomparable key and encoded bytes) in the order of their keys, those with equal
// keys in the order they came. Rows are kept in memory as long as the SpillSpace gives some; then what is
// there becomes a sorted run on disk. After Finish any number of cursors can walk through the rows at the
// same time. Used by one operator's thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "operators/batch/spill/byte_arena.h"
#include "operators/batch/spill/spill_space.h"

namespace penstock {

// One walk over the sorted rows.
class SortedCursor {
 public:
  virtual ~SortedCursor() = default;
  // Goes to the next row, at first to the first; false behind the last one.
  virtual Result<bool> Next() = 0;
  // Of the present row; valid until the next call of Next.
  virtual std::string_view key() const = 0;
  virtual std::string_view row() const = 0;
};

class ExternalSort {
 public:
  // `cursors`: how many are open at a time at most; `most_rows`: only so many of the first rows are asked
  // for (-1: all), so runs need not keep more. REQUIRES: `space` outlives it.
  explicit ExternalSort(SpillSpace* space, int cursors = 1, int64_t most_rows = -1)
      : space_(space), cursors_(cursors), most_rows_(most_rows), held_(space) {}

  Status Add(std::string_view key, std::string_view row);
  // Ends adding.
  Status Finish();
  // REQUIRES: finished.
  Result<std::unique_ptr<SortedCursor>> NewCursor() const;
  int64_t rows() const { return rows_; }

 private:
  // A row in memory. Most comparisons are decided by the first bytes of the key.
  struct Entry {
    uint64_t prefix;
    const char* record;
  };
  struct Record;
  class MemoryCursor;
  class MergeCursor;
  static bool Less(const Entry& a, const Entry& b);
  Status MakeRoom(size_t bytes);
  void SortMemory();
  Status SpillMemory();
  Status MergeRuns(size_t begin, size_t end, SpillFilePtr* into) const;
  Result<std::unique_ptr<MergeCursor>> Merge(size_t begin, size_t end) const;

  SpillSpace* space_;
  int cursors_;
  int64_t most_rows_;
  ByteArena arena_;
  std::vector<Entry> entries_;
  HeldMemory held_;
  uint32_t sequence_ = 0;
  int64_t rows_ = 0;
  std::vector<SpillFilePtr> runs_;
};

}  // namespace penstock
