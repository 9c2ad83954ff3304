// Adding up, and letting parts go.
#include "operators/hotkeys/partial_aggregate.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace penstock {

namespace {
constexpr int64_t kWindowLatencyMs = 1000;
}  // namespace

std::string PartialAggregateSpec::Serialize() const {
  ByteWriter out;
  out.Varint(groups.size());
  for (size_t i = 0; i < groups.size(); ++i) {
    out.Varint(static_cast<uint64_t>(groups[i]));
    group_types[i].Write(out);
  }
  out.Varint(calls.size());
  for (const AggregateCall& call : calls) call.Write(out);
  out.Bool(retracts);
  out.Bool(windowed);
  window.Write(out);
  out.Fixed(time_column);
  out.Bool(local_zone);
  bundle.Write(out);
  return out.Take();
}

Result<PartialAggregateSpec> PartialAggregateSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  PartialAggregateSpec spec;
  for (uint64_t left = in.Count(); left > 0; --left) {
    spec.groups.push_back(static_cast<int>(in.Varint()));
    ASSIGN_OR_RETURN(DataType type, DataType::Read(in));
    spec.group_types.push_back(std::move(type));
  }
  for (uint64_t left = in.Count(); left > 0; --left) {
    ASSIGN_OR_RETURN(AggregateCall call, AggregateCall::Read(in));
    spec.calls.push_back(std::move(call));
  }
  spec.retracts = in.Bool();
  spec.windowed = in.Bool();
  spec.window = WindowAssigner::Read(in);
  spec.time_column = in.Fixed<int>();
  spec.local_zone = in.Bool();
  spec.bundle = MiniBatchSpec::Read(in);
  if (!in.ok()) return Status::Corruption("the spec of a PartialAggregate is damaged");
  return spec;
}

Status PartialAggregate::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  aggregates_.set_parts(AggregateSet::Parts::kMakes);
  RETURN_IF_ERROR(aggregates_.Open(spec_.calls, spec_.retracts, context, "part", 0));
  ASSIGN_OR_RETURN(state_, context->state->OpenFixed({"parts", sizeof(int64_t) + aggregates_.width(), 0}));
  output_types_ = spec_.group_types;
  for (int i = 0; i < 2; ++i) output_types_.push_back(DataType::BigInt().NotNull());
  output_types_.resize(output_types_.size() + spec_.calls.size(), DataType::Bytes().NotNull());
  return Status::Ok();
}

int64_t PartialAggregate::SliceOf(const Column& time, int64_t row) const {
  int64_t micros = time.physical() == Physical::kInt64 ? time.At<int64_t>(row)
                                                       : static_cast<int64_t>(time.At<int128_t>(row) / 1000);
  if (spec_.local_zone) micros = context_->eval->zone->ToLocalMicros(micros);
  return spec_.window.SliceEnd(FloorDiv(micros, int64_t{1000}));
}

bool PartialAggregate::IsFired(int64_t window_end) const {
  if (watermark_ == kNoWatermark) return false;
  int64_t instant = spec_.local_zone
                        ? FloorDiv(context_->eval->zone->ToUtcMicros(window_end * 1000), int64_t{1000})
                        : window_end;
  return instant - 1 <= watermark_;
}

bool PartialAggregate::Judge(int64_t row, int64_t slice) {
  int64_t last = spec_.window.LastWindowEnd(slice);
  bool late = IsFired(last), partial = !late && IsFired(slice);
  if (!late && !partial) return true;
  int64_t missed = late ? last : slice;
  while (partial && IsFired(missed + spec_.window.step())) missed += spec_.window.step();
  late_.AddWindowed(row, spec_.window.WindowStart(missed), missed, partial);
  return !late;
}

Result<Progress> PartialAggregate::Process(int, const Batch& given, Output& out) {
  Batch batch = given;
  if (!batch.columns.empty()) batch.columns.pop_back();  // marks alone may come without columns
  int64_t done = 0;
  for (const Mark& mark : batch.marks) {
    RETURN_IF_ERROR(ProcessRows(batch, done, mark.offset));
    done = std::max<int64_t>(done, mark.offset);
    if (!spec_.windowed) {
      AddMark(mark);
      continue;
    }
    if (mark.kind == MarkKind::kWatermark) {
      if (mark.watermark <= watermark_) continue;
      watermark_ = mark.watermark;
      while (!slices_.empty() && IsFired(*slices_.begin())) RETURN_IF_ERROR(EmitSlice(*slices_.begin()));
    }
    queue_.AddMark(mark, output_types_);
  }
  RETURN_IF_ERROR(ProcessRows(batch, done, batch.rows));
  if (!spec_.windowed && rows_ >= spec_.bundle.size) RETURN_IF_ERROR(EmitAll());
  return FlushQueues(out);
}

// A watermark waits until the rows before it have left.
void PartialAggregate::AddMark(const Mark& mark) {
  if (slices_.empty()) return queue_.AddMark(mark, output_types_);
  bool replaces =
      !marks_.empty() && marks_.back().kind == MarkKind::kWatermark && mark.kind == marks_.back().kind;
  if (replaces) {
    marks_.back() = mark;
  } else {
    marks_.push_back(mark);
  }
}

