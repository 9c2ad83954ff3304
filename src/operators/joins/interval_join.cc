// The interval join. Rules of expiry: a row of a side with time t is needed while the clock is below
// t + reach(side); one timer per key and side drops all that is expired, and so does every row of the other
// side that passes over the kept rows.
#include "operators/joins/interval_join.h"

#include <algorithm>

#include "data/datetime.h"

namespace penstock {

std::string IntervalJoinSpec::Serialize() const {
  ByteWriter out;
  join.Write(out);
  out.Bool(proctime);
  for (int column : time_columns) out.Fixed(column);
  out.Fixed(lower_ms);
  out.Fixed(upper_ms);
  out.Fixed(min_cleanup_ms);
  return out.Take();
}

Result<IntervalJoinSpec> IntervalJoinSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  IntervalJoinSpec spec;
  ASSIGN_OR_RETURN(spec.join, JoinSpec::Read(in));
  spec.proctime = in.Bool();
  for (int& column : spec.time_columns) column = in.Fixed<int>();
  spec.lower_ms = in.Fixed<int64_t>();
  spec.upper_ms = in.Fixed<int64_t>();
  spec.min_cleanup_ms = in.Fixed<int64_t>();
  return spec;
}

Status IntervalJoin::Open(OperatorContext* context) {
  RETURN_IF_ERROR(TimedJoin::Open(context));
  ASSIGN_OR_RETURN(states_[kLeftSide], context->state->OpenMap({"left-rows", 0, 0}));
  ASSIGN_OR_RETURN(states_[kRightSide], context->state->OpenMap({"right-rows", 0, 0}));
  ASSIGN_OR_RETURN(timer_state_, context->state->OpenMap({"timers", 0, 0}));
  ASSIGN_OR_RETURN(timers_, context->state->OpenTimers("expiry"));
  return Status::Ok();
}

Result<int64_t> IntervalJoin::OnWatermark() {
  if (spec_.proctime) return watermark_;
  now_ = std::max<int64_t>(watermark_, 0);
  RETURN_IF_ERROR(FireUpTo(watermark_));
  if (watermark_ == kMaxWatermark || empty()) return watermark_;
  int64_t held = std::max(reach(kLeftSide), reach(kRightSide));
  // A padded row leaves with the first watermark behind its expiry: it must not be late then.
  if (join_.outer(kLeftSide) || join_.outer(kRightSide)) held += spec_.min_cleanup_ms + 1;
  return watermark_ - held;
}

Status IntervalJoin::TakeRows(size_t side, const Batch& batch, int64_t begin, int64_t end) {
  if (spec_.proctime) now_ = FloorDiv(context_->clock->NowMicros(), int64_t{1000});
  for (int64_t row = begin; row < end; ++row) {
    for (MapState* state : states_) keys_[side].Prefetch(*state, row, end);
    RETURN_IF_ERROR(ProcessRow(side, batch, row));
  }
  return Status::Ok();
}

Status IntervalJoin::ProcessRow(size_t side, const Batch& batch, int64_t row) {
  size_t other = 1 - side;
  int64_t time = now_;
  if (!spec_.proctime) {
    const Column& times = *batch.column(spec_.time_columns[side]);
    if (times.IsNull(row)) {
      return Status::InvalidData("RowTime field should not be null").WithNumber(ErrorNumber::kNullRowtime);
    }
    time = MillisAt(times, row);
  }
  int64_t low = time - reach(other), high = time + reach(side);
  bool emitted = false;
  StateKey key = keys_[side][row];
  if (!empty() && expiration_[other] < high) {
    if (!keys_[side].never_matches(row)) {
      ASSIGN_OR_RETURN(emitted, JoinKept(side, batch, row, low, high));
    }
    expiration_[other] = ExpirationTime(other);
    DropExpired(other, key);
  }
  if (!empty() && now_ < high) return Keep(side, batch, row, time, emitted);
  bool outer = join_.outer(side);
  // The bounds are wholly behind the watermark: nobody waits for this row any more.
  if (!emitted && !outer && !spec_.proctime && !empty()) late_.Add(row);
  if (!emitted && outer) {
    std::vector<std::string> rows(1);
    codecs_[side].EncodeRow(std::span(batch.columns).first(codecs_[side].types().size()), row, &rows[0]);
    EmitPadded(side, rows);
  }
  return Status::Ok();
}

// Rows of a side with that time or an earlier one can have no more partners.
int64_t IntervalJoin::ExpirationTime(size_t side) const {
  return now_ == kMaxWatermark ? kMaxWatermark : now_ - reach(side) - 1;
}

