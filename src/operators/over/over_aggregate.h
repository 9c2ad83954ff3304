// OverAggregate: window functions over an ascending time attribute, insert-only. Event time: rows wait in
// state until the watermark passes their time and leave in the order of time, rows of one time in the order
// of arrival; a row that is not later than what its key has already emitted is late: counted, and sent to the
// late lane. Processing time: each row leaves at once. A frame that starts UNBOUNDED PRECEDING only
// accumulates; a bounded one keeps its rows and takes those back that fall out of it. RANGE peers (rows of
// one time) share one result. All due rows run through the aggregates as one batch.
#pragma once

#include <deque>
#include <unordered_map>

#include "operators/aggregation/aggregate_set.h"
#include "operators/late_rows.h"
#include "operators/over/over_functions.h"

namespace penstock {

struct OverAggregateSpec {
  RowLayout rows;          // its order is unused
  int time_column = -1;    // -1: processing time
  bool row_frame = false;  // ROWS instead of RANGE
  int64_t preceding = -1;  // rows or milliseconds before the current row; -1: unbounded
  OverFunctions functions;
  int64_t ttl_ms = 0;
  std::string Serialize() const;
  static Result<OverAggregateSpec> Parse(std::string_view bytes);
};

class OverAggregate : public Operator {
 public:
  explicit OverAggregate(OverAggregateSpec spec);
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override { return FlushQueues(out); }
  Status SnapshotState(std::vector<std::string>* out) override;
  Status RestoreState(const std::vector<std::string>& lists) override;

 private:
  // The part of a key's state that stands before the aggregates' bytes.
  struct Header {
    int64_t rows = 0;        // so far
    int64_t groups = 0;      // of peers, so far
    int64_t frame_rows = 0;  // kept of a ROWS frame
    int64_t last_fired = kNoWatermark;
  };
  // Rows of one key and time that are due.
  struct Due {
    size_t key = 0;
    int64_t time = 0;
    std::vector<std::string> rows;
  };
  // The due rows as steps of accumulating and taking back, and the rows that leave behind which step.
  struct Program {
    explicit Program(const std::vector<DataType>& types) : builders(MakeBuilders(types)) {}
    std::vector<ColumnBuilder> builders;
    std::vector<int8_t> signs;
    std::vector<size_t> keys;
    std::vector<int32_t> leaving, result;
    std::vector<std::vector<int64_t>> positions;  // row number, rank, dense rank of leaving rows
    std::vector<ColumnBuilder> lags;
  };

  bool proctime() const { return spec_.time_column < 0; }
  bool bounded() const { return spec_.preceding >= 0; }
  Status ProcessRows(const Batch& batch, int64_t begin, int64_t end);
  Status Keep(const Batch& batch, int64_t begin, int64_t end);
  Status Fire(int64_t watermark);
  size_t KeyIndex(std::string_view key);
  Status RunDue();
  void Apply(const Due& due, Header* header, Program* program);
  int32_t Step(std::string_view row, size_t key, int8_t sign, Program* program) const;
  void TakeBack(const Due& due, Header* header, Program* program);
  void AddLags(const Due& due, const std::vector<int32_t>& steps, Program* program);
  Status Emit(Program* program, const std::vector<uint8_t*>& states);
  Progress FlushQueues(Output& out);

  OverAggregateSpec spec_;
  KeyCodec partition_codec_;
  RowCodec row_codec_;
  AggregateSet aggregates_;
  FixedState* state_ = nullptr;
  MapState* pending_ = nullptr;  // time and arrival number -> row
  MapState* frame_ = nullptr;    // the same, of a bounded frame
  std::vector<MapState*> lag_states_;
  TimerQueue* timers_ = nullptr;
  int64_t watermark_ = kNoWatermark;
  ArrivalCounter arrivals_;
  std::vector<Due> due_;
  int64_t due_rows_ = 0;
  std::deque<std::string> keys_;
  std::unordered_map<std::string_view, size_t> key_index_;
  std::vector<DataType> output_types_;
  EmitQueue queue_;
  LateRows late_;
};

}  // namespace penstock
