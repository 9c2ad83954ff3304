// The windowed aggregation. A key's state in a slice (or window) is its row count (8 bytes) and the
// aggregates' bytes.
// Steps 8 and 9 of a record's way (docs/ARCHITECTURE.md).
#include "operators/windows/window_aggregate.h"

#include <algorithm>
#include <cstring>

namespace penstock {

std::string WindowAggregateSpec::Serialize() const {
  ByteWriter out;
  window.Write(out);
  out.Fixed(time_column);
  out.Bool(attached);
  out.Fixed(attached_start);
  out.Bool(by_clock);
  out.Bool(local_zone);
  out.Varint(groups.size());
  for (size_t i = 0; i < groups.size(); ++i) {
    out.Varint(static_cast<uint64_t>(groups[i]));
    group_types[i].Write(out);
  }
  out.Varint(calls.size());
  for (const AggregateCall& call : calls) call.Write(out);
  out.Varint(output.size());
  for (const WindowOutputColumn& column : output) {
    out.Fixed(column.kind);
    out.Varint(static_cast<uint64_t>(column.index));
    column.type.Write(out);
  }
  out.Bool(retracts);
  out.Fixed(early_interval_ms);
  out.Bool(takes_parts);
  return out.Take();
}

Result<WindowAggregateSpec> WindowAggregateSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  WindowAggregateSpec spec;
  spec.window = WindowAssigner::Read(in);
  spec.time_column = in.Fixed<int>();
  spec.attached = in.Bool();
  spec.attached_start = in.Fixed<int>();
  spec.by_clock = in.Bool();
  spec.local_zone = in.Bool();
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    spec.groups.push_back(static_cast<int>(in.Varint()));
    ASSIGN_OR_RETURN(DataType type, DataType::Read(in));
    spec.group_types.push_back(std::move(type));
  }
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    ASSIGN_OR_RETURN(AggregateCall call, AggregateCall::Read(in));
    spec.calls.push_back(std::move(call));
  }
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    WindowOutputColumn column;
    column.kind = in.Fixed<WindowOutputColumn::Kind>();
    column.index = static_cast<int>(in.Varint());
    ASSIGN_OR_RETURN(column.type, DataType::Read(in));
    spec.output.push_back(std::move(column));
  }
  spec.retracts = in.Bool();
  spec.early_interval_ms = in.Fixed<int64_t>();
  spec.takes_parts = !in.at_end() && in.Bool();  // not in graphs of older versions
  return spec;
}

Status WindowAggregate::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  if (spec_.takes_parts) aggregates_.set_parts(AggregateSet::Parts::kTakes);
  RETURN_IF_ERROR(aggregates_.Open(spec_.calls, spec_.retracts, context, "window", 0));
  used_.insert(spec_.groups.begin(), spec_.groups.end());
  for (size_t i = 0; spec_.takes_parts && i <= spec_.calls.size(); ++i)
    used_.insert(spec_.time_column + 1 + static_cast<int>(i));
  for (const AggregateCall& call : spec_.calls) {
    if (spec_.takes_parts) break;
    used_.insert(call.args.begin(), call.args.end());
    if (call.filter >= 0) used_.insert(call.filter);
  }
  sliced_ = !spec_.attached && spec_.window.shape != WindowShape::kTumble && aggregates_.mergeable();
  size_t width = sizeof(int64_t) + aggregates_.width();
  ASSIGN_OR_RETURN(state_, context->state->OpenFixed({"windows", width, 0}));
  if (sliced_) {
    ASSIGN_OR_RETURN(merged_, context->state->OpenFixed({"merge", width, 0}));
  }
  for (const WindowOutputColumn& column : spec_.output) output_types_.push_back(column.type);
  for (int64_t name_space : state_->Namespaces()) {  // restored
    if (!sliced_) pending_.insert(name_space);
    known_slices_.insert(name_space);
  }
  early_.Open(spec_.early_interval_ms, context->clock);
  for (int64_t window_end : pending_) early_.Touch(window_end);
  return Status::Ok();
}

int64_t WindowAggregate::WeightOf(const Batch& rows, int64_t row) const {
  if (spec_.takes_parts) return rows.column(spec_.time_column + 1)->At<int64_t>(row);
  return IsAdd(rows.kind(row)) ? 1 : -1;
}

