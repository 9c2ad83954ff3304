// WindowJoin: joins rows of the same window of two windowed inputs; both carry the window's end in a column.
// Rows are kept per window and key; when the watermark passes the end of a window its rows are joined, key by
// key, and dropped. A row is late when its window has fired: counted, and sent to the late lane.
#pragma once

#include <set>

#include "data/row_codec.h"
#include "operators/join_condition.h"
#include "operators/late_rows.h"

namespace penstock {

struct WindowJoinSpec {
  JoinSpec join;
  std::array<int, 2> start_columns = {-1, -1};  // told with late rows; -1: not known
  std::array<int, 2> end_columns = {-1, -1};
  bool local_zone = false;  // windows were cut on the wall clock of instants
  std::string Serialize() const;
  static Result<WindowJoinSpec> Parse(std::string_view bytes);
};

class WindowJoin : public Operator {
 public:
  explicit WindowJoin(WindowJoinSpec spec)
      : spec_(std::move(spec)),
        keys_{JoinKeys(spec_.join, kLeftSide), JoinKeys(spec_.join, kRightSide)},
        codecs_{RowCodec(spec_.join.sides[kLeftSide].types), RowCodec(spec_.join.sides[kRightSide].types)} {}
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override { return FlushQueues(out); }
  Status SnapshotState(std::vector<std::string>* parts) override;
  Status RestoreState(const std::vector<std::string>& parts) override;

 private:
  Progress FlushQueues(Output& out);
  // Rows of both sides of some keys, and the pairs to be tested.
  struct Chunk;
  int64_t FireTime(int64_t window_end) const;
  Status AddRows(size_t side, const Batch& batch, int64_t begin, int64_t end);
  Status FireUpTo(int64_t watermark);
  Status Fire(int64_t window_end);
  void Load(int64_t window_end, StateKey key, Chunk* chunk);
  Status Emit(Chunk* chunk);

  WindowJoinSpec spec_;
  std::array<JoinKeys, 2> keys_;
  std::array<RowCodec, 2> codecs_;
  std::array<MapState*, 2> states_ = {nullptr, nullptr};
  JoinCondition condition_;
  std::set<int64_t> pending_;  // ends of windows that hold rows
  int64_t watermark_ = kNoWatermark;
  ArrivalCounter arrival_;
  std::vector<DataType> output_types_;
  EmitQueue queue_;
  LateRows late_;
};

}  // namespace penstock
