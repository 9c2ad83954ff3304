// OVER by time.
#include "operators/over/over_aggregate.h"

#include <cstring>

namespace penstock {

std::string OverAggregateSpec::Serialize() const {
  ByteWriter out;
  rows.Write(out);
  out.Fixed(time_column);
  out.Bool(row_frame);
  out.Fixed(preceding);
  functions.Write(out);
  out.Fixed(ttl_ms);
  return out.Take();
}

Result<OverAggregateSpec> OverAggregateSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  OverAggregateSpec spec;
  ASSIGN_OR_RETURN(spec.rows, RowLayout::Read(in));
  spec.time_column = in.Fixed<int>();
  spec.row_frame = in.Bool();
  spec.preceding = in.Fixed<int64_t>();
  ASSIGN_OR_RETURN(spec.functions, OverFunctions::Read(in));
  spec.ttl_ms = in.Fixed<int64_t>();
  return spec;
}

OverAggregate::OverAggregate(OverAggregateSpec spec)
    : spec_(std::move(spec)), partition_codec_(spec_.rows.PartitionCodec()), row_codec_(spec_.rows.types) {
  output_types_ = spec_.rows.types;
  for (const OverFunction& f : spec_.functions.functions) output_types_.push_back(f.type);
}

Status OverAggregate::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  RETURN_IF_ERROR(aggregates_.Open(spec_.functions.calls, bounded(), context, "over", spec_.ttl_ms));
  StateBackend& state = *context->state;
  ASSIGN_OR_RETURN(state_, state.OpenFixed({"over", sizeof(Header) + aggregates_.width(), spec_.ttl_ms}));
  if (bounded()) {
    ASSIGN_OR_RETURN(frame_, state.OpenMap({"over-frame", 0, spec_.ttl_ms}));
  }
  if (!proctime()) {
    ASSIGN_OR_RETURN(pending_, state.OpenMap({"over-pending", 0, 0}));
    ASSIGN_OR_RETURN(timers_, state.OpenTimers("over-timers"));
  }
  for (const OverFunction& f : spec_.functions.functions) {
    if (f.kind != OverFunction::Kind::kLag) continue;
    std::string name = "over-lag-" + std::to_string(lag_states_.size());
    ASSIGN_OR_RETURN(MapState * lag, state.OpenMap({name, 0, spec_.ttl_ms}));
    lag_states_.push_back(lag);
  }
  return Status::Ok();
}

Status OverAggregate::SnapshotState(std::vector<std::string>* out) {
  arrivals_.Snapshot(out);
  return Status::Ok();
}

Status OverAggregate::RestoreState(const std::vector<std::string>& lists) {
  arrivals_.Restore(lists);
  return Status::Ok();
}

Progress OverAggregate::FlushQueues(Output& out) {
  if (late_.Flush(out) == Progress::kBlocked) return Progress::kBlocked;
  return queue_.Flush(out);
}

Result<Progress> OverAggregate::Process(int, const Batch& batch, Output& out) {
  int64_t done = 0;
  for (const Mark& mark : batch.marks) {
    RETURN_IF_ERROR(ProcessRows(batch, done, mark.offset));
    done = mark.offset;
    if (mark.kind == MarkKind::kWatermark && mark.watermark > watermark_) {
      watermark_ = mark.watermark;
      if (!proctime()) RETURN_IF_ERROR(Fire(watermark_));
    }
    queue_.AddMark(mark, output_types_);
  }
  RETURN_IF_ERROR(ProcessRows(batch, done, batch.rows));
  return FlushQueues(out);
}

Status OverAggregate::ProcessRows(const Batch& batch, int64_t begin, int64_t end) {
  if (begin >= end) return Status::Ok();
  if (!proctime()) return Keep(batch, begin, end);
  std::vector<ColumnPtr> partition = spec_.rows.PartitionColumns(batch);
  int64_t now = FloorDiv(context_->clock->NowMicros(), int64_t{1000});
  std::string key;
  for (int64_t row = begin; row < end; ++row) {
    key.clear();
    partition_codec_.EncodeRow(partition, row, &key);
    Due due{KeyIndex(key), now, {""}};
    row_codec_.EncodeRow(batch.columns, row, &due.rows[0]);
    due_.push_back(std::move(due));
  }
  return RunDue();
}