int64_t WindowAggregate::LocalMillis(const Column& time, int64_t row) const {
  if (spec_.takes_parts) return time.At<int64_t>(row);
  int64_t micros = time.physical() == Physical::kInt64 ? time.At<int64_t>(row)
                                                       : static_cast<int64_t>(time.At<int128_t>(row) / 1000);
  if (spec_.local_zone) micros = context_->eval->zone->ToLocalMicros(micros);
  return FloorDiv(micros, int64_t{1000});
}

// Windows are cut on the wall clock; watermarks are instants.
int64_t WindowAggregate::FireTime(int64_t window_end) const {
  bool local = spec_.local_zone || proctime();
  int64_t instant =
      local ? FloorDiv(context_->eval->zone->ToUtcMicros(window_end * 1000), int64_t{1000}) : window_end;
  return instant - 1;
}

bool WindowAggregate::IsFired(int64_t window_end) const {
  return watermark_ != kNoWatermark && FireTime(window_end) <= watermark_;
}

// Windows of slices may have fired before a savepoint while their slices are still needed: what is pending is
// saved.
Status WindowAggregate::SnapshotState(std::vector<std::string>* out) {
  ByteWriter bytes;
  bytes.Varint(pending_.size());
  for (int64_t window_end : pending_) bytes.Fixed(window_end);
  out->push_back(bytes.Take());
  return Status::Ok();
}

Status WindowAggregate::RestoreState(const std::vector<std::string>& lists) {
  for (const std::string& list : lists) {
    ByteReader in(list);
    for (uint64_t i = 0, count = in.Count(); i < count; ++i) pending_.insert(in.Fixed<int64_t>());
  }
  return Status::Ok();
}

void WindowAggregate::NoteSlice(int64_t slice_end) {
  known_slices_.insert(slice_end);
  if (!noted_slices_.insert(slice_end).second) return;
  if (!sliced_) {
    pending_.insert(slice_end);
    return;
  }
  for (int64_t end = slice_end; end <= spec_.window.LastWindowEnd(slice_end); end += spec_.window.step()) {
    if (!IsFired(end)) pending_.insert(end);
  }
}

Result<Progress> WindowAggregate::Process(int, const Batch& batch, Output& out) {
  if (proctime()) {
    RETURN_IF_ERROR(ProcessRows(batch, 0, batch.rows));
    for (const Mark& mark : batch.marks) queue_.AddMark(mark, output_types_);
    return FlushQueues(out);
  }
  int64_t done = 0;
  for (const Mark& mark : batch.marks) {
    if (mark.kind != MarkKind::kWatermark) {
      RETURN_IF_ERROR(ProcessRows(batch, done, mark.offset));
      done = std::max<int64_t>(done, mark.offset);
      queue_.AddMark(mark, output_types_);
      continue;
    }
    if (mark.watermark <= watermark_) continue;
    RETURN_IF_ERROR(ProcessRows(batch, done, mark.offset));
    done = std::max<int64_t>(done, mark.offset);
    watermark_ = mark.watermark;
    RETURN_IF_ERROR(FireUpTo(watermark_));
    queue_.AddMark(mark, output_types_);
  }
  RETURN_IF_ERROR(ProcessRows(batch, done, batch.rows));
  return FlushQueues(out);
}

Progress WindowAggregate::FlushQueues(Output& out) {
  if (late_.Flush(out) == Progress::kBlocked) return Progress::kBlocked;
  if (early_.Flush(out) == Progress::kBlocked) return Progress::kBlocked;
  return queue_.Flush(out);
}

