// WindowRank: the first N rows of each window and key (window Top-N), or the first or last row by time
// (window deduplication). Rows carry their window's end; when the watermark passes it, the window's rows
// leave in key order, insert-only. A row of a window that has fired is late: counted, and sent to the late
// lane.
#pragma once

#include <set>

#include "operators/late_rows.h"
#include "operators/rank/rank_rows.h"

namespace penstock {

struct WindowRankSpec {
  RowLayout rows;  // partition without the window columns
  int window_start = -1;
  int window_end = -1;
  bool local_zone = false;  // windows were cut on the wall clock of instants
  int64_t first = 1, last = 1;
  bool later_wins = false;  // of rows that are equal in order the last one comes first
  bool number = false;
  std::string Serialize() const;
  static Result<WindowRankSpec> Parse(std::string_view bytes);
};

class WindowRank : public Operator {
 public:
  explicit WindowRank(WindowRankSpec spec);
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override { return FlushQueues(out); }
  Status SnapshotState(std::vector<std::string>* out) override;
  Status RestoreState(const std::vector<std::string>& lists) override;

 private:
  int64_t FireTime(int64_t window_end) const;
  void ProcessRows(const Batch& batch, int64_t begin, int64_t end);
  void Keep(int64_t window_end, StateKey key, const std::string& element, const std::string& row);
  void Fire(int64_t window_end);
  Progress FlushQueues(Output& out);

  WindowRankSpec spec_;
  KeyCodec partition_codec_;
  KeyCodec order_codec_;
  RowCodec row_codec_;
  MapState* windows_ = nullptr;  // namespace: window end; start, sort key, arrival number -> row
  std::set<int64_t> pending_;
  int64_t watermark_ = kNoWatermark;
  ArrivalCounter arrivals_;
  ChangeWriter writer_;
  EmitQueue queue_;
  LateRows late_;
};

}  // namespace penstock
