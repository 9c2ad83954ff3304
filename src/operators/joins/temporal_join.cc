// The event-time temporal join. A key has one timer, at the earliest time that waits for the watermark.
#include "operators/joins/temporal_join.h"

#include <algorithm>

namespace penstock {

std::string TemporalJoinSpec::Serialize() const {
  ByteWriter out;
  join.Write(out);
  for (int column : time_columns) out.Fixed(column);
  out.Fixed(ttl_ms);
  return out.Take();
}

Result<TemporalJoinSpec> TemporalJoinSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  TemporalJoinSpec spec;
  ASSIGN_OR_RETURN(spec.join, JoinSpec::Read(in));
  for (int& column : spec.time_columns) column = in.Fixed<int>();
  spec.ttl_ms = in.Fixed<int64_t>();
  return spec;
}

Status TemporalJoin::Open(OperatorContext* context) {
  RETURN_IF_ERROR(TimedJoin::Open(context));
  ASSIGN_OR_RETURN(waiting_, context->state->OpenMap({"left", 0, spec_.ttl_ms}));
  ASSIGN_OR_RETURN(versions_, context->state->OpenMap({"right", 0, spec_.ttl_ms}));
  ASSIGN_OR_RETURN(timer_state_, context->state->OpenMap({"timer", 0, 0}));
  ASSIGN_OR_RETURN(timers_, context->state->OpenTimers("timers"));
  return Status::Ok();
}

Result<int64_t> TemporalJoin::OnWatermark() {
  RETURN_IF_ERROR(FireUpTo(watermark_));
  return watermark_;
}

Status TemporalJoin::TakeRows(size_t side, const Batch& batch, int64_t begin, int64_t end) {
  const Column& times = *batch.column(spec_.time_columns[side]);
  std::span<const ColumnPtr> columns(batch.columns.data(), codecs_[side].types().size());
  std::string element, value;
  for (int64_t row = begin; row < end; ++row) {
    // The row after an update replaces the one before it by its time; taking that back would leave a gap.
    if (side == kRightSide && batch.kind(row) == RowKind::kUpdateBefore) continue;
    if (times.IsNull(row)) {
      return Status::InvalidData("RowTime field should not be null").WithNumber(ErrorNumber::kNullRowtime);
    }
    int64_t time = MillisAt(times, row);
    if (side == kLeftSide && watermark_ != kNoWatermark && time <= watermark_) {
      late_.Add(row);
      continue;
    }
    if (keys_[side].never_matches(row) && (side == kRightSide || !join_.outer(kLeftSide))) continue;
    element.clear();
    AppendOrdered(time, &element);
    if (side == kLeftSide) AppendOrdered(arrival_.Next(), &element);
    value.assign(1, static_cast<char>(batch.kind(row)));
    codecs_[side].EncodeRow(columns, row, &value);
    StateKey key = keys_[side][row];
    (side == kLeftSide ? waiting_ : versions_)->Put(0, key, element, value);
    SetTimer(key, time);
  }
  return Status::Ok();
}

void TemporalJoin::SetTimer(StateKey key, int64_t time) {
  std::optional<std::string_view> set = timer_state_->Get(0, key, "");
  if (set) {
    int64_t old = ReadOrdered(*set);
    if (old <= time) return;
    timers_->Erase(old, key);
  }
  std::string value;
  AppendOrdered(time, &value);
  timer_state_->Put(0, key, "", value);
  timers_->Register(time, key);
}

struct TemporalJoin::Chunk {
  std::vector<ColumnBuilder> left, right;
  int32_t left_rows = 0, right_rows = 0;
  std::vector<RowKind> kinds;     // of the left rows
  std::vector<int32_t> versions;  // of each left row, -1: none
};