Status WindowAggregate::ProcessRows(const Batch& batch, int64_t begin, int64_t end) {
  if (begin >= end) return Status::Ok();
  std::map<int64_t, std::vector<int32_t>> by_space;
  const Column* time = spec_.time_column < 0 ? nullptr : batch.column(spec_.time_column).get();
  int64_t now = proctime() ? context_->clock->NowMicros() : 0;
  if (proctime()) now = FloorDiv(context_->eval->zone->ToLocalMicros(now), int64_t{1000});
  int64_t last_slice = INT64_MIN, last_last = 0, missed = 0;
  bool last_late = false, last_partial = false;
  bool shared = !proctime() && !spec_.attached && spec_.window.shape != WindowShape::kTumble;
  for (int64_t row = begin; row < end; ++row) {
    if (time != nullptr && time->IsNull(row)) {
      return Status::InvalidData("rowtime of a windowed row is NULL").WithNumber(ErrorNumber::kNullRowtime);
    }
    int64_t slice = 0;
    int64_t millis = time != nullptr ? LocalMillis(*time, row) : now;
    if (spec_.attached || spec_.takes_parts) {
      slice = millis;
    } else if (last_slice != INT64_MIN && millis < last_slice && millis >= last_slice - spec_.window.step()) {
      slice = last_slice;
    } else {
      slice = spec_.window.SliceEnd(millis);
    }
    if (slice != last_slice) {
      last_slice = slice;
      last_last = spec_.attached ? slice : spec_.window.LastWindowEnd(slice);
      last_late = !proctime() && IsFired(last_last);
      last_partial = shared && !last_late && IsFired(slice);
      missed = last_late ? last_last : slice;
      while (last_partial && IsFired(missed + spec_.window.step())) missed += spec_.window.step();
    }
    if ((last_late || last_partial) && !spec_.takes_parts) {  // the first phase has told
      int64_t start = spec_.attached ? LocalMillis(*batch.column(spec_.attached_start), row)
                                     : spec_.window.WindowStart(missed);
      late_.AddWindowed(row, start, missed, last_partial);
    }
    if (last_late) continue;
    if (spec_.attached || sliced_ || spec_.window.shape == WindowShape::kTumble) {
      by_space[slice].push_back(static_cast<int32_t>(row));
    } else {
      for (int64_t window = slice; window <= last_last; window += spec_.window.step()) {
        if (proctime() || !IsFired(window)) by_space[window].push_back(static_cast<int32_t>(row));
      }
    }
  }
  late_.Take(batch, watermark_, context_->metrics);
  for (const auto& [name_space, rows] : by_space) RETURN_IF_ERROR(Accumulate(batch, rows, name_space));
  return Status::Ok();
}

namespace {

std::shared_ptr<const std::vector<RowKind>> TakeKinds(const Batch& batch, const std::vector<int32_t>& rows) {
  if (!batch.kinds) return nullptr;
  auto kinds = std::make_shared<std::vector<RowKind>>();
  kinds->reserve(rows.size());
  for (int32_t row : rows) kinds->push_back((*batch.kinds)[static_cast<size_t>(row)]);
  return kinds;
}

}  // namespace

Status WindowAggregate::Accumulate(const Batch& batch, const std::vector<int32_t>& rows, int64_t name_space) {
  Batch part;
  if (static_cast<int64_t>(rows.size()) == batch.rows) {
    part = batch;
  } else {
    part.rows = static_cast<int64_t>(rows.size());
    part.columns.resize(batch.columns.size());
    for (int column : used_) part.columns[static_cast<size_t>(column)] = batch.column(column)->Take(rows);
    part.kinds = TakeKinds(batch, rows);
  }
  part.marks.clear();
  std::vector<ColumnPtr> columns;
  for (int group : spec_.groups) columns.push_back(part.column(group));
  KeyBlock block;
  codec_.Encode(columns, part.rows, &block);
  auto size = static_cast<size_t>(part.rows);
  std::vector<std::string_view> groups(size);
  std::vector<StateKey> keys(size);
  std::vector<int8_t> signs(size, 1);
  for (size_t i = 0; i < size; ++i) {
    groups[i] = block[static_cast<int64_t>(i)];
    keys[i] = {groups[i], HashKey(groups[i])};
    if (part.kinds && !IsAdd((*part.kinds)[i])) signs[i] = -1;
  }
  std::vector<uint8_t*> values(size);
  std::vector<uint8_t> created(size);
  RETURN_IF_ERROR(state_->Access(name_space, keys, values, created));
  NoteSlice(name_space);
  if (early_.enabled()) TouchWindows(name_space);
  for (size_t i = 0; i < size; ++i) {
    if (created[i] != 0) {
      std::memset(values[i], 0, sizeof(int64_t));
      aggregates_.Init(values[i] + sizeof(int64_t));
    }
    int64_t count = 0;
    std::memcpy(&count, values[i], sizeof(count));
    count += WeightOf(part, static_cast<int64_t>(i));
    std::memcpy(values[i], &count, sizeof(count));
    values[i] += sizeof(int64_t);
  }
  aggregates_.SetNamespace(name_space);
  if (spec_.takes_parts) return aggregates_.MergeParts(part, spec_.time_column + 2, groups, values);
  return aggregates_.Update(part, groups, signs, values);
}

