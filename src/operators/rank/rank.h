// Rank: Top-N per partition (ROW_NUMBER() <= N), updating. One sorted list of rows per partition; every
// input row changes it and the difference leaves at once, exactly as Flink's Top-N functions emit it:
// with the row number, or with an offset, each place whose row changes is updated (-U/+U, +I or -D at the
// end); without, a row leaves (-D) and a row enters (+I). Also ORDER BY .. LIMIT: Top-N without a partition.
#pragma once

#include "operators/batch_keys.h"
#include "operators/rank/rank_rows.h"

namespace penstock {

enum class RankInput : uint8_t {
  kAppend,   // insert-only: rows beyond the last place are forgotten
  kUpdate,   // +I and +U by row key, and a row only ever moves up: the same
  kRetract,  // any changes: every row is kept
};

struct RankSpec {
  RowLayout rows;
  RankInput input = RankInput::kAppend;
  std::vector<int> row_key;  // of kUpdate
  int64_t first = 1, last = 1;
  int last_column = -1;  // rn <= column instead of `last`
  bool number = false;   // the row number is projected
  bool emit_update_before = true;
  int64_t ttl_ms = 0;
  std::string Serialize() const;
  static Result<RankSpec> Parse(std::string_view bytes);
};

class Rank : public Operator {
 public:
  explicit Rank(RankSpec spec);
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override { return queue_.Flush(out); }
  Status SnapshotState(std::vector<std::string>* out) override;
  Status RestoreState(const std::vector<std::string>& lists) override;

 private:
  // A row on its way in, and where its partition's list ends.
  struct Arrival {
    const Batch* batch = nullptr;
    int64_t at = 0;
    StateKey key;
    std::string element;  // sort key and arrival number
    std::string row;      // of RowOf
    int64_t last = 0;
  };
  // The row as it is kept: many are not.
  std::string_view RowOf(Arrival& arrival) const;
  void ProcessRows(const Batch& batch, int64_t begin, int64_t end);
  void ProcessRow(Arrival& arrival);
  int64_t LastRank(const Batch& batch, int64_t row, StateKey key);
  void Insert(Arrival& arrival);
  void Update(Arrival& arrival, const std::string& row_key);
  void Retract(Arrival& arrival);
  void Prune(const Arrival& arrival);
  // A row at a place; nothing when the place is out of range.
  void Emit(std::string_view row, int64_t rank, int64_t last, RowKind kind);
  // The row at a place gives way to another one.
  void Replace(std::string_view before, std::string_view after, int64_t rank, int64_t last);

  RankSpec spec_;
  KeyCodec partition_codec_;
  KeyCodec order_codec_;
  KeyCodec row_key_codec_;
  RowCodec row_codec_;
  bool by_place_ = false;
  MapState* list_ = nullptr;    // sort key and arrival number -> row
  MapState* index_ = nullptr;   // of kUpdate: row key -> element of the list
  MapState* bounds_ = nullptr;  // of a variable range: the partition's N
  std::string pushed_element_;  // of the row that an inserted one pushes out
  ArrivalCounter arrivals_;
  ChangeWriter writer_;
  BatchKeys keys_;
  EmitQueue queue_;
};

}  // namespace penstock
