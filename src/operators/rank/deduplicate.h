// Deduplicate: the first or the last row of each key by a time attribute (ROW_NUMBER() = 1 over a time
// order). Processing time: keep-first lets the first row through, keep-last updates with every row. Event
// time: keep-last updates where a row is not older than the kept one; keep-first waits for the watermark to
// reach the row and emits it once, so that the result is insert-only. Rows behind the watermark are late
// there: counted, and sent to the late lane.
#pragma once

#include "operators/batch_keys.h"
#include "operators/late_rows.h"
#include "operators/rank/rank_rows.h"

namespace penstock {

struct DeduplicateSpec {
  RowLayout rows;
  int time_column = -1;  // -1: processing time
  bool keep_last = false;
  bool emit_update_before = true;
  int64_t ttl_ms = 0;
  std::string Serialize() const;
  static Result<DeduplicateSpec> Parse(std::string_view bytes);
};

class Deduplicate : public Operator {
 public:
  explicit Deduplicate(DeduplicateSpec spec);
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override { return FlushQueues(out); }

 private:
  // What is kept of a key while rows of a batch come: written once, when they are through.
  struct Kept {
    int32_t first = 0;  // row of the batch with that key
    int64_t row = 0;    // the one to keep, when something `changed`
    int64_t time = 0;
    bool changed = false;
  };
  bool waits() const { return spec_.time_column >= 0 && !spec_.keep_last; }
  Status ProcessRows(const Batch& batch, int64_t begin, int64_t end);
  void KeepFirst(int64_t row);
  void KeepLast(int64_t row, int64_t time);
  void StoreLast();
  // False when the row is late.
  bool Wait(int64_t row, int64_t time);
  void Put(int64_t row, int64_t time);
  void Fire(int64_t watermark);
  // Lets a row of the batch out.
  void Pass(int64_t row, RowKind kind);
  void EmitPassed(const Batch& batch);
  Progress FlushQueues(Output& out);

  DeduplicateSpec spec_;
  KeyCodec partition_codec_;
  RowCodec row_codec_;
  MapState* state_ = nullptr;  // "" -> time and row kept; empty once it was emitted for good
  TimerQueue* timers_ = nullptr;
  int64_t watermark_ = kNoWatermark;
  BatchKeys keys_;
  RowBlock encoded_;  // rows of the batch; only where rows are kept
  std::string value_;
  std::vector<Kept> kept_;
  std::vector<int32_t> kept_of_;  // by the first row of a key in the batch; -1: not looked up
  // Rows that pass where what leaves are rows of the batch alone; elsewhere the writer has them.
  bool passes_ = false;
  std::vector<int32_t> passed_;
  std::vector<RowKind> passed_kinds_;
  ChangeWriter writer_;
  EmitQueue queue_;
  LateRows late_;
};

}  // namespace penstock
