// WindowJoin: joins rows of the same window of two windowed inputs; both carry the window's end in a column.
// Rows are kept per window and key; when the watermark passes the end of a window its rows are joined, key by
// key, and dropped. A row is late when its window has fired: counted, and sent to the late lane.
#pragma once

#include <set>

#include "operators/joins/timed_join.h"

namespace penstock {

struct WindowJoinSpec {
  JoinSpec join;
  std::array<int, 2> start_columns = {-1, -1};  // told with late rows; -1: not known
  std::array<int, 2> end_columns = {-1, -1};
  bool local_zone = false;  // windows were cut on the wall clock of instants
  std::string Serialize() const;
  static Result<WindowJoinSpec> Parse(std::string_view bytes);
};

class WindowJoin : public TimedJoin {
 public:
  explicit WindowJoin(WindowJoinSpec spec) : TimedJoin(spec.join), spec_(std::move(spec)) {}
  Status Open(OperatorContext* context) override;

 protected:
  Status TakeRows(size_t side, const Batch& batch, int64_t begin, int64_t end) override;
  Result<int64_t> OnWatermark() override;

 private:
  // Rows of both sides of some keys, and the pairs to be tested.
  struct Chunk;
  int64_t FireTime(int64_t window_end) const;
  Status FireUpTo(int64_t watermark);
  Status Fire(int64_t window_end);
  void Load(int64_t window_end, StateKey key, Chunk* chunk);
  Status Emit(Chunk* chunk);

  WindowJoinSpec spec_;
  std::array<MapState*, 2> states_ = {nullptr, nullptr};
  std::set<int64_t> pending_;  // ends of windows that hold rows
};

}  // namespace penstock
