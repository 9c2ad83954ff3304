// Filter first, then evaluate the projection over the rows that are left.
#include "operators/calc.h"

#include <algorithm>

#include "data/column_builder.h"

namespace penstock {

std::string CalcSpec::Serialize() const {
  ByteWriter out;
  out.Bool(condition != nullptr);
  if (condition) condition->Write(out);
  WriteExprs(exprs, out);
  return out.Take();
}

Result<CalcSpec> CalcSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  CalcSpec spec;
  if (in.Bool()) {
    ASSIGN_OR_RETURN(spec.condition, Expr::Read(in));
  }
  ASSIGN_OR_RETURN(spec.exprs, ReadExprs(in));
  return spec;
}

Status Calc::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  if (spec_.condition) {
    ASSIGN_OR_RETURN(Evaluator condition, Evaluator::Make(spec_.condition, context->eval));
    uses_watermark_ = condition.uses_watermark();
    condition_ = std::move(condition);
  }
  for (const ExprPtr& expr : spec_.exprs) {
    ASSIGN_OR_RETURN(Evaluator evaluator, Evaluator::Make(expr, context->eval));
    uses_watermark_ = uses_watermark_ || evaluator.uses_watermark();
    exprs_.push_back(std::move(evaluator));
  }
  return Status::Ok();
}

// The watermark in force at each row: marks hold behind the rows before them.
ColumnPtr Calc::WatermarkColumn(const Batch& batch) {
  ColumnBuilder builder(DataType::BigInt());
  size_t mark = 0;
  for (int64_t row = 0; row <= batch.rows; ++row) {
    for (; mark < batch.marks.size() && batch.marks[mark].offset <= row; ++mark) {
      if (batch.marks[mark].kind == MarkKind::kWatermark) watermark_ = batch.marks[mark].watermark;
    }
    if (row == batch.rows) break;
    if (watermark_ == kNoWatermark) {
      builder.AppendNull();
    } else {
      builder.Append(watermark_);
    }
  }
  return builder.Finish();
}

Result<Progress> Calc::Process(int, const Batch& batch, Output& out) {
  if (batch.rows == 0) {  // marks alone, possibly without columns
    if (uses_watermark_) WatermarkColumn(batch);
    std::vector<DataType> types;
    for (const ExprPtr& expr : spec_.exprs) types.push_back(expr->type());
    Batch marks(0, EmptyColumns(types));
    marks.marks = batch.marks;
    marks.origin = batch.origin;
    if (!marks.empty()) out.Emit(std::move(marks));
    return Progress::kDone;
  }
  EvalInput input{batch.columns, batch.rows, uses_watermark_ ? WatermarkColumn(batch) : nullptr};
  Batch result;
  std::vector<int32_t> rows;
  bool all = true;
  if (condition_) {
    RETURN_IF_ERROR(condition_->SelectRows(input, &rows));
    all = static_cast<int64_t>(rows.size()) == batch.rows;
  }
  if (all) {
    result.rows = batch.rows;
    result.kinds = batch.kinds;
    result.marks = batch.marks;
    result.origin = batch.origin;
  } else {
    Batch frame;  // kinds and marks without columns
    frame.rows = batch.rows;
    frame.kinds = batch.kinds;
    frame.marks = batch.marks;
    frame.origin = batch.origin;
    result = frame.Take(rows);
    if (result.empty()) return Progress::kDone;
    std::vector<bool> used(input.columns.size(), false);
    for (const ExprPtr& expr : spec_.exprs) {
      for (int i : InputsOf(expr)) used[static_cast<size_t>(i)] = true;
    }
    for (size_t i = 0; i < input.columns.size(); ++i) {
      if (used[i]) input.columns[i] = input.columns[i]->Take(rows);
    }
    if (input.watermark) input.watermark = input.watermark->Take(rows);
    input.rows = result.rows;
  }
  for (const Evaluator& expr : exprs_) {
    ASSIGN_OR_RETURN(ColumnPtr column, expr.Evaluate(input));
    result.columns.push_back(Column::Flatten(column));
  }
  out.Emit(std::move(result));
  return Progress::kDone;
}

}  // namespace penstock
