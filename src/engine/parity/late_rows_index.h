// LateRowsIndex: the rows of one late lane, by what they share with the rows of a sink: the columns that both
// have, and their time. Says whether a difference is there because a row came too late for it. In memory:
// the shared columns, and 16 bytes a row. One thread.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "data/batch.h"
#include "data/key_codec.h"
#include "engine/parity/sink_layout.h"

namespace penstock {

class LateRowsIndex {
 public:
  // REQUIRES: both outlive it.
  LateRowsIndex(const SinkLayout& layout, const LateLane& lane);
  // Rows with the columns of the lane.
  void Add(const Batch& batch);
  // Ends adding.
  void Finish();
  // Whether a row in the lane has the shared columns of this row of the sink, and belongs to its window; of
  // rows without windows: lies no further from its time than the plan reaches.
  bool Explains(const std::vector<ColumnPtr>& sink_columns, int64_t row) const;
  int64_t rows() const { return rows_; }

 private:
  struct Late {
    int64_t time = 0, window_end = 0;  // of the last window that it missed
  };
  // The times at which a late row matters for what stands at `span`.
  TimeSpan Near(const TimeSpan& span) const;

  const SinkLayout& layout_;
  const LateLane& lane_;
  KeyCodec codec_;
  std::unordered_map<std::string, std::vector<Late>> late_;
  int64_t rows_ = 0;
};

}  // namespace penstock