Result<bool> IntervalJoin::JoinKept(size_t side, const Batch& batch, int64_t row, int64_t low, int64_t high) {
  size_t other = 1 - side;
  StateKey key = keys_[side][row];
  std::vector<ColumnBuilder> builders = Builders(other);
  std::vector<std::string> unmarked;  // elements not emitted yet, "" for the others
  std::string from;
  AppendOrdered(low, &from);
  states_[other]->Scan(0, key, from, [&](std::string_view element, std::string_view value) {
    if (ReadOrdered(element) > high) return false;
    codecs_[other].Decode(value.substr(1), builders);
    bool mark = join_.outer(other) && value[0] == '\0';
    unmarked.emplace_back(mark ? element : std::string_view());
    return true;
  });
  if (unmarked.empty()) return false;
  std::vector<ColumnPtr> kept = FinishBuilders(builders);
  std::vector<int32_t> own(unmarked.size(), static_cast<int32_t>(row)), others;
  for (size_t i = 0; i < unmarked.size(); ++i) others.push_back(static_cast<int32_t>(i));
  const auto& left = side == kLeftSide ? batch.columns : kept;
  const auto& right = side == kLeftSide ? kept : batch.columns;
  const auto& left_rows = side == kLeftSide ? own : others;
  const auto& right_rows = side == kLeftSide ? others : own;
  std::vector<uint8_t> keep;
  RETURN_IF_ERROR(condition_.Evaluate(left, left_rows, right, right_rows, &keep));
  JoinedRows result;
  for (size_t i = 0; i < keep.size(); ++i) {
    if (keep[i] == 0) continue;
    result.Add(left_rows[i], right_rows[i], RowKind::kInsert);
    if (unmarked[i].empty()) continue;
    std::string value(*states_[other]->Get(0, key, unmarked[i]));
    value[0] = '\1';
    states_[other]->Put(0, key, unmarked[i], value);
  }
  if (result.empty()) return false;
  queue_.AddRows(result.Take(join_, left, right));
  return true;
}

Status IntervalJoin::Keep(size_t side, const Batch& batch, int64_t row, int64_t time, bool emitted) {
  if (keys_[side].never_matches(row) && !join_.outer(side)) return Status::Ok();
  std::string element, value(1, emitted ? '\1' : '\0');
  AppendOrdered(time, &element);
  AppendOrdered(arrival_.Next(), &element);
  codecs_[side].EncodeRow(std::span(batch.columns).first(codecs_[side].types().size()), row, &value);
  StateKey key = keys_[side][row];
  states_[side]->Put(0, key, element, value);
  // A padded row that waited for the timer of a younger one would be late when it leaves.
  std::optional<std::string_view> set = timer_state_->Get(0, key, side == kLeftSide ? "l" : "r");
  if (!set || (join_.outer(side) && ReadOrdered(*set) > TimerFor(side, time))) SetTimer(side, key, time);
  return Status::Ok();
}

int64_t IntervalJoin::TimerFor(size_t side, int64_t row_time) const {
  return row_time + reach(side) + spec_.min_cleanup_ms + 1;
}

void IntervalJoin::SetTimer(size_t side, StateKey key, int64_t row_time) {
  int64_t time = TimerFor(side, row_time);
  std::string value;
  AppendOrdered(time, &value);
  timer_state_->Put(0, key, side == kLeftSide ? "l" : "r", value);
  timers_->Register(time, key);
}

std::optional<int64_t> IntervalJoin::DropExpired(size_t side, StateKey key) {
  std::vector<std::string> expired, padded;
  std::optional<int64_t> earliest;
  states_[side]->Scan(0, key, {}, [&](std::string_view element, std::string_view value) {
    if (ReadOrdered(element) > expiration_[side]) {
      earliest = ReadOrdered(element);
      return false;
    }
    expired.emplace_back(element);
    if (join_.outer(side) && value[0] == '\0') padded.emplace_back(value.substr(1));
    return true;
  });
  for (const std::string& element : expired) states_[side]->Erase(0, key, element);
  if (!padded.empty()) EmitPadded(side, padded);
  return earliest;
}

void IntervalJoin::EmitPadded(size_t side, const std::vector<std::string>& rows) {
  std::vector<ColumnBuilder> builders = Builders(side);
  std::array<std::vector<ColumnPtr>, 2> columns;
  JoinedRows result;
  for (size_t i = 0; i < rows.size(); ++i) {
    codecs_[side].Decode(rows[i], builders);
    auto at = static_cast<int32_t>(i);
    result.Add(side == kLeftSide ? at : -1, side == kLeftSide ? -1 : at, RowKind::kInsert);
  }
  columns[side] = FinishBuilders(builders);
  columns[1 - side] = EmptyColumns(join_.sides[1 - side].types);
  queue_.AddRows(result.Take(join_, columns[kLeftSide], columns[kRightSide]));
}

Status IntervalJoin::FireUpTo(int64_t time) {
  int64_t fired = 0;
  std::string bytes;
  while (timers_->Pop(time, &fired, &bytes)) {
    StateKey key{bytes, HashKey(bytes)};
    for (size_t side : {kLeftSide, kRightSide}) {
      const char* element = side == kLeftSide ? "l" : "r";
      std::optional<std::string_view> set = timer_state_->Get(0, key, element);
      if (!set || ReadOrdered(*set) != fired) continue;
      expiration_[side] = ExpirationTime(side);
      std::optional<int64_t> earliest = DropExpired(side, key);
      if (earliest) {
        SetTimer(side, key, *earliest);
      } else {
        timer_state_->Erase(0, key, element);
      }
    }
  }
  return Status::Ok();
}

int64_t IntervalJoin::NextProcessingTime() const {
  if (!spec_.proctime || !timers_ || !timers_->NextTime()) return INT64_MAX;
  int64_t left = *timers_->NextTime() - FloorDiv(context_->clock->NowMicros(), int64_t{1000});
  return context_->clock->MonotonicMillis() + std::max<int64_t>(left, 0);
}

Result<Progress> IntervalJoin::OnProcessingTime(int64_t, Output& out) {
  now_ = FloorDiv(context_->clock->NowMicros(), int64_t{1000});
  RETURN_IF_ERROR(FireUpTo(now_));
  return FlushQueues(out);
}

Result<Progress> IntervalJoin::OnEndOfInput(int, bool, Output& out) { return FlushQueues(out); }

}  // namespace penstock
