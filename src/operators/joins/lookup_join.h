// LookupJoin: left JOIN right FOR SYSTEM_TIME AS OF a processing time: each left row is joined with the rows
// an outside table holds for its key at that moment. Keeps no state; the kind of a left row passes to its
// results.
#pragma once

#include "expr/evaluator.h"
#include "operators/emit_queue.h"
#include "operators/joins/join_condition.h"
#include "stream/registry.h"

namespace penstock {

struct LookupJoinSpec {
  JoinSpec join;                       // inner or left; keys are unused
  std::string connector;               // whose table is read
  std::string table;                   // its TableSpec, serialised
  std::vector<int> lookup_columns;     // columns of the table that are looked up by
  std::vector<ExprPtr> lookup_keys;    // their values, over the left input
  ExprPtr right_filter;                // over the table's columns; null: none
  std::vector<ExprPtr> right_columns;  // what is made of the table's columns
  std::string Serialize() const;
  static Result<LookupJoinSpec> Parse(std::string_view bytes);
};

class LookupJoin : public Operator {
 public:
  // REQUIRES: `registry` outlives it.
  LookupJoin(LookupJoinSpec spec, const FactoryRegistry* registry)
      : spec_(std::move(spec)), registry_(registry) {}
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override { return queue_.Flush(out); }

 private:
  Status JoinRows(const Batch& batch);
  // The right rows for a batch: columns, and the left row each belongs to.
  Status LookUp(const Batch& batch, std::vector<ColumnPtr>* right, std::vector<int32_t>* left_rows);

  LookupJoinSpec spec_;
  const FactoryRegistry* registry_;
  TableSpec table_;
  std::unique_ptr<LookupReader> reader_;
  std::vector<Evaluator> keys_;
  std::optional<Evaluator> right_filter_;
  std::vector<Evaluator> right_columns_;
  JoinCondition condition_;
  std::vector<DataType> output_types_;
  EmitQueue queue_;
};

}  // namespace penstock
