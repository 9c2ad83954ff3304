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
  CalcSpec spec_;
  std::optional<Evaluator> condition_;
  std::vector<Evaluator> exprs_;
  bool uses_watermark_ = false;
  int64_t watermark_ = kNoWatermark;
};

}  // namespace penstock
