// Watermarks from rows.
#include "operators/watermark_assigner.h"

#include <algorithm>

#include "data/datetime.h"

namespace penstock {

std::string WatermarkAssignerSpec::Serialize() const {
  ByteWriter out;
  out.Varint(static_cast<uint64_t>(column));
  out.Bool(expr != nullptr);
  if (expr) expr->Write(out);
  out.Bool(on_event);
  out.Fixed(interval_ms);
  out.Fixed(idle_ms);
  return out.Take();
}

Result<WatermarkAssignerSpec> WatermarkAssignerSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  WatermarkAssignerSpec spec;
  spec.column = static_cast<int>(in.Varint());
  if (in.Bool()) {
    ASSIGN_OR_RETURN(spec.expr, Expr::Read(in));
  }
  spec.on_event = in.Bool();
  spec.interval_ms = in.Fixed<int64_t>();
  spec.idle_ms = in.Fixed<int64_t>();
  return spec;
}

Status WatermarkAssigner::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  if (spec_.expr) {
    ASSIGN_OR_RETURN(Evaluator evaluator, Evaluator::Make(spec_.expr, context->eval));
    evaluator_ = std::move(evaluator);
  }
  if (!spec_.on_event) current_ = emitted_ = 0;  // Flink's assigner starts at the epoch
  last_row_ms_ = context->clock->MonotonicMillis();
  bool ticks = (!spec_.on_event && spec_.interval_ms > 0) || spec_.idle_ms > 0;
  if (ticks) next_tick_ms_ = last_row_ms_ + std::max<int64_t>(1, spec_.interval_ms);
  return Status::Ok();
}

Status WatermarkAssigner::AddMarks(const Batch& batch, std::vector<Mark>* marks) {
  const Column& rowtime = *batch.column(spec_.column);
  for (int64_t row = 0; row < batch.rows; ++row) {
    if (rowtime.IsNull(row)) {
      return Status::InvalidData(
                 "RowTime field should not be null, please convert it to a non-null long value.")
          .WithNumber(ErrorNumber::kNullRowtime)
          .WithHint("filter such rows out before the watermark, or give the column a default");
    }
  }
  if (!evaluator_) return Status::Ok();
  ASSIGN_OR_RETURN(ColumnPtr watermarks, evaluator_->Evaluate({batch.columns, batch.rows, nullptr}));
  for (int64_t row = 0; row < batch.rows; ++row) {
    if (watermarks->IsNull(row)) continue;
    int64_t millis = watermarks->physical() == Physical::kInt64
                         ? FloorDiv(watermarks->At<int64_t>(row), int64_t{1000})
                         : static_cast<int64_t>(FloorDiv(watermarks->At<int128_t>(row), int128_t(1'000'000)));
    if (millis <= current_) continue;
    current_ = millis;
    if (spec_.on_event || current_ - emitted_ > spec_.interval_ms) {
      marks->push_back({static_cast<int32_t>(row + 1), MarkKind::kWatermark, current_});
      emitted_ = current_;
    }
  }
  return Status::Ok();
}

Result<Progress> WatermarkAssigner::Process(int, const Batch& batch, Output& out) {
  Batch result = batch;
  result.marks.clear();
  if (batch.rows > 0) {
    last_row_ms_ = context_->clock->MonotonicMillis();
    if (idle_) {
      idle_ = false;
      result.marks.push_back({0, MarkKind::kActive, kNoWatermark});
    }
    if (empty_columns_.empty()) {
      for (const ColumnPtr& column : batch.columns) empty_columns_.push_back(column->Slice(0, 0));
    }
    RETURN_IF_ERROR(AddMarks(batch, &result.marks));
  }
  // Of what comes from above only the end of time counts.
  for (const Mark& mark : batch.marks) {
    if (mark.kind == MarkKind::kWatermark && mark.watermark == kMaxWatermark) {
      result.marks.push_back(mark);
      next_tick_ms_ = INT64_MAX;
    }
  }
  if (!result.empty()) out.Emit(std::move(result));
  return Progress::kDone;
}

int64_t WatermarkAssigner::NextProcessingTime() const { return next_tick_ms_; }

Result<Progress> WatermarkAssigner::OnProcessingTime(int64_t now, Output& out) {
  next_tick_ms_ = now + std::max<int64_t>(1, spec_.interval_ms);
  Batch marks(0, empty_columns_);
  if (current_ > emitted_) {
    emitted_ = current_;
    marks.marks.push_back({0, MarkKind::kWatermark, current_});
  }
  if (spec_.idle_ms > 0 && !idle_ && now - last_row_ms_ >= spec_.idle_ms) {
    idle_ = true;
    marks.marks.push_back({0, MarkKind::kIdle, kNoWatermark});
  }
  if (!marks.marks.empty() && !empty_columns_.empty()) out.Emit(std::move(marks));
  return Progress::kDone;
}

}  // namespace penstock