Status WindowAggregate::FireUpTo(int64_t watermark) {
  while (!pending_.empty() && FireTime(*pending_.begin()) <= watermark) {
    int64_t window_end = *pending_.begin();
    pending_.erase(pending_.begin());
    RETURN_IF_ERROR(Fire(window_end));
    DropExpired(window_end);
  }
  return Status::Ok();
}

void WindowAggregate::TouchWindows(int64_t name_space) {
  if (!sliced_) return early_.Touch(name_space);
  int64_t last = spec_.window.LastWindowEnd(name_space);
  for (int64_t end = name_space; end <= last; end += spec_.window.step()) {
    if (pending_.contains(end)) early_.Touch(end);
  }
}

// Puts the states of a slice together with those that are already in the scratch state.
Status WindowAggregate::MergeSlice(int64_t slice_end) {
  std::vector<StateKey> keys;
  std::vector<const uint8_t*> parts;
  state_->ForEachUnordered(slice_end, [&](StateKey key, uint8_t* part) {
    keys.push_back(key);
    parts.push_back(part);
  });
  std::vector<uint8_t*> values(keys.size());
  std::vector<uint8_t> created(keys.size());
  RETURN_IF_ERROR(merged_->Access(0, keys, values, created));
  for (size_t i = 0; i < keys.size(); ++i) {
    int64_t sum = 0, more = 0;
    if (created[i] != 0) {
      aggregates_.Init(values[i] + sizeof(int64_t));
    } else {
      std::memcpy(&sum, values[i], sizeof(sum));
    }
    std::memcpy(&more, parts[i], sizeof(more));
    sum += more;
    std::memcpy(values[i], &sum, sizeof(sum));
    aggregates_.Merge(values[i] + sizeof(int64_t), parts[i] + sizeof(int64_t));
  }
  return Status::Ok();
}

Status WindowAggregate::Collect(int64_t window_end, Groups* held, Groups* emptied) {
  FixedState* from = state_;
  int64_t name_space = window_end;
  if (sliced_) {
    from = merged_;
    name_space = 0;
    for (int64_t slice = spec_.window.FirstSliceEnd(window_end); slice <= window_end;
         slice += spec_.window.step()) {
      if (known_slices_.contains(slice)) RETURN_IF_ERROR(MergeSlice(slice));
    }
  }
  from->ForEach(name_space, [&](StateKey key, uint8_t* value) {
    int64_t count = 0;
    std::memcpy(&count, value, sizeof(count));
    Groups* groups = count == 0 ? emptied : held;
    groups->keys.push_back(key);
    groups->states.push_back(value + sizeof(int64_t));
  });
  aggregates_.SetNamespace(window_end);
  return Status::Ok();
}

Status WindowAggregate::Fire(int64_t window_end) {
  Groups held, emptied;
  RETURN_IF_ERROR(Collect(window_end, &held, &emptied));
  auto chunk = static_cast<size_t>(std::max(context_->batch_rows, 64));
  for (size_t begin = 0; begin < held.keys.size(); begin += chunk) {
    size_t count = std::min(chunk, held.keys.size() - begin);
    ASSIGN_OR_RETURN(Batch rows, ResultRows(window_end, held, begin, count));
    queue_.AddRows(std::move(rows));
  }
  if (early_.enabled()) {
    early_.Forget(window_end);
    RETURN_IF_ERROR(TellEarly(window_end, true, held, emptied));
  }
  if (sliced_) merged_->EraseNamespace(0);
  return Status::Ok();
}

