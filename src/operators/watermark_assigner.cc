// Watermarks from rows.
// Step 4 of a record's way (docs/ARCHITECTURE.md).
#include "operators/watermark_assigner.h"

#include <algorithm>
#include <utility>

#include "data/column_builder.h"
#include "data/datetime.h"
#include "operators/rank/rank_rows.h"

namespace penstock {

namespace {
// Rows that far ahead of the clock are counted where no guard is set.
constexpr int64_t kFarFutureMs = int64_t{24} * 3600 * 1000;
}  // namespace

std::string WatermarkAssignerSpec::Serialize() const {
  ByteWriter out;
  out.Varint(static_cast<uint64_t>(column));
  out.Bool(expr != nullptr);
  if (expr) expr->Write(out);
  out.Bool(on_event);
  out.Bool(per_split);
  out.Fixed(interval_ms);
  out.Fixed(idle_ms);
  out.Fixed(max_future_ms);
  out.Bool(quarantine);
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
  spec.max_future_ms = in.Fixed<int64_t>();
  spec.quarantine = in.Bool();
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
    delays_ = std::make_shared<DelaySketch>();
    context->metrics->SetFindings(delays_);
  }
  splits_ = SplitWatermarks(spec_.idle_ms);
  int64_t now = context->clock->MonotonicMillis();
  if (!spec_.on_event && !spec_.per_split) {  // Flink's assigner starts at the epoch
    splits_.StartAt(0);
    emitted_ = 0;
  }
  if (int64_t restored = context->restore_watermarks ? RestoredWatermark() : kNoWatermark;
      restored > emitted_) {
    splits_.StartAt(restored);
    emitted_ = restored;
    announce_restored_ = true;
  }
  if (!spec_.per_split) splits_.SetOpen({-1}, now);
  bool ticks = (!spec_.on_event && spec_.interval_ms > 0) || spec_.idle_ms > 0;
  if (ticks) next_tick_ms_ = now + std::max<int64_t>(1, spec_.interval_ms);
  return Status::Ok();
}

Status WatermarkAssigner::SnapshotState(std::vector<std::string>* lists) {
  ByteWriter out;
  out.Varint(static_cast<uint64_t>(context_->subtask));
  out.Varint(static_cast<uint64_t>(context_->parallelism));
  out.Fixed(emitted_);
  lists->push_back(out.Take());
  return Status::Ok();
}

Status WatermarkAssigner::RestoreState(const std::vector<std::string>& lists) {
  for (const std::string& bytes : lists) {
    ByteReader in(bytes);
    Saved saved{static_cast<int>(in.Varint()), static_cast<int>(in.Varint()), in.Fixed<int64_t>()};
    if (!in.ok()) return Status::Corruption("the saved watermark of an assigner is cut short");
    saved_.push_back(saved);
  }
  return Status::Ok();
}

// Its own at the same parallelism, else the least of all: splits have moved.
int64_t WatermarkAssigner::RestoredWatermark() const {
  int64_t least = kMaxWatermark;
  for (const Saved& saved : saved_) {
    if (saved.parallelism == context_->parallelism && saved.subtask == context_->subtask)
      return saved.watermark;
    least = std::min(least, saved.watermark);
  }
  return saved_.empty() ? kNoWatermark : least;
}

Status WatermarkAssigner::Screen(Batch* batch, Output& out) {
  const Column& rowtime = *batch->column(spec_.column);
  // TIMESTAMP is the session's wall clock.
  const DataType& type = spec_.types[static_cast<size_t>(spec_.column)];
  int64_t now = context_->clock->NowMicros();
  if (!type.is(TypeKind::kTimestampLtz)) now = context_->eval->zone->ToLocalMicros(now);
  int64_t limit =
      FloorDiv(now, int64_t{1000}) + (spec_.max_future_ms < 0 ? kFarFutureMs : spec_.max_future_ms);
  std::vector<int32_t> stopped;
  ColumnBuilder reasons(DataType::String());
  for (int64_t row = 0; row < batch->rows; ++row) {
    bool null = rowtime.IsNull(row);
    if (null && !spec_.quarantine) {
      return Status::InvalidData(
                 "RowTime field should not be null, please convert it to a non-null long value.")
          .WithNumber(ErrorNumber::kNullRowtime)
          .WithHint(
              "filter such rows out before the watermark, give the column a default, or SET "
              "'penstock.bad-rows.<table>' = '<sink>'");
    }
    bool future = !null && MillisAt(rowtime, row) > limit;
    if (!null && !future) continue;
    if (future) ++context_->metrics->future_rows;
    if (future && spec_.max_future_ms < 0) continue;
    stopped.push_back(static_cast<int32_t>(row));
    reasons.AppendString(null ? "the event time is NULL"
                              : "the event time is more than " + std::to_string(spec_.max_future_ms) +
                                    " ms ahead of the clock");
  }
  if (stopped.empty()) return Status::Ok();
  context_->metrics->bad_rows += static_cast<int64_t>(stopped.size());
  Batch bad = batch->Take(stopped);
  bad.marks.clear();
  bad.kinds = nullptr;
  bad.origin = {};
  bad.columns.push_back(reasons.Finish());
  out.Emit(kBadLane, std::move(bad));
  std::vector<int32_t> kept;
  for (int32_t row = 0; row < batch->rows; ++row) {
    if (!std::binary_search(stopped.begin(), stopped.end(), row)) kept.push_back(row);
  }
  BatchOrigin origin = batch->origin;
  *batch = batch->Take(kept);
  batch->origin = std::move(origin);
  return Status::Ok();
}

Status WatermarkAssigner::AddMarks(const Batch& batch, std::vector<Mark>* marks) {
  if (!evaluator_) return Status::Ok();
  ASSIGN_OR_RETURN(ColumnPtr watermarks, evaluator_->Evaluate({batch.columns, batch.rows, nullptr}));
  for (int64_t row = 0, first = 1; row < batch.rows; ++row) {
    if (watermarks->IsNull(row)) continue;
    int64_t millis = watermarks->physical() == Physical::kInt64
                         ? FloorDiv(watermarks->At<int64_t>(row), int64_t{1000})
                         : static_cast<int64_t>(FloorDiv(watermarks->At<int128_t>(row), int128_t(1'000'000)));
    if (std::exchange(first, 0) != 0 && !batch.column(spec_.column)->IsNull(row))
      delays_->NoteDelay(MillisAt(*batch.column(spec_.column), row) - millis);
    delays_->Add(splits_.merged() == kNoWatermark ? 0 : splits_.merged() - millis);
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

Result<Progress> WatermarkAssigner::Process(int, const Batch& given, Output& out) {
  Batch batch = given;
  if (batch.rows > 0) RETURN_IF_ERROR(Screen(&batch, out));
  Batch result = batch;
  result.marks.clear();
  result.origin = {};
  int64_t now = context_->clock->MonotonicMillis();
  if (announce_restored_) {
    announce_restored_ = false;
    result.marks.push_back({0, MarkKind::kWatermark, emitted_});
  }
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
