// Keep-first and keep-last.
#include "operators/rank/deduplicate.h"

#include <algorithm>

namespace penstock {

std::string DeduplicateSpec::Serialize() const {
  ByteWriter out;
  rows.Write(out);
  out.Fixed(time_column);
  out.Bool(keep_last);
  out.Bool(emit_update_before);
  out.Fixed(ttl_ms);
  return out.Take();
}

Result<DeduplicateSpec> DeduplicateSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  DeduplicateSpec spec;
  ASSIGN_OR_RETURN(spec.rows, RowLayout::Read(in));
  spec.time_column = in.Fixed<int>();
  spec.keep_last = in.Bool();
  spec.emit_update_before = in.Bool();
  spec.ttl_ms = in.Fixed<int64_t>();
  return spec;
}

namespace {
constexpr size_t kTimeBytes = 8;
}  // namespace

Deduplicate::Deduplicate(DeduplicateSpec spec)
    : spec_(std::move(spec)),
      partition_codec_(spec_.rows.PartitionCodec()),
      row_codec_(spec_.rows.types),
      passes_(!waits() && (!spec_.keep_last || !spec_.emit_update_before)),
      writer_(spec_.rows.types, spec_.rows.types.size()) {}

Status Deduplicate::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  ASSIGN_OR_RETURN(state_, context->state->OpenMap({"deduplicate", 0, spec_.ttl_ms}));
  if (waits()) {
    ASSIGN_OR_RETURN(timers_, context->state->OpenTimers("deduplicate-timers"));
  }
  return Status::Ok();
}

Progress Deduplicate::FlushQueues(Output& out) {
  if (late_.Flush(out) == Progress::kBlocked) return Progress::kBlocked;
  return queue_.Flush(out);
}

Result<Progress> Deduplicate::Process(int, const Batch& batch, Output& out) {
  if (batch.rows > 0) keys_.Encode(partition_codec_, spec_.rows.PartitionColumns(batch), batch.rows);
  kept_of_.assign(static_cast<size_t>(batch.rows), -1);
  int64_t done = 0;
  for (const Mark& mark : batch.marks) {
    RETURN_IF_ERROR(ProcessRows(batch, done, mark.offset));
    done = mark.offset;
    if (mark.kind == MarkKind::kWatermark && mark.watermark > watermark_) {
      watermark_ = mark.watermark;
      if (waits()) Fire(watermark_);
    }
    queue_.AddMark(mark, writer_.types());
  }
  RETURN_IF_ERROR(ProcessRows(batch, done, batch.rows));
  return FlushQueues(out);
}

Status Deduplicate::ProcessRows(const Batch& batch, int64_t begin, int64_t end) {
  if (begin >= end) return Status::Ok();
  const Column* time = spec_.time_column < 0 ? nullptr : batch.column(spec_.time_column).get();
  if (waits() || spec_.keep_last) row_codec_.EncodeRows(batch.columns, begin, end, &encoded_);
  for (int64_t row = begin; row < end; ++row) {
    keys_.Prefetch(*state_, row, end);
    if (time != nullptr && time->IsNull(row)) {
      return Status::InvalidData("the time that deduplicates is NULL").WithNumber(ErrorNumber::kNullRowtime);
    }
    int64_t millis = time == nullptr ? 0 : MillisAt(*time, row);
    if (waits()) {
      if (!Wait(row, millis)) late_.Add(row);
    } else if (spec_.keep_last) {
      KeepLast(row, millis);
    } else {
      KeepFirst(row);
    }
    if (writer_.rows() >= context_->batch_rows) writer_.FlushTo(&queue_);
  }
  StoreLast();
  EmitPassed(batch);
  writer_.FlushTo(&queue_);
  late_.Take(batch, watermark_, context_->metrics);
  return Status::Ok();
}

void Deduplicate::Pass(int64_t row, RowKind kind) {
  if (!passes_) return writer_.Add(encoded_[row], kind);
  passed_.push_back(static_cast<int32_t>(row));
  passed_kinds_.push_back(kind);
}

