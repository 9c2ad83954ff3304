// TimedJoin: what the joins that keep rows until the watermark lets them go have in common: rows and marks of
// two inputs in order, a watermark that only rises, the order of arrival, joined and late rows on their way
// out. The joins themselves say what becomes of rows (TakeRows) and of a risen watermark (OnWatermark).
#pragma once

#include <array>
#include <string>
#include <vector>

#include "data/row_codec.h"
#include "operators/joins/join_condition.h"
#include "operators/late_rows.h"

namespace penstock {

class TimedJoin : public Operator {
 public:
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) final;
  Result<Progress> Resume(Output& out) final { return FlushQueues(out); }
  Status SnapshotState(std::vector<std::string>* parts) final;
  Status RestoreState(const std::vector<std::string>& parts) final;

 protected:
  explicit TimedJoin(JoinSpec join)
      : join_(std::move(join)),
        keys_{JoinKeys(join_, kLeftSide), JoinKeys(join_, kRightSide)},
        codecs_{RowCodec(join_.sides[kLeftSide].types), RowCodec(join_.sides[kRightSide].types)} {}

  // Rows [begin, end) of a batch whose keys are encoded, none of them empty; late ones are noted in late_.
  virtual Status TakeRows(size_t side, const Batch& batch, int64_t begin, int64_t end) = 0;
  // watermark_ has risen: queues what is due, and returns the watermark to pass on.
  virtual Result<int64_t> OnWatermark() = 0;
  Progress FlushQueues(Output& out);
  // Builders for rows of one side.
  std::vector<ColumnBuilder> Builders(size_t side) const { return MakeBuilders(join_.sides[side].types); }

  const JoinSpec join_;
  std::array<JoinKeys, 2> keys_;
  std::array<RowCodec, 2> codecs_;
  JoinCondition condition_;
  int64_t watermark_ = kNoWatermark;
  ArrivalCounter arrival_;
  EmitQueue queue_;
  LateRows late_;

 private:
  Status TakeRange(size_t side, const Batch& batch, int64_t begin, int64_t end);

  std::vector<DataType> output_types_;
};

}  // namespace penstock
