// State of a side: per window end and key, elements of a byte (1: the key has a NULL that matches nothing)
// and an arrival number; their values are the rows.
#include "operators/joins/window_join.h"

#include <algorithm>

#include "data/datetime.h"

namespace penstock {

std::string WindowJoinSpec::Serialize() const {
  ByteWriter out;
  join.Write(out);
  for (int column : start_columns) out.Fixed(column);
  for (int column : end_columns) out.Fixed(column);
  out.Bool(local_zone);
  return out.Take();
}

Result<WindowJoinSpec> WindowJoinSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  WindowJoinSpec spec;
  ASSIGN_OR_RETURN(spec.join, JoinSpec::Read(in));
  for (int& column : spec.start_columns) column = in.Fixed<int>();
  for (int& column : spec.end_columns) column = in.Fixed<int>();
  spec.local_zone = in.Bool();
  return spec;
}

Status WindowJoin::Open(OperatorContext* context) {
  RETURN_IF_ERROR(TimedJoin::Open(context));
  ASSIGN_OR_RETURN(states_[kLeftSide], context->state->OpenMap({"left-windows", 0, 0}));
  ASSIGN_OR_RETURN(states_[kRightSide], context->state->OpenMap({"right-windows", 0, 0}));
  for (const MapState* state : states_) {
    for (int64_t window_end : state->Namespaces()) pending_.insert(window_end);
  }
  return Status::Ok();
}

int64_t WindowJoin::FireTime(int64_t window_end) const {
  if (!spec_.local_zone) return window_end - 1;
  return FloorDiv(context_->eval->zone->ToUtcMicros(window_end * 1000), int64_t{1000}) - 1;
}

Result<int64_t> WindowJoin::OnWatermark() {
  RETURN_IF_ERROR(FireUpTo(watermark_));
  return watermark_;
}

Status WindowJoin::TakeRows(size_t side, const Batch& batch, int64_t begin, int64_t end) {
  const Column& ends = *batch.column(spec_.end_columns[side]);
  std::span<const ColumnPtr> columns(batch.columns.data(), codecs_[side].types().size());
  std::string element, value;
  for (int64_t row = begin; row < end; ++row) {
    if (ends.IsNull(row)) continue;  // rows of no window
    int64_t window_end = MillisAt(ends, row);
    if (watermark_ != kNoWatermark && FireTime(window_end) <= watermark_) {
      int start = spec_.start_columns[side];
      int64_t from = start < 0 ? window_end : MillisAt(*batch.column(start), row);
      late_.AddWindowed(row, from, window_end);
      continue;
    }
    element.assign(1, keys_[side].never_matches(row) ? '\1' : '\0');
    AppendOrdered(arrival_.Next(), &element);
    value.clear();
    codecs_[side].EncodeRow(columns, row, &value);
    states_[side]->Put(window_end, keys_[side][row], element, value);
    pending_.insert(window_end);
  }
  return Status::Ok();
}

Status WindowJoin::FireUpTo(int64_t watermark) {
  while (!pending_.empty() && FireTime(*pending_.begin()) <= watermark) {
    int64_t window_end = *pending_.begin();
    pending_.erase(pending_.begin());
    RETURN_IF_ERROR(Fire(window_end));
    for (MapState* state : states_) state->EraseNamespace(window_end);
  }
  return Status::Ok();
}

struct WindowJoin::Chunk {
  std::array<std::vector<ColumnBuilder>, 2> builders;
  std::array<int32_t, 2> rows = {0, 0};
  std::vector<int32_t> left, right;  // candidate pairs
};

Status WindowJoin::Fire(int64_t window_end) {
  constexpr size_t kChunk = 8192;
  std::set<std::pair<std::string, uint64_t>> keys;
  for (MapState* state : states_) {
    state->ForEachKey(window_end, [&](StateKey key) { keys.emplace(std::string(key.bytes), key.hash); });
  }
  auto fresh = [&] {
    Chunk chunk;
    for (size_t side : {kLeftSide, kRightSide}) chunk.builders[side] = Builders(side);
    return chunk;
  };
  Chunk chunk = fresh();
  for (const auto& [bytes, hash] : keys) {
    Load(window_end, {bytes, hash}, &chunk);
    if (chunk.left.size() + static_cast<size_t>(chunk.rows[0] + chunk.rows[1]) < kChunk) continue;
    RETURN_IF_ERROR(Emit(&chunk));
    chunk = fresh();
  }
  return Emit(&chunk);
}

void WindowJoin::Load(int64_t window_end, StateKey key, Chunk* chunk) {
  std::array<int32_t, 2> first = chunk->rows;
  std::array<int32_t, 2> paired = {0, 0};  // the first rows of each side have keys that may match
  for (size_t side : {kLeftSide, kRightSide}) {
    states_[side]->Scan(window_end, key, {}, [&](std::string_view element, std::string_view value) {
      codecs_[side].Decode(value, chunk->builders[side]);
      ++chunk->rows[side];
      if (element[0] == '\0') ++paired[side];
      return true;
    });
  }
  for (int32_t l = 0; l < paired[kLeftSide]; ++l) {
    for (int32_t r = 0; r < paired[kRightSide]; ++r) {
      chunk->left.push_back(first[kLeftSide] + l);
      chunk->right.push_back(first[kRightSide] + r);
    }
  }
}

Status WindowJoin::Emit(Chunk* chunk) {
  std::vector<ColumnPtr> left = FinishBuilders(chunk->builders[kLeftSide]);
  std::vector<ColumnPtr> right = FinishBuilders(chunk->builders[kRightSide]);
  std::vector<uint8_t> keep;
  RETURN_IF_ERROR(condition_.Evaluate(left, chunk->left, right, chunk->right, &keep));
  std::array<std::vector<bool>, 2> matched = {
      std::vector<bool>(static_cast<size_t>(chunk->rows[kLeftSide]), false),
      std::vector<bool>(static_cast<size_t>(chunk->rows[kRightSide]), false)};
  JoinedRows result;
  for (size_t i = 0; i < keep.size(); ++i) {
    if (keep[i] == 0) continue;
    matched[kLeftSide][static_cast<size_t>(chunk->left[i])] = true;
    matched[kRightSide][static_cast<size_t>(chunk->right[i])] = true;
    if (!join_.left_only()) result.Add(chunk->left[i], chunk->right[i], RowKind::kInsert);
  }
  bool semi = join_.type == JoinType::kSemi;
  for (int32_t l = 0; l < chunk->rows[kLeftSide]; ++l) {
    bool found = matched[kLeftSide][static_cast<size_t>(l)];
    bool emits = join_.left_only() ? found == semi : join_.outer(kLeftSide) && !found;
    if (emits) result.Add(l, -1, RowKind::kInsert);
  }
  for (int32_t r = 0; join_.outer(kRightSide) && r < chunk->rows[kRightSide]; ++r) {
    if (!matched[kRightSide][static_cast<size_t>(r)]) result.Add(-1, r, RowKind::kInsert);
  }
  if (!result.empty()) queue_.AddRows(result.Take(join_, left, right));
  return Status::Ok();
}

}  // namespace penstock
