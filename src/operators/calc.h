// Calc: filter and projection in one step, step 5 of a record's way. Stateless; keeps kinds and remaps marks.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "expr/evaluator.h"
#include "stream/operator.h"

namespace penstock {

struct CalcSpec {
  ExprPtr condition;           // null: all rows
  std::vector<ExprPtr> exprs;  // over the input
  std::string Serialize() const;
  static Result<CalcSpec> Parse(std::string_view bytes);
};

class Calc : public Operator {
 public:
  explicit Calc(CalcSpec spec) : spec_(std::move(spec)) {}
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;

 private:
  ColumnPtr WatermarkColumn(const Batch& batch);
  ExprPtr LiftFields(const ExprPtr& expr, std::vector<ExprPtr>* fields) const;
  // What a batch without rows has to say.
  Progress EmitMarks(const Batch& from, Output& out) const;
  CalcSpec spec_;
  std::optional<Evaluator> condition_;
  std::vector<Evaluator> exprs_;   // over the input's first columns and the fields
  std::vector<Evaluator> fields_;  // of ROW columns, taken out before the filter
  size_t width_ = 0;               // how many columns of the input the expressions may read
  std::vector<bool> used_;         // which of both they read
  bool uses_watermark_ = false;
  int64_t watermark_ = kNoWatermark;
};

}  // namespace penstock
