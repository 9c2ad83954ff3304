// SessionWindow: the SESSION window function. Rows of a key that are less than the gap apart (or touch) share
// a window; a row between two windows merges them. Rows wait until the watermark (or the clock) passes the
// end of their window and then leave in the order of arrival with window_start, window_end and window_time
// behind them; aggregations and rankings over sessions work on these rows. A row is late when the window it
// would stand in has ended: counted, and sent to the late lane.
#pragma once

#include <functional>

#include "operators/late_rows.h"
#include "operators/rank/rank_rows.h"

namespace penstock {

struct SessionWindowSpec {
  RowLayout rows;           // partition: PARTITION BY of the function
  int time_column = -1;     // -1: processing time
  int64_t gap = 0;          // milliseconds
  bool local_zone = false;  // the time is an instant
  DataType time_type;       // of window_time
  std::string Serialize() const;
  static Result<SessionWindowSpec> Parse(std::string_view bytes);
};

class SessionWindow : public Operator {
 public:
  explicit SessionWindow(SessionWindowSpec spec);
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override { return FlushQueues(out); }
  int64_t NextProcessingTime() const override;
  Result<Progress> OnProcessingTime(int64_t now, Output& out) override;
  Result<Progress> OnEndOfInput(int input, bool drained, Output& out) override;
  Status SnapshotState(std::vector<std::string>* out) override;
  Status RestoreState(const std::vector<std::string>& lists) override;

 private:
  struct Session {
    int64_t start = 0, end = 0;
    int64_t id = 0;  // names its rows
  };
  bool proctime() const { return spec_.time_column < 0; }
  bool local() const { return spec_.local_zone || proctime(); }
  int64_t NowMillis() const;
  int64_t FireTime(int64_t window_end) const;
  Status ProcessRows(const Batch& batch, int64_t begin, int64_t end);
  std::vector<Session> Sessions(StateKey key, const std::function<bool(const Session&)>& wanted) const;
  // Puts the row into its session; that session, when it has ended already.
  std::optional<Session> Assign(StateKey key, int64_t time, const std::string& row);
  void Put(StateKey key, const Session& session);
  void Remove(StateKey key, const Session& session);
  void MoveRows(StateKey key, int64_t from, int64_t to);
  void Fire(int64_t up_to);
  void EmitSession(StateKey key, const Session& session);
  Progress FlushQueues(Output& out);

  SessionWindowSpec spec_;
  KeyCodec partition_codec_;
  RowCodec row_codec_;
  MapState* sessions_ = nullptr;  // start -> end and id
  MapState* rows_ = nullptr;      // id and arrival number -> kind and row
  TimerQueue* timers_ = nullptr;
  int64_t watermark_ = kNoWatermark;
  ArrivalCounter arrivals_;
  ChangeWriter writer_;
  EmitQueue queue_;
  LateRows late_;
};

}  // namespace penstock
