// Evaluator: runs an Expr over batches of columns. Made once per operator instance (it owns kernels and their
// caches) and used by that operator's thread only. Results may be constant columns; an error is the job's,
// never a row's.
#pragma once

#include <memory>
#include <vector>

#include "data/column.h"
#include "expr/expr.h"
#include "expr/function.h"

namespace penstock {

// The rows an expression is evaluated over.
struct EvalInput {
  std::vector<ColumnPtr> columns;
  int64_t rows = 0;
  ColumnPtr
      watermark;  // BIGINT milliseconds for kWatermark, NULL before the first; null when none is asked for
};

class Evaluator {
 public:
  // REQUIRES: `context` outlives the evaluator.
  static Result<Evaluator> Make(const ExprPtr& expr, const EvalContext* context);
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;
  ~Evaluator();

  // One value per row.
  Result<ColumnPtr> Evaluate(const EvalInput& input) const;
  // The rows for which a BOOLEAN expression is true, ascending.
  Status SelectRows(const EvalInput& input, std::vector<int32_t>* rows) const;
  bool uses_watermark() const;

 private:
  struct Node;
  explicit Evaluator(std::unique_ptr<Node> root);
  std::unique_ptr<Node> root_;
};

// The value of an expression without inputs; fails where it is not constant or evaluation fails.
Result<Value> EvaluateConstant(const ExprPtr& expr, const EvalContext& context);
// The same as a literal where the expression is deterministic, reads no input and evaluates; else the
// expression.
ExprPtr FoldConstants(const ExprPtr& expr, const EvalContext& context);

}  // namespace penstock