void Deduplicate::EmitPassed(const Batch& batch) {
  if (passed_.empty()) return;
  Batch result;
  result.rows = static_cast<int64_t>(passed_.size());
  for (size_t c = 0; c < spec_.rows.types.size(); ++c) {
    result.columns.push_back(Column::Flatten(batch.columns[c]->Take(passed_)));
  }
  bool inserts = std::all_of(passed_kinds_.begin(), passed_kinds_.end(),
                             [](RowKind kind) { return kind == RowKind::kInsert; });
  if (!inserts) result.kinds = std::make_shared<std::vector<RowKind>>(std::move(passed_kinds_));
  passed_.clear();
  passed_kinds_.clear();
  queue_.AddRows(std::move(result));
}

void Deduplicate::KeepFirst(int64_t row) {
  if (state_->Get(0, keys_[row], "")) return;
  state_->Put(0, keys_[row], "", "");
  Pass(row, RowKind::kInsert);
}

// Processing time: every row is newer. A row that changes nothing is passed on only where downstream state
// may expire.
void Deduplicate::KeepLast(int64_t row, int64_t time) {
  auto first = static_cast<int32_t>(keys_.FirstWithKeyOf(row));
  int32_t& number = kept_of_[static_cast<size_t>(first)];
  if (number < 0) {
    number = static_cast<int32_t>(kept_.size());
    kept_.push_back({first, row, 0, false});
  }
  Kept& kept = kept_[static_cast<size_t>(number)];
  std::string_view before;
  if (kept.changed) {
    before = encoded_[kept.row];
  } else if (std::optional<std::string_view> stored = state_->Get(0, keys_[row], "")) {
    kept.time = ReadOrdered(*stored);
    before = stored->substr(kTimeBytes);
  }
  if (before.data() == nullptr) {
    Pass(row, RowKind::kInsert);
  } else {
    if (spec_.time_column >= 0 && time < kept.time) return;
    if (spec_.time_column < 0 && spec_.ttl_ms == 0 && before == encoded_[row]) return;
    if (spec_.emit_update_before) writer_.Add(before, RowKind::kUpdateBefore);
    Pass(row, RowKind::kUpdateAfter);
  }
  kept = {first, row, time, true};
}

void Deduplicate::StoreLast() {
  for (const Kept& kept : kept_) {
    kept_of_[static_cast<size_t>(kept.first)] = -1;
    if (kept.changed) Put(kept.row, kept.time);
  }
  kept_.clear();
}

void Deduplicate::Put(int64_t row, int64_t time) {
  value_.clear();
  AppendOrdered(time, &value_);
  value_.append(encoded_[row]);
  state_->Put(0, keys_[row], "", value_);
}

bool Deduplicate::Wait(int64_t row, int64_t time) {
  if (watermark_ != kNoWatermark && time < watermark_) return false;
  StateKey key = keys_[row];
  if (std::optional<std::string_view> kept = state_->Get(0, key, "")) {
    if (kept->empty()) return true;  // the key's first row has left
    int64_t kept_time = ReadOrdered(*kept);
    if (time >= kept_time) return true;
    timers_->Erase(kept_time, key);
  }
  Put(row, time);
  timers_->Register(time, key);
  return true;
}

void Deduplicate::Fire(int64_t watermark) {
  int64_t time = 0;
  std::string key;
  while (timers_->Pop(watermark, &time, &key)) {
    StateKey state_key{key, HashKey(key)};
    std::optional<std::string_view> kept = state_->Get(0, state_key, "");
    if (!kept || kept->empty()) continue;
    writer_.Add(kept->substr(kTimeBytes), RowKind::kInsert);
    state_->Put(0, state_key, "", "");
    if (writer_.rows() >= context_->batch_rows) writer_.FlushTo(&queue_);
  }
  writer_.FlushTo(&queue_);
}

}  // namespace penstock
