// Filter first, then evaluate the projection over the rows that are left.
// Step 5 of a record's way (docs/ARCHITECTURE.md).
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

namespace {

// A field of an input, at any depth.
bool IsField(const ExprPtr& expr) {
  return expr->is_call("FIELD") && (expr->arg(0)->is_input() || IsField(expr->arg(0)));
}

}  // namespace

Status Calc::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  if (spec_.condition) {
    ASSIGN_OR_RETURN(Evaluator condition, Evaluator::Make(spec_.condition, context->eval));
    uses_watermark_ = condition.uses_watermark();
    condition_ = std::move(condition);
  }
  for (const ExprPtr& expr : spec_.exprs) {
    for (int i : InputsOf(expr)) width_ = std::max(width_, static_cast<size_t>(i) + 1);
  }
  std::vector<ExprPtr> fields;
  used_.assign(width_, false);
  for (const ExprPtr& expr : spec_.exprs) {
    ExprPtr lifted = condition_ ? LiftFields(expr, &fields) : expr;
    used_.resize(width_ + fields.size(), false);
    for (int i : InputsOf(lifted)) used_[static_cast<size_t>(i)] = true;
    ASSIGN_OR_RETURN(Evaluator evaluator, Evaluator::Make(lifted, context->eval));
    uses_watermark_ = uses_watermark_ || evaluator.uses_watermark();
    exprs_.push_back(std::move(evaluator));
  }
  for (const ExprPtr& field : fields) {
    ASSIGN_OR_RETURN(Evaluator evaluator, Evaluator::Make(field, context->eval));
    fields_.push_back(std::move(evaluator));
  }
  return Status::Ok();
}

// Fields of ROW columns are taken out before the filter, as inputs behind the others: they share memory, and
// the fields nobody wants are not gathered.
ExprPtr Calc::LiftFields(const ExprPtr& expr, std::vector<ExprPtr>* fields) const {
  if (IsField(expr)) {
    auto known =
        std::find_if(fields->begin(), fields->end(), [&](const ExprPtr& f) { return f->Equals(*expr); });
    auto number = static_cast<int>(width_) + static_cast<int>(known - fields->begin());
    if (known == fields->end()) fields->push_back(expr);
    return Expr::Input(number, expr->type());
  }
  if (expr->args().empty()) return expr;
  std::vector<ExprPtr> args;
  for (const ExprPtr& arg : expr->args()) args.push_back(LiftFields(arg, fields));
  return expr->kind() == ExprKind::kCall ? Expr::Call(&expr->function(), std::move(args), expr->type())
                                         : Expr::Special(expr->kind(), std::move(args), expr->type());
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

Progress Calc::EmitMarks(const Batch& from, Output& out) const {
  std::vector<DataType> types;
  for (const ExprPtr& expr : spec_.exprs) types.push_back(expr->type());
  Batch marks(0, EmptyColumns(types));
  marks.marks = from.marks;
  marks.origin = from.origin;
  if (!marks.empty()) out.Emit(std::move(marks));
  return Progress::kDone;
}

Result<Progress> Calc::Process(int, const Batch& batch, Output& out) {
  if (batch.rows == 0) {  // marks alone, possibly without columns
    if (uses_watermark_) WatermarkColumn(batch);
    return EmitMarks(batch, out);
  }
  EvalInput input{batch.columns, batch.rows, uses_watermark_ ? WatermarkColumn(batch) : nullptr};
  Batch result;
  std::vector<int32_t> rows;
  bool all = true;
  if (condition_) {
    RETURN_IF_ERROR(condition_->SelectRows(input, &rows));
    all = static_cast<int64_t>(rows.size()) == batch.rows;
    input.columns.resize(width_);
    for (const Evaluator& field : fields_) {
      if (rows.empty()) break;
      ASSIGN_OR_RETURN(ColumnPtr column, field.Evaluate({batch.columns, batch.rows, nullptr}));
      input.columns.push_back(std::move(column));
    }
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
    if (rows.empty()) return EmitMarks(result, out);
    for (size_t i = 0; i < input.columns.size(); ++i) {
      if (used_[i]) input.columns[i] = input.columns[i]->Take(rows);
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