Status WindowAggregate::TellEarly(int64_t window_end, bool is_final, const Groups& held,
                                  const Groups& emptied) {
  for (const Groups* groups : {&held, &emptied}) {
    ASSIGN_OR_RETURN(Batch rows, ResultRows(window_end, *groups, 0, groups->keys.size()));
    early_.AddRows(std::move(rows), is_final, groups == &emptied);
  }
  return Status::Ok();
}

// The result columns of some groups of a window.
Result<Batch> WindowAggregate::ResultRows(int64_t window_end, const Groups& from, size_t begin,
                                          size_t count) {
  int64_t start = spec_.window.WindowStart(window_end);
  int64_t time = (FireTime(window_end)) * 1000;
  if (proctime()) time = context_->clock->NowMicros();
  std::vector<ColumnBuilder> key_builders = MakeBuilders(spec_.group_types);
  std::vector<ColumnBuilder> results = MakeBuilders(aggregates_.result_types());
  std::vector<std::string_view> groups;
  for (size_t i = begin; i < begin + count; ++i) {
    codec_.Decode(from.keys[i].bytes, key_builders);
    groups.push_back(from.keys[i].bytes);
  }
  std::span<const uint8_t* const> part(from.states.data() + begin, count);
  RETURN_IF_ERROR(aggregates_.Emit(part, groups, &results));
  std::vector<ColumnPtr> key_columns = FinishBuilders(key_builders);
  std::vector<ColumnPtr> result_columns = FinishBuilders(results);
  Batch batch;
  batch.rows = static_cast<int64_t>(count);
  for (const WindowOutputColumn& column : spec_.output) {
    auto index = static_cast<size_t>(column.index);
    auto constant = [&](int64_t micros) {
      return Column::Flatten(Column::Constant(column.type, Value::Int(micros), batch.rows));
    };
    switch (column.kind) {
      case WindowOutputColumn::Kind::kKey: batch.columns.push_back(key_columns[index]); break;
      case WindowOutputColumn::Kind::kAggregate: batch.columns.push_back(result_columns[index]); break;
      case WindowOutputColumn::Kind::kStart: batch.columns.push_back(constant(start * 1000)); break;
      case WindowOutputColumn::Kind::kEnd: batch.columns.push_back(constant(window_end * 1000)); break;
      case WindowOutputColumn::Kind::kTime: batch.columns.push_back(constant(time)); break;
    }
  }
  return batch;
}

void WindowAggregate::DropExpired(int64_t fired_end) {
  auto drop = [&](int64_t name_space) {
    state_->EraseNamespace(name_space);
    if (aggregates_.has_views()) aggregates_.EraseNamespace(name_space);
    known_slices_.erase(name_space);
    noted_slices_.erase(name_space);
  };
  if (!sliced_) return drop(fired_end);
  while (!known_slices_.empty() && spec_.window.LastWindowEnd(*known_slices_.begin()) <= fired_end) {
    drop(*known_slices_.begin());
  }
}

int64_t WindowAggregate::NextProcessingTime() const {
  if (!proctime() || pending_.empty()) return early_.due_ms();
  // Windows end on the wall clock; the task waits on the monotonic one.
  int64_t left = FireTime(*pending_.begin()) + 1 - FloorDiv(context_->clock->NowMicros(), int64_t{1000});
  return std::min(early_.due_ms(), context_->clock->MonotonicMillis() + std::max<int64_t>(left, 0));
}

Result<Progress> WindowAggregate::OnProcessingTime(int64_t now, Output& out) {
  if (proctime()) RETURN_IF_ERROR(FireUpTo(FloorDiv(context_->clock->NowMicros(), int64_t{1000})));
  for (int64_t window_end : early_.TakeDue(now)) {
    Groups held, emptied;
    RETURN_IF_ERROR(Collect(window_end, &held, &emptied));
    RETURN_IF_ERROR(TellEarly(window_end, false, held, emptied));
    if (sliced_) merged_->EraseNamespace(0);
  }
  return FlushQueues(out);
}

Result<Progress> WindowAggregate::OnEndOfInput(int, bool drained, Output& out) {
  if (proctime() && drained) RETURN_IF_ERROR(FireUpTo(kMaxWatermark));
  return FlushQueues(out);
}

}  // namespace penstock
