// RegularJoin: a join without time bounds: both inputs are kept, and every change of one is joined with all
// rows of the other. Emits what row-by-row processing emits: inner and semi joins pass the kinds of changes
// on; outer joins send +I and -D for a row that gains or loses its padding, never -U/+U. Matches of a whole
// batch are collected and tested together (the other side does not change meanwhile); only the counting of
// associations goes row by row.
#pragma once

#include "operators/emit_queue.h"
#include "operators/joins/join_condition.h"
#include "operators/joins/join_state.h"

namespace penstock {

struct RegularJoinSpec {
  JoinSpec join;
  std::array<JoinStateSpec, 2> states;
  std::string Serialize() const;
  static Result<RegularJoinSpec> Parse(std::string_view bytes);
};

class RegularJoin : public Operator {
 public:
  explicit RegularJoin(RegularJoinSpec spec)
      : spec_(std::move(spec)), keys_{JoinKeys(spec_.join, kLeftSide), JoinKeys(spec_.join, kRightSide)} {}
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override { return queue_.Flush(out); }

 private:
  // Rows of the other side that match rows of the batch, in the order of those.
  struct Matches;
  // Of a key, by its first row in the batch: the matches [first, last), when it was that collecting that
  // found them.
  struct Found {
    uint64_t collected = 0;
    size_t first = 0, last = 0;
  };
  bool counted(size_t side) const;
  Status ProcessRows(size_t side, const Batch& batch, int64_t begin, int64_t end);
  int64_t Collect(size_t side, int64_t begin, int64_t end, Matches* matches);
  Status Test(size_t side, const Batch& batch, Matches* matches);
  void JoinRow(size_t side, const Batch& batch, int64_t row, const Matches& matches, size_t first,
               size_t last);
  void Accumulate(size_t side, const Batch& batch, int64_t row, const Matches& matches, size_t first,
                  size_t last);
  void Retract(size_t side, const Batch& batch, int64_t row, const Matches& matches, size_t first,
               size_t last);
  void SemiRow(size_t side, const Batch& batch, int64_t row, const Matches& matches, size_t first,
               size_t last);
  // A result row; `other` is -1 for padding.
  void Add(size_t side, int64_t row, int32_t other, RowKind kind);
  void AddOther(size_t side, int32_t other, RowKind kind);

  RegularJoinSpec spec_;
  std::array<JoinKeys, 2> keys_;
  std::array<JoinState, 2> states_;
  JoinCondition condition_;
  std::array<std::vector<ColumnBuilder>, 2> builders_;  // of matches of each side
  std::vector<Found> found_;
  uint64_t collected_ = 0;
  JoinedRows result_;
  std::vector<DataType> output_types_;
  EmitQueue queue_;
};

}  // namespace penstock
