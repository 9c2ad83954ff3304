// WindowAggregate: GROUP BY over TUMBLE, HOP and CUMULATE windows, step 8 of a record's way. Each row updates
// one slice of its key; when the watermark (or the clock) passes the end of a window, the slices of the
// window are merged and one row per key leaves, in key order; then slices that no window needs are dropped.
// Aggregates that cannot be merged (DISTINCT, views) keep a state per window instead. A row is late when the
// last window that contains it has fired: it is counted and leaves through the late lane (late_rows.h); where
// only some of its windows have fired it is taken by the others and leaves there as well, marked partial.
// With an early interval, what open windows hold leaves through the early lane meanwhile (early_results.h).
#pragma once

#include <set>

#include "operators/aggregation/aggregate_set.h"
#include "operators/windows/early_results.h"
#include "operators/late_rows.h"
#include "operators/windows/window_assigner.h"

namespace penstock {

// What a column of the result is.
struct WindowOutputColumn {
  enum class Kind : uint8_t { kKey, kStart, kEnd, kTime, kAggregate };
  Kind kind = Kind::kKey;
  int index = 0;  // of the key or the aggregate
  DataType type;
};

struct WindowAggregateSpec {
  WindowAssigner window;
  int time_column = -1;   // event time, or -1 for processing time
  bool attached = false;  // rows carry window_start (attached_start) and window_end (time_column) already
  int attached_start = -1;
  bool by_clock = false;    // attached windows of processing time
  bool local_zone = false;  // the time is an instant: windows align to the session's time zone
  std::vector<int> groups;
  std::vector<DataType> group_types;
  std::vector<AggregateCall> calls;
  std::vector<WindowOutputColumn> output;
  bool retracts = false;
  int64_t early_interval_ms = 0;  // 0: no early results
  bool takes_parts = false;  // rows are parts: groups, $slice (the time column), $weight, a part per call
  std::string Serialize() const;
  static Result<WindowAggregateSpec> Parse(std::string_view bytes);
};

class WindowAggregate : public Operator {
 public:
  explicit WindowAggregate(WindowAggregateSpec spec) : spec_(std::move(spec)), codec_(spec_.group_types) {}
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override { return FlushQueues(out); }
  int64_t NextProcessingTime() const override;
  Result<Progress> OnProcessingTime(int64_t now, Output& out) override;
  Result<Progress> OnEndOfInput(int input, bool drained, Output& out) override;
  Status SnapshotState(std::vector<std::string>* out) override;
  Status RestoreState(const std::vector<std::string>& lists) override;

 private:
  bool proctime() const { return spec_.time_column < 0 || spec_.by_clock; }
  Progress FlushQueues(Output& out);
  // Local milliseconds of a row's time; for attached windows its window end.
  int64_t LocalMillis(const Column& time, int64_t row) const;
  int64_t FireTime(int64_t window_end) const;  // the watermark at which it fires
  Status ProcessRows(const Batch& batch, int64_t begin, int64_t end);
  Status Accumulate(const Batch& batch, const std::vector<int32_t>& rows, int64_t name_space);
  // The rows' signs; of parts their weights.
  int64_t WeightOf(const Batch& rows, int64_t row) const;
  void NoteSlice(int64_t slice_end);
  Status FireUpTo(int64_t watermark);
  Status Fire(int64_t window_end);
  // Groups of a window with their states, which stay until the next call.
  struct Groups {
    std::vector<StateKey> keys;
    std::vector<const uint8_t*> states;
  };
  // Merges the window's slices where it has some; `emptied`: groups whose rows were all taken back.
  Status Collect(int64_t window_end, Groups* held, Groups* emptied);
  Result<Batch> ResultRows(int64_t window_end, const Groups& groups, size_t begin, size_t count);
  Status TellEarly(int64_t window_end, bool is_final, const Groups& held, const Groups& emptied);
  void TouchWindows(int64_t name_space);
  Status MergeSlice(int64_t slice_end);
  void DropExpired(int64_t fired_end);
  bool IsFired(int64_t window_end) const;

  WindowAggregateSpec spec_;
  KeyCodec codec_;
  AggregateSet aggregates_;
  std::set<int> used_;   // columns that groups and aggregates read
  bool sliced_ = false;  // state per slice instead of per window
  FixedState* state_ = nullptr;
  FixedState* merged_ = nullptr;    // scratch for merging slices
  std::set<int64_t> pending_;       // window ends that hold rows and have not fired
  std::set<int64_t> known_slices_;  // that hold rows
  std::set<int64_t> noted_slices_;  // whose windows are pending since the start
  int64_t watermark_ = kNoWatermark;
  std::vector<DataType> output_types_;
  EmitQueue queue_;
  LateRows late_;
  EarlyResults early_;
};

}  // namespace penstock
