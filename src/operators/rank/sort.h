// Sort: ORDER BY that waits. With an event-time order the rows of a time leave when the watermark passes it,
// those of one time in the order of the other keys; a row behind the watermark is late: counted, and sent to
// the late lane. Without a time order all rows leave at the end of a bounded input; changes that take
// rows back are settled before. One task for all rows.
#pragma once

#include "operators/late_rows.h"
#include "operators/rank/rank_rows.h"

namespace penstock {

struct SortSpec {
  RowLayout rows;        // no partition; the order without the time
  int time_column = -1;  // -1: wait for the end of input
  std::string Serialize() const;
  static Result<SortSpec> Parse(std::string_view bytes);
};

class Sort : public Operator {
 public:
  explicit Sort(SortSpec spec);
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override { return FlushQueues(out); }
  Result<Progress> OnEndOfInput(int input, bool drained, Output& out) override;
  Status SnapshotState(std::vector<std::string>* out) override;
  Status RestoreState(const std::vector<std::string>& lists) override;

 private:
  Status ProcessRows(const Batch& batch, int64_t begin, int64_t end);
  void TakeBack(const std::string& element, const std::string& row);
  void EmitUpTo(int64_t watermark);
  Progress FlushQueues(Output& out);

  SortSpec spec_;
  KeyCodec order_codec_;
  RowCodec row_codec_;
  MapState* rows_ = nullptr;  // time, sort key, arrival number -> row
  int64_t watermark_ = kNoWatermark;
  int64_t emitted_ = kNoWatermark;  // the time of the last row that has left: none before it may follow
  ArrivalCounter arrivals_;
  ChangeWriter writer_;
  EmitQueue queue_;
  LateRows late_;
};

}  // namespace penstock