// Puts rows aside until the watermark passes them.
Status OverAggregate::Keep(const Batch& batch, int64_t begin, int64_t end) {
  std::vector<ColumnPtr> partition = spec_.rows.PartitionColumns(batch);
  const Column& time = *batch.column(spec_.time_column);
  std::string key, element, encoded;
  for (int64_t row = begin; row < end; ++row) {
    if (time.IsNull(row)) {
      return Status::InvalidData("rowtime of a row in an OVER window is NULL")
          .WithNumber(ErrorNumber::kNullRowtime);
    }
    key.clear();
    partition_codec_.EncodeRow(partition, row, &key);
    StateKey state_key{key, HashKey(key)};
    int64_t millis = MillisAt(time, row);
    if (const uint8_t* stored = state_->Find(0, state_key)) {
      Header header;
      std::memcpy(&header, stored, sizeof(header));
      if (millis <= header.last_fired) {
        late_.Add(row);
        continue;
      }
    }
    element.clear();
    encoded.clear();
    AppendOrdered(millis, &element);
    AppendOrdered(arrivals_.Next(), &element);
    row_codec_.EncodeRow(batch.columns, row, &encoded);
    pending_->Put(0, state_key, element, encoded);
    timers_->Register(millis, state_key);
  }
  late_.Take(batch, watermark_, context_->metrics);
  return Status::Ok();
}

size_t OverAggregate::KeyIndex(std::string_view key) {
  auto known = key_index_.find(key);
  if (known != key_index_.end()) return known->second;
  keys_.emplace_back(key);
  key_index_.emplace(keys_.back(), keys_.size() - 1);
  return keys_.size() - 1;
}

Status OverAggregate::Fire(int64_t watermark) {
  int64_t time = 0;
  std::string key, prefix;
  while (timers_->Pop(watermark, &time, &key)) {
    StateKey state_key{key, HashKey(key)};
    prefix.clear();
    AppendOrdered(time, &prefix);
    Due due{KeyIndex(key), time, {}};
    std::vector<std::string> elements;
    pending_->Scan(0, state_key, prefix, [&](std::string_view element, std::string_view row) {
      if (element.substr(0, prefix.size()) != prefix) return false;
      elements.emplace_back(element);
      due.rows.emplace_back(row);
      return true;
    });
    for (const std::string& element : elements) pending_->Erase(0, state_key, element);
    due_rows_ += static_cast<int64_t>(due.rows.size());
    if (!due.rows.empty()) due_.push_back(std::move(due));
    if (due_rows_ >= context_->batch_rows) RETURN_IF_ERROR(RunDue());
  }
  return RunDue();
}

Status OverAggregate::RunDue() {
  if (due_.empty()) return Status::Ok();
  std::vector<StateKey> keys;
  for (const std::string& key : keys_) keys.push_back({key, HashKey(key)});
  std::vector<uint8_t*> states(keys.size());
  std::vector<uint8_t> created(keys.size());
  RETURN_IF_ERROR(state_->Access(0, keys, states, created));
  for (size_t i = 0; i < states.size(); ++i) {
    if (created[i] == 0) continue;
    Header empty;
    std::memcpy(states[i], &empty, sizeof(empty));
    aggregates_.Init(states[i] + sizeof(Header));
  }
  Program program(spec_.rows.types);
  program.positions.resize(3);
  for (const OverFunction& f : spec_.functions.functions) {
    if (f.kind == OverFunction::Kind::kLag) program.lags.emplace_back(f.type);
  }
  for (const Due& due : due_) {
    Header header;
    std::memcpy(&header, states[due.key], sizeof(header));
    Apply(due, &header, &program);
    std::memcpy(states[due.key], &header, sizeof(header));
  }
  RETURN_IF_ERROR(Emit(&program, states));
  due_.clear();
  due_rows_ = 0;
  key_index_.clear();
  keys_.clear();
  return Status::Ok();
}

int32_t OverAggregate::Step(std::string_view row, size_t key, int8_t sign, Program* program) const {
  row_codec_.Decode(row, program->builders);
  program->signs.push_back(sign);
  program->keys.push_back(key);
  return static_cast<int32_t>(program->signs.size()) - 1;
}

// Rows that the frame of the next row leaves behind.
void OverAggregate::TakeBack(const Due& due, Header* header, Program* program) {
  const std::string& key = keys_[due.key];
  StateKey state_key{key, HashKey(key)};
  std::vector<std::string> gone;
  frame_->Scan(0, state_key, "", [&](std::string_view element, std::string_view row) {
    bool outside = spec_.row_frame ? header->frame_rows > spec_.preceding
                                   : ReadOrdered(element) < due.time - spec_.preceding;
    if (!outside) return false;
    Step(row, due.key, -1, program);
    gone.emplace_back(element);
    --header->frame_rows;
    return true;
  });
  for (const std::string& element : gone) frame_->Erase(0, state_key, element);
}