Status PartialAggregate::ProcessRows(const Batch& batch, int64_t begin, int64_t end) {
  if (begin >= end) return Status::Ok();
  std::map<int64_t, std::vector<int32_t>> by_slice;
  if (!spec_.windowed) {
    std::vector<int32_t>& all = by_slice[0];
    for (int64_t row = begin; row < end; ++row) all.push_back(static_cast<int32_t>(row));
    return Accumulate(batch, all, 0);
  }
  const Column& time = *batch.column(spec_.time_column);
  int64_t last = INT64_MIN;
  bool in_time = false;
  std::vector<int32_t>* rows = nullptr;
  for (int64_t row = begin; row < end; ++row) {
    if (time.IsNull(row))
      return Status::InvalidData("rowtime of a windowed row is NULL").WithNumber(ErrorNumber::kNullRowtime);
    int64_t slice = SliceOf(time, row);
    if (slice != last) {
      last = slice;
      in_time = !IsFired(slice);
      rows = in_time ? &by_slice[slice] : nullptr;
    }
    if (in_time)
      rows->push_back(static_cast<int32_t>(row));
    else if (Judge(row, slice))
      by_slice[slice].push_back(static_cast<int32_t>(row));
  }
  late_.Take(batch, watermark_, context_->metrics);
  for (const auto& [slice, rows] : by_slice) RETURN_IF_ERROR(Accumulate(batch, rows, slice));
  return Status::Ok();
}

Status PartialAggregate::Accumulate(const Batch& batch, const std::vector<int32_t>& rows, int64_t slice) {
  Batch part = static_cast<int64_t>(rows.size()) == batch.rows ? batch : batch.Take(rows);
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
    if (!IsAdd(part.kind(static_cast<int64_t>(i)))) signs[i] = -1;
  }
  std::vector<uint8_t*> values(size);
  std::vector<uint8_t> created(size);
  RETURN_IF_ERROR(state_->Access(slice, keys, values, created));
  for (size_t i = 0; i < size; ++i) {
    if (created[i] != 0) {
      std::memset(values[i], 0, sizeof(int64_t));
      aggregates_.Init(values[i] + sizeof(int64_t));
    }
    int64_t weight = 0;
    std::memcpy(&weight, values[i], sizeof(weight));
    weight += signs[i];
    std::memcpy(values[i], &weight, sizeof(weight));
    values[i] += sizeof(int64_t);
  }
  slices_.insert(slice);
  rows_ += part.rows;
  int64_t latency = spec_.windowed ? kWindowLatencyMs : spec_.bundle.latency_ms;
  if (deadline_ == INT64_MAX && latency > 0) deadline_ = context_->clock->MonotonicMillis() + latency;
  aggregates_.SetNamespace(slice);
  return aggregates_.Update(part, groups, signs, values);
}

Status PartialAggregate::EmitSlice(int64_t slice) {
  aggregates_.SetNamespace(slice);
  std::vector<StateKey> keys;
  std::vector<const uint8_t*> states;
  state_->ForEach(slice, [&](StateKey key, uint8_t* value) {
    keys.push_back(key);
    states.push_back(value);
  });
  auto chunk = static_cast<size_t>(std::max(context_->batch_rows, 64));
  for (size_t begin = 0; begin < keys.size(); begin += chunk) {
    std::vector<ColumnBuilder> builders = MakeBuilders(output_types_);
    size_t fixed = spec_.group_types.size();
    Batch result;
    for (size_t i = begin; i < std::min(keys.size(), begin + chunk); ++i) {
      int64_t weight = 0;
      std::memcpy(&weight, states[i], sizeof(weight));
      const uint8_t* state = states[i] + sizeof(int64_t);
      if (weight == 0 && aggregates_.IsBlank(state, keys[i].bytes)) continue;
      codec_.Decode(keys[i].bytes, std::span(builders).first(fixed));
      builders[fixed].Append(slice);
      builders[fixed + 1].Append(weight);
      aggregates_.WriteParts(state, keys[i].bytes, std::span(builders).subspan(fixed + 2));
      ++result.rows;
    }
    result.columns = FinishBuilders(builders);
    if (result.rows > 0) queue_.AddRows(std::move(result));
  }
  state_->EraseNamespace(slice);
  aggregates_.EraseNamespace(slice);
  slices_.erase(slice);
  return Status::Ok();
}

Status PartialAggregate::EmitAll() {
  while (!slices_.empty()) RETURN_IF_ERROR(EmitSlice(*slices_.begin()));
  for (const Mark& mark : marks_) queue_.AddMark(mark, output_types_);
  marks_.clear();
  rows_ = 0;
  deadline_ = INT64_MAX;
  return Status::Ok();
}

Result<Progress> PartialAggregate::Flush(Output& out) {
  RETURN_IF_ERROR(EmitAll());
  return FlushQueues(out);
}

Progress PartialAggregate::FlushQueues(Output& out) {
  if (late_.Flush(out) == Progress::kBlocked) return Progress::kBlocked;
  return queue_.Flush(out);
}

}  // namespace penstock
