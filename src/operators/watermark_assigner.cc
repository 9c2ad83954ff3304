// Watermarks from rows.
// Step 4 of a record's way (docs/ARCHITECTURE.md).
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
  out.Bool(per_split);
  out.Fixed(interval_ms);
  out.Fixed(idle_ms);
  out.Varint(types.size());
  for (const DataType& type : types) type.Write(out);
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
  spec.per_split = in.Bool();
  spec.interval_ms = in.Fixed<int64_t>();
  spec.idle_ms = in.Fixed<int64_t>();
  for (uint64_t left = in.Varint(); left > 0; --left) {
    ASSIGN_OR_RETURN(DataType type, DataType::Read(in));
    spec.types.push_back(std::move(type));
  }
  return spec;
}

Status WatermarkAssigner::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  if (spec_.expr) {
    ASSIGN_OR_RETURN(Evaluator evaluator, Evaluator::Make(spec_.expr, context->eval));
    evaluator_ = std::move(evaluator);
  }
  splits_ = SplitWatermarks(spec_.idle_ms);
  int64_t now = context->clock->MonotonicMillis();
  if (!spec_.on_event && !spec_.per_split) {  // Flink's assigner starts at the epoch
    splits_.StartAt(0);
    emitted_ = 0;
  }
  if (!spec_.per_split) splits_.SetOpen({-1}, now);
  bool ticks = (!spec_.on_event && spec_.interval_ms > 0) || spec_.idle_ms > 0;
  if (ticks) next_tick_ms_ = now + std::max<int64_t>(1, spec_.interval_ms);
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
    splits_.Advance(batch.origin.split, millis);
    int64_t merged = splits_.merged();
    if (merged <= emitted_) continue;
    if (spec_.on_event || (!spec_.per_split && merged - emitted_ > spec_.interval_ms)) {
      marks->push_back({static_cast<int32_t>(row + 1), MarkKind::kWatermark, merged});
      emitted_ = merged;
    }
  }
  return Status::Ok();
}

void WatermarkAssigner::AddIdleness(int32_t offset, std::vector<Mark>* marks) {
  if (splits_.idle() == idle_) return;
  idle_ = !idle_;
  marks->push_back({offset, idle_ ? MarkKind::kIdle : MarkKind::kActive, kNoWatermark});
}

Result<Progress> WatermarkAssigner::Process(int, const Batch& batch, Output& out) {
  Batch result = batch;
  result.marks.clear();
  result.origin = {};
  int64_t now = context_->clock->MonotonicMillis();
  if (batch.origin.open_splits) {
    splits_.SetOpen(*batch.origin.open_splits, now);
    if (spec_.on_event && splits_.merged() > emitted_) {
      emitted_ = splits_.merged();
      result.marks.push_back({0, MarkKind::kWatermark, emitted_});
    }
  }
  if (batch.rows > 0) splits_.Touch(batch.origin.split, now);
  AddIdleness(0, &result.marks);
  if (batch.rows > 0) RETURN_IF_ERROR(AddMarks(batch, &result.marks));
  // Of what comes from above only the end of time counts.
  for (const Mark& mark : batch.marks) {
    if (mark.kind == MarkKind::kWatermark && mark.watermark == kMaxWatermark) {
      result.marks.push_back(mark);
      ended_ = true;
      next_tick_ms_ = INT64_MAX;
    }
  }
  if (!result.empty()) out.Emit(std::move(result));
  return Progress::kDone;
}

int64_t WatermarkAssigner::NextProcessingTime() const { return next_tick_ms_; }

Result<Progress> WatermarkAssigner::OnProcessingTime(int64_t now, Output& out) {
  next_tick_ms_ = ended_ ? INT64_MAX : now + std::max<int64_t>(1, spec_.interval_ms);
  splits_.CheckIdle(now);
  Batch result(0, EmptyColumns(spec_.types));
  if (splits_.merged() > emitted_) {
    emitted_ = splits_.merged();
    result.marks.push_back({0, MarkKind::kWatermark, emitted_});
  }
  AddIdleness(0, &result.marks);
  if (!result.empty()) out.Emit(std::move(result));
  return Progress::kDone;
}

}  // namespace penstock
