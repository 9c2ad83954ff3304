// IntervalJoin: joins rows of two append-only inputs whose times are within bounds of each other: left time
// BETWEEN right time + lower AND right time + upper. Rows are kept as long as the other side may still send
// partners, then dropped; rows of an outer side that found none are emitted padded at that moment. A late row
// is joined with what is still kept; one that found nothing, is not padded and cannot be kept either counts
// as late and goes to the late lane. The watermark is held back by the larger bound, because a joined row may
// be that much older than the newest input.
#pragma once

#include "operators/joins/timed_join.h"

namespace penstock {

struct IntervalJoinSpec {
  JoinSpec join;
  bool proctime = false;
  std::array<int, 2> time_columns = {-1, -1};  // of event time
  int64_t lower_ms = 0, upper_ms = 0;
  int64_t min_cleanup_ms = 0;  // rows may be kept that much longer to have fewer timers
  std::string Serialize() const;
  static Result<IntervalJoinSpec> Parse(std::string_view bytes);
};

class IntervalJoin : public TimedJoin {
 public:
  explicit IntervalJoin(IntervalJoinSpec spec) : TimedJoin(spec.join), spec_(std::move(spec)) {}
  Status Open(OperatorContext* context) override;
  int64_t NextProcessingTime() const override;
  Result<Progress> OnProcessingTime(int64_t now, Output& out) override;
  Result<Progress> OnEndOfInput(int input, bool drained, Output& out) override;

 protected:
  Status TakeRows(size_t side, const Batch& batch, int64_t begin, int64_t end) override;
  Result<int64_t> OnWatermark() override;

 private:
  // How far back of a row's own time the other side's partners reach, by side.
  int64_t reach(size_t side) const { return side == kLeftSide ? -spec_.lower_ms : spec_.upper_ms; }
  // The bounds exclude each other: nothing matches, and nothing is kept.
  bool empty() const { return spec_.lower_ms > spec_.upper_ms; }
  int64_t ExpirationTime(size_t side) const;
  Status ProcessRow(size_t side, const Batch& batch, int64_t row);
  Result<bool> JoinKept(size_t side, const Batch& batch, int64_t row, int64_t low, int64_t high);
  Status Keep(size_t side, const Batch& batch, int64_t row, int64_t time, bool emitted);
  // Drops expired rows of a side; returns the time of the earliest row that stays.
  std::optional<int64_t> DropExpired(size_t side, StateKey key);
  int64_t TimerFor(size_t side, int64_t row_time) const;
  void SetTimer(size_t side, StateKey key, int64_t row_time);
  Status FireUpTo(int64_t time);
  void EmitPadded(size_t side, const std::vector<std::string>& rows);

  IntervalJoinSpec spec_;
  // Kept rows by time and arrival; the value is whether the row was emitted (a byte) and the row.
  std::array<MapState*, 2> states_ = {nullptr, nullptr};
  MapState* timer_state_ = nullptr;  // the time of the timer of each side of a key
  TimerQueue* timers_ = nullptr;
  std::array<int64_t, 2> expiration_ = {0, 0};  // how far rows of a side have been dropped
  int64_t now_ = 0;                             // the watermark or the clock
};

}  // namespace penstock
