// SessionWindow: the SESSION window function. Rows of a key that are less than the gap apart (or touch) share
// a window; a row between two windows merges them. Rows wait until the watermark (or the clock) passes the
// end of their window and then leave in the order of arrival with window_start, window_end and window_time
// behind them; aggregations and rankings over sessions work on these rows. A row is late when the window it
// would stand in has ended: counted, and sent to the late lane.
#pragma once

#include "operators/batch_keys.h"
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
  // The session that a key's last row of a batch went to. Rows that follow and belong to no other one wait in
  // it, and go to the state together.
  struct OpenSession {
    int64_t row = 0;  // one of the key
    Session now, stored;
    int64_t before = 0, behind = 0;  // the end of the session before it, the start of the one behind
    int64_t arrival = 0;             // of the first of its waiting rows
    std::vector<int64_t> rows;       // of the batch
    bool Takes(int64_t time, int64_t gap) const;
  };
  bool proctime() const { return spec_.time_column < 0; }
  bool local() const { return spec_.local_zone || proctime(); }
  int64_t NowMillis() const;
  int64_t FireTime(int64_t window_end) const;
  Status ProcessRows(const Batch& batch, int64_t begin, int64_t end);
  std::vector<Session> Sessions(StateKey key) const;
  // Puts the row into its session; that session, when it has ended already.
  std::optional<Session> Assign(const Batch& batch, int64_t row, int64_t time);
  // Takes a session for a row out of the state, merging those that it joins, and makes it the key's open one.
  std::optional<Session> FindSession(int64_t row, int64_t time);
  // Writes the rows that wait in a session, and what they made of it.
  void Store(const Batch& batch, OpenSession* open);
  void Put(StateKey key, const Session& session);
  void Remove(StateKey key, const Session& session);
  void MoveRows(StateKey key, int64_t from, int64_t to);
  void Fire(int64_t up_to);
  void EmitSession(StateKey key, const Session& session);
  // The rows of an element of the session.
  void EmitRows(std::string_view rows, const Session& session);
  Progress FlushQueues(Output& out);

  SessionWindowSpec spec_;
  KeyCodec partition_codec_;
  RowCodec row_codec_;
  MapState* sessions_ = nullptr;  // start -> end and id
  MapState* rows_ = nullptr;      // id and arrival number -> kind and row, or several (see EmitRows)
  TimerQueue* timers_ = nullptr;
  int64_t watermark_ = kNoWatermark;
  ArrivalCounter arrivals_;
  BatchKeys keys_;
  RowBlock encoded_;
  std::vector<OpenSession> open_;  // the first `opened_`
  size_t opened_ = 0;
  std::vector<int32_t> open_of_;  // by the first row of a key in the batch; -1: none
  ChangeWriter writer_;
  EmitQueue queue_;
  LateRows late_;
};

}  // namespace penstock
