// BatchJoin: joins of all kinds with equal keys and a condition beside them (without keys: only the
// condition). Both sides are collected; when there is no room, a side goes to files by the hash of its key.
// Then part by part: the smaller side becomes a hash table, the other one runs against it. A part whose
// smaller side does not fit is divided by other bits of the hash; one that cannot be divided (all rows of one
// key, or no key) runs the larger side against one piece of the smaller after the other.
#pragma once

#include <array>
#include <optional>

#include "operators/batch/batch_operator.h"
#include "operators/batch/join_side.h"
#include "operators/joins/join_condition.h"

namespace penstock {

struct BatchJoinSpec {
  JoinSpec join;
  std::string Serialize() const;
  static Result<BatchJoinSpec> Parse(std::string_view bytes);
};

class BatchJoin : public BatchOperator {
 public:
  explicit BatchJoin(BatchJoinSpec spec);
  ~BatchJoin() override;

 protected:
  Status Prepare() override;
  Status Add(int input, const Batch& batch) override;
  Status Finish() override;
  Result<bool> NextResult(Batch* out) override;

 private:
  enum class Phase : uint8_t {
    kNextPart,  // takes the next part, and chooses its sides
    kBuild,     // loads the smaller side, or a piece of it
    kProbe,     // runs the larger side against it
    kRest,      // rows of the smaller side that matched nothing (or, of a semi join, something)
    kDone,
  };
  struct Part;
  struct Table;
  // Where the larger side stands.
  struct Probe;

  Status SpillSide(size_t side);
  Status TakeNextPart();
  Status Divide(Part part);
  Status LoadTable();
  Status StartProbe();
  Status ProbeMore(Batch* out);
  Result<bool> NextProbeBatch();
  void CollectPairs(std::vector<int32_t>* probe_rows, std::vector<int32_t>* build_rows);
  void AddUnmatchedProbe(JoinedRows* rows) const;
  void EmitRest(Batch* out);
  bool KeepsUnmatched(size_t side) const;
  bool WantedAlone(size_t side, bool matched) const;
  void AddAlone(size_t side, int32_t row, JoinedRows* rows) const;
  Batch TakeRows(JoinedRows* rows) const;

  BatchJoinSpec spec_;
  JoinCondition condition_;
  std::array<std::unique_ptr<JoinSideRows>, 2> sides_;
  std::unique_ptr<HeldMemory> table_memory_;
  std::vector<Part> parts_;
  Phase phase_ = Phase::kNextPart;
  std::unique_ptr<Part> part_;
  size_t build_ = kRightSide;
  std::unique_ptr<JoinSideReader> build_reader_;
  std::unique_ptr<Table> table_;
  std::unique_ptr<Probe> probe_;
};

}  // namespace penstock