Status TemporalJoin::FireUpTo(int64_t watermark) {
  int64_t fired = 0;
  std::string bytes;
  auto fresh = [&] {
    Chunk chunk;
    chunk.left = Builders(kLeftSide);
    chunk.right = Builders(kRightSide);
    return chunk;
  };
  Chunk chunk = fresh();
  while (timers_->Pop(watermark, &fired, &bytes)) {
    StateKey key{bytes, HashKey(bytes)};
    timer_state_->Clear(0, key);
    Fire(key, watermark, &chunk);
    DropVersions(key, watermark);
    if (chunk.left_rows < 8192) continue;
    RETURN_IF_ERROR(Emit(&chunk));
    chunk = fresh();
  }
  return Emit(&chunk);
}

void TemporalJoin::Fire(StateKey key, int64_t watermark, Chunk* chunk) {
  struct Due {
    std::string element;  // time and arrival
    std::string value;
  };
  std::vector<Due> due;
  std::optional<int64_t> next;
  waiting_->Scan(0, key, {}, [&](std::string_view element, std::string_view value) {
    if (ReadOrdered(element) > watermark) {
      next = ReadOrdered(element);
      return false;
    }
    due.push_back({std::string(element), std::string(value)});
    return true;
  });
  if (next) SetTimer(key, *next);
  if (due.empty()) return;
  for (const Due& row : due) waiting_->Erase(0, key, row.element);
  // The versions in order of time, and where each stands among the decoded rows.
  std::vector<std::pair<int64_t, int32_t>> versions;
  versions_->Scan(0, key, {}, [&](std::string_view element, std::string_view value) {
    int32_t at = -1;
    if (IsAdd(static_cast<RowKind>(value[0]))) {
      codecs_[kRightSide].Decode(value.substr(1), chunk->right);
      at = chunk->right_rows++;
    }
    versions.emplace_back(ReadOrdered(element), at);
    return true;
  });
  std::sort(due.begin(), due.end(), [](const Due& a, const Due& b) {
    return std::string_view(a.element).substr(8) < std::string_view(b.element).substr(8);
  });
  for (const Due& row : due) {
    auto valid =
        std::upper_bound(versions.begin(), versions.end(), std::pair(ReadOrdered(row.element), INT32_MAX));
    codecs_[kLeftSide].Decode(std::string_view(row.value).substr(1), chunk->left);
    ++chunk->left_rows;
    chunk->kinds.push_back(static_cast<RowKind>(row.value[0]));
    chunk->versions.push_back(valid == versions.begin() ? -1 : std::prev(valid)->second);
  }
}

// Keeps the latest version at the watermark and all newer ones.
void TemporalJoin::DropVersions(StateKey key, int64_t watermark) {
  std::vector<std::string> old;
  versions_->Scan(0, key, {}, [&](std::string_view element, std::string_view) {
    if (ReadOrdered(element) > watermark) return false;
    old.emplace_back(element);
    return true;
  });
  for (size_t i = 0; i + 1 < old.size(); ++i) versions_->Erase(0, key, old[i]);
}

Status TemporalJoin::Emit(Chunk* chunk) {
  if (chunk->left_rows == 0) return Status::Ok();
  std::vector<ColumnPtr> left = FinishBuilders(chunk->left), right = FinishBuilders(chunk->right);
  std::vector<int32_t> left_rows, right_rows;
  for (int32_t row = 0; row < chunk->left_rows; ++row) {
    int32_t version = chunk->versions[static_cast<size_t>(row)];
    if (version < 0) continue;
    left_rows.push_back(row);
    right_rows.push_back(version);
  }
  std::vector<uint8_t> keep;
  RETURN_IF_ERROR(condition_.Evaluate(left, left_rows, right, right_rows, &keep));
  for (size_t i = 0; i < keep.size(); ++i) {
    if (keep[i] == 0) chunk->versions[static_cast<size_t>(left_rows[i])] = -1;
  }
  JoinedRows result;
  for (int32_t row = 0; row < chunk->left_rows; ++row) {
    int32_t version = chunk->versions[static_cast<size_t>(row)];
    if (version < 0 && !join_.outer(kLeftSide)) continue;
    result.Add(row, version, chunk->kinds[static_cast<size_t>(row)]);
  }
  if (!result.empty()) queue_.AddRows(result.Take(join_, left, right));
  return Status::Ok();
}

}  // namespace penstock
