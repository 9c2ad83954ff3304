// TemporalJoin: left JOIN right FOR SYSTEM_TIME AS OF left.rowtime: each left row meets the version of the
// right row of its key that was valid at its time. Versions are kept by time; left rows wait until the
// watermark passes their time, then leave in the order of their arrival with the kind they came with. A
// deleted version matches nothing. Versions that no left row can ask for any more are dropped. Left rows
// behind the watermark are late:
// counted, and sent to the late lane.
#pragma once

#include "operators/joins/timed_join.h"

namespace penstock {

struct TemporalJoinSpec {
  JoinSpec join;  // inner or left
  std::array<int, 2> time_columns = {-1, -1};
  int64_t ttl_ms = 0;
  std::string Serialize() const;
  static Result<TemporalJoinSpec> Parse(std::string_view bytes);
};

class TemporalJoin : public TimedJoin {
 public:
  explicit TemporalJoin(TemporalJoinSpec spec) : TimedJoin(spec.join), spec_(std::move(spec)) {}
  Status Open(OperatorContext* context) override;

 protected:
  Status TakeRows(size_t side, const Batch& batch, int64_t begin, int64_t end) override;
  Result<int64_t> OnWatermark() override;

 private:
  // Left rows that are due and the versions they met.
  struct Chunk;
  Status FireUpTo(int64_t watermark);
  void Fire(StateKey key, int64_t watermark, Chunk* chunk);
  void DropVersions(StateKey key, int64_t watermark);
  void SetTimer(StateKey key, int64_t time);
  Status Emit(Chunk* chunk);

  TemporalJoinSpec spec_;
  MapState* waiting_ = nullptr;   // left rows by time and arrival: kind and row
  MapState* versions_ = nullptr;  // right rows by time: kind and row
  MapState* timer_state_ = nullptr;
  TimerQueue* timers_ = nullptr;
};

}  // namespace penstock
