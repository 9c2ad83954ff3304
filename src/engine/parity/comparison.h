// Comparison: the rows of one sink from both sides, walked through in the order of their keys. Rows of one
// key are compared as multisets; of what is left, rows that differ only by the rounding of FLOAT and DOUBLE
// are equal, and each other difference is classed. One thread.
#pragma once

#include <deque>

#include "engine/parity/late_rows_index.h"
#include "engine/parity/parity.h"
#include "engine/parity/sorted_rows.h"

namespace penstock {

// Relative: of DOUBLE, and of FLOAT, which has only 24 bits.
inline constexpr double kDoubleTolerance = 1e-9;
inline constexpr double kFloatTolerance = 1e-6;

// REQUIRES: the values have the type.
bool NearlyEqual(const Value& a, const Value& b, const DataType& type);

class Comparison {
 public:
  // REQUIRES: all outlive it.
  Comparison(const SinkLayout& layout, const std::deque<LateRowsIndex>& late, const SortedRows& codec,
             int most_shown, SinkParity* report)
      : layout_(layout), late_(late), codec_(codec), most_shown_(most_shown), report_(report) {}

  Status Compare(RowGroups* batch, RowGroups* stream);

 private:
  using Rows = std::vector<StoredRow>;
  void CompareKey(Rows* batch, Rows* stream);
  // Takes away what both have, by equal bytes up to the end of a part.
  void TakeEqual(Rows* batch, Rows* stream, bool whole);
  void TakeNearlyEqual(Rows* batch, Rows* stream);
  // One of them may be null.
  void Add(const StoredRow* batch, const StoredRow* stream, int64_t count);
  void Describe(const std::vector<ColumnPtr>& columns, const StoredRow* batch, const StoredRow* stream,
                ParityDifference* difference) const;
  bool IsLate(const std::vector<ColumnPtr>& columns) const;
  std::string Text(const std::vector<ColumnPtr>& columns, int column, int64_t row) const;

  const SinkLayout& layout_;
  const std::deque<LateRowsIndex>& late_;
  const SortedRows& codec_;
  int most_shown_;
  SinkParity* report_;
};

}  // namespace penstock
