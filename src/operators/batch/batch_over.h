// BatchOver: window functions over the rows of a partition in any order, and Top-N (only the first row
// numbers are emitted). Rows are sorted by partition and order; cursors over the sorted rows then walk at
// their own pace: one at the row that is emitted, one at the end of its frame, one at the rows that leave the
// frame, one for each distance of LAG and LEAD, and where a share of the partition is asked for (NTILE,
// PERCENT_RANK, CUME_DIST) one at its end and one behind the rows of equal order. Nothing but the sum of a
// frame is kept in memory.
#pragma once

#include <deque>

#include "operators/aggregation/aggregate_set.h"
#include "operators/batch/batch_operator.h"
#include "operators/batch/spill/external_sort.h"
#include "operators/over/over_functions.h"

namespace penstock {

struct BatchOverSpec {
  RowLayout rows;
  OverFunctions functions;    // LEAD is LAG with a negative offset
  bool row_frame = false;     // ROWS; else RANGE, whose frames end with the last row of equal order
  int64_t preceding = -1;     // rows, or milliseconds of RANGE; -1: unbounded
  int64_t most_number = -1;   // rows with a greater ROW_NUMBER are left out; -1: none are
  bool newest_first = false;  // of rows of equal order the last one that came is the first
  std::string Serialize() const;
  static Result<BatchOverSpec> Parse(std::string_view bytes);
};

class BatchOver : public BatchOperator {
 public:
  explicit BatchOver(BatchOverSpec spec);
  ~BatchOver() override;

 protected:
  Status Prepare() override;
  Status Add(int input, const Batch& batch) override;
  Status Finish() override;
  Result<bool> NextResult(Batch* out) override;

 private:
  // A walk over the sorted rows, with what is known of the present row.
  struct Walker;
  // Additions to and removals from frames, and the rows that wait for their results.
  struct Program;
  struct Position {
    int64_t row = 0;    // in its partition, from 1
    int64_t peers = 0;  // groups of equal order so far
    int64_t first = 0;  // the number of the first row of its group
    int64_t frame = 0;  // rows in the frame
    int64_t last = 0;   // the number of the last row of its group; where shares are asked for
    int64_t size = 0;   // of the partition; likewise
  };

  int64_t TimeOf(const Column& column, int64_t row) const;
  bool bounded() const { return spec_.preceding >= 0; }
  Status StartPartition(Program* program);
  // Of functions that are a share of the partition.
  Status FindPeers();
  ColumnPtr Shares(const OverFunction& f, const Program& program) const;
  Status MoveFrame(bool first_peer, Program* program);
  bool Leaves(const Walker& tail) const;
  Status Step(const Walker& at, int8_t sign, Program* program);
  Status Flush(Program* program);
  Status AddShifted(Program* program);
  Batch Put(Program* program) const;

  BatchOverSpec spec_;
  KeyCodec partition_codec_, order_codec_;
  RowCodec row_codec_;
  AggregateSet aggregates_;
  std::unique_ptr<ExternalSort> sort_;
  uint64_t arrivals_ = 0;
  std::unique_ptr<Walker> emit_, lead_, tail_, size_, peers_;
  std::vector<std::unique_ptr<Walker>> shifted_;  // of LAG and LEAD, in the order of the functions
  Position position_;
  std::string partition_, order_;   // of the row that is emitted
  int64_t partition_first_ = 0;     // its number among all rows
  std::vector<uint64_t> state_;     // of its partition
  std::vector<ColumnPtr> carried_;  // results of the frame so far
};

}  // namespace penstock