void OverAggregate::Apply(const Due& due, Header* header, Program* program) {
  if (bounded() && !spec_.row_frame) TakeBack(due, header, program);
  int64_t first = header->rows + 1;
  ++header->groups;
  std::vector<int32_t> steps;
  for (const std::string& row : due.rows) {
    if (bounded() && spec_.row_frame) TakeBack(due, header, program);
    steps.push_back(Step(row, due.key, 1, program));
    ++header->rows;
    program->positions[0].push_back(header->rows);
    program->positions[1].push_back(first);
    program->positions[2].push_back(header->groups);
    if (!bounded()) continue;
    std::string element;
    AppendOrdered(due.time, &element);
    AppendOrdered(arrivals_.Next(), &element);
    frame_->Put(0, {keys_[due.key], HashKey(keys_[due.key])}, element, row);
    ++header->frame_rows;
  }
  for (int32_t step : steps) {
    program->leaving.push_back(step);
    program->result.push_back(spec_.row_frame ? step : steps.back());
  }
  if (!proctime()) header->last_fired = due.time;
  if (!lag_states_.empty()) AddLags(due, steps, program);
}

// The values before: of the row `offset` back from the last of the peers, or the default.
void OverAggregate::AddLags(const Due& due, const std::vector<int32_t>& steps, Program* program) {
  const std::string& key = keys_[due.key];
  StateKey state_key{key, HashKey(key)};
  size_t lag = 0;
  for (const OverFunction& f : spec_.functions.functions) {
    if (f.kind != OverFunction::Kind::kLag) continue;
    MapState& history = *lag_states_[lag];
    for (const std::string& row : due.rows) {
      std::string element;
      AppendOrdered(arrivals_.Next(), &element);
      history.Put(0, state_key, element, row);
    }
    std::vector<std::string> gone;
    std::string before;
    int64_t back = 0;
    bool found = false;
    history.ScanBackward(0, state_key, [&](std::string_view element, std::string_view row) {
      if (back == f.offset) {
        before = std::string(row);
        found = true;
      }
      if (back++ > f.offset) gone.emplace_back(element);
      return true;
    });
    for (const std::string& element : gone) history.Erase(0, state_key, element);
    std::vector<ColumnBuilder> cells = MakeBuilders(spec_.rows.types);
    row_codec_.Decode(found ? before : due.rows.back(), cells);
    std::vector<ColumnPtr> values = FinishBuilders(cells);
    int column = found ? f.column : f.default_column;
    for (size_t i = 0; i < steps.size(); ++i) {
      if (column < 0) {
        program->lags[lag].AppendNull();
      } else {
        program->lags[lag].AppendFrom(*values[static_cast<size_t>(column)], 0);
      }
    }
    ++lag;
  }
}

Status OverAggregate::Emit(Program* program, const std::vector<uint8_t*>& states) {
  Batch steps(static_cast<int64_t>(program->signs.size()), FinishBuilders(program->builders));
  std::vector<ColumnPtr> results;
  if (!spec_.functions.calls.empty()) {
    std::vector<std::string_view> groups;
    std::vector<uint8_t*> at;
    for (size_t key : program->keys) {
      groups.emplace_back(keys_[key]);
      at.push_back(states[key] + sizeof(Header));
    }
    std::vector<ColumnBuilder> after = MakeBuilders(aggregates_.result_types());
    RETURN_IF_ERROR(aggregates_.UpdateAndEmit(steps, groups, program->signs, at, &after));
    results = FinishBuilders(after);
  }
  Batch out;
  out.rows = static_cast<int64_t>(program->leaving.size());
  for (const ColumnPtr& column : steps.columns) out.columns.push_back(column->Take(program->leaving));
  size_t lag = 0;
  for (const OverFunction& f : spec_.functions.functions) {
    if (f.kind == OverFunction::Kind::kAggregate) {
      out.columns.push_back(results[static_cast<size_t>(f.index)]->Take(program->result));
    } else if (f.kind == OverFunction::Kind::kLag) {
      out.columns.push_back(program->lags[lag++].Finish());
    } else {
      size_t kind = static_cast<size_t>(f.kind) - static_cast<size_t>(OverFunction::Kind::kRowNumber);
      ColumnBuilder numbers(f.type);
      for (int64_t number : program->positions[kind]) numbers.Append(number);
      out.columns.push_back(numbers.Finish());
    }
  }
  queue_.AddRows(std::move(out));
  return Status::Ok();
}

}  // namespace penstock
