// Versions and left rows in one order. The key of a sorted row is the join key, the time, and 0 for versions,
// 1 for left rows; the value is the size of the join key (u32), whether the row counts (a left row may match
// something, a version was not deleted), the encoded row.
#include "operators/batch/batch_temporal_join.h"

#include <cstring>

namespace penstock {

namespace {
constexpr size_t kHeaderBytes = 5;
}  // namespace

BatchTemporalJoin::BatchTemporalJoin(TemporalJoinSpec spec)
    : BatchOperator(spec.join.output_types(), 2), spec_(std::move(spec)) {
  for (size_t side : {kLeftSide, kRightSide}) {
    keys_.emplace_back(spec_.join, side);
    codecs_.emplace_back(spec_.join.sides[side].types);
  }
}

Status BatchTemporalJoin::Prepare() {
  sort_ = std::make_unique<ExternalSort>(space_.get());
  return condition_.Open(spec_.join, context_->eval);
}

Status BatchTemporalJoin::Add(int input, const Batch& batch) {
  auto side = static_cast<size_t>(input);
  keys_[side].Encode(batch);
  const Column& times = *batch.column(spec_.time_columns[side]);
  std::span<const ColumnPtr> columns(batch.columns.data(), codecs_[side].types().size());
  std::string key, value;
  for (int64_t row = 0; row < batch.rows; ++row) {
    // The row after an update replaces the one before it by its time.
    if (side == kRightSide && batch.kind(row) == RowKind::kUpdateBefore) continue;
    if (times.IsNull(row)) {
      return Status::InvalidData("RowTime field should not be null").WithNumber(ErrorNumber::kNullRowtime);
    }
    bool never = keys_[side].never_matches(row);
    if (never && (side == kRightSide || !spec_.join.outer(kLeftSide))) continue;
    key.assign(keys_[side][row].bytes);
    auto size = static_cast<uint32_t>(key.size());
    AppendOrdered(MillisAt(times, row), &key);
    key.push_back(side == kLeftSide ? 1 : 0);
    bool counts = side == kLeftSide ? !never : IsAdd(batch.kind(row));
    value.assign(reinterpret_cast<const char*>(&size), sizeof(size));
    value.push_back(counts ? 1 : 0);
    codecs_[side].EncodeRow(columns, row, &value);
    RETURN_IF_ERROR(sort_->Add(key, value));
  }
  return Status::Ok();
}

Status BatchTemporalJoin::Finish() {
  RETURN_IF_ERROR(sort_->Finish());
  ASSIGN_OR_RETURN(cursor_, sort_->NewCursor());
  ASSIGN_OR_RETURN(at_row_, cursor_->Next());
  return Status::Ok();
}

Result<bool> BatchTemporalJoin::NextResult(Batch* out) {
  if (!at_row_) return false;
  std::vector<ColumnBuilder> left = MakeBuilders(codecs_[kLeftSide].types());
  std::vector<ColumnBuilder> right = MakeBuilders(codecs_[kRightSide].types());
  std::vector<int32_t> versions;  // of each left row, -1: none
  int32_t decoded = 0, at = -1;   // rows of the right side; the version among them
  for (; at_row_ && static_cast<int>(versions.size()) < context_->batch_rows;) {
    uint32_t size = 0;
    std::memcpy(&size, cursor_->row().data(), sizeof(size));
    bool counts = cursor_->row()[kHeaderBytes - 1] != 0;
    std::string_view row = cursor_->row().substr(kHeaderBytes);
    if (cursor_->key().substr(0, size) != key_) {
      key_.assign(cursor_->key().substr(0, size));
      valid_ = false;
    }
    if (cursor_->key().back() == 0) {
      version_.assign(row);
      valid_ = counts;
      at = -1;
    } else {
      codecs_[kLeftSide].Decode(row, left);
      if (valid_ && counts && at < 0) {
        codecs_[kRightSide].Decode(version_, right);
        at = decoded++;
      }
      versions.push_back(valid_ && counts ? at : -1);
    }
    ASSIGN_OR_RETURN(at_row_, cursor_->Next());
  }
  std::vector<ColumnPtr> left_columns = FinishBuilders(left), right_columns = FinishBuilders(right);
  std::vector<int32_t> left_rows, right_rows;
  for (size_t i = 0; i < versions.size(); ++i) {
    if (versions[i] < 0) continue;
    left_rows.push_back(static_cast<int32_t>(i));
    right_rows.push_back(versions[i]);
  }
  std::vector<uint8_t> keep;
  RETURN_IF_ERROR(condition_.Evaluate(left_columns, left_rows, right_columns, right_rows, &keep));
  for (size_t i = 0; i < keep.size(); ++i) {
    if (keep[i] == 0) versions[static_cast<size_t>(left_rows[i])] = -1;
  }
  JoinedRows rows;
  for (size_t i = 0; i < versions.size(); ++i) {
    if (versions[i] < 0 && !spec_.join.outer(kLeftSide)) continue;
    rows.Add(static_cast<int32_t>(i), versions[i], RowKind::kInsert);
  }
  if (!rows.empty()) *out = rows.Take(spec_.join, left_columns, right_columns);
  return true;
}

}  // namespace penstock
