// Counting a sample.
#include "engine/forecast/table_sample.h"

#include <algorithm>

#include "operators/rank/rank_rows.h"

namespace penstock {

namespace {
std::vector<DataType> TypesOf(const std::vector<sql::TracedColumn>& columns) {
  std::vector<DataType> types;
  for (const sql::TracedColumn& column : columns) types.push_back(column.type);
  return types;
}

std::vector<ColumnPtr> Pick(const Batch& batch, const std::vector<int>& columns) {
  std::vector<ColumnPtr> picked;
  for (int column : columns) picked.push_back(batch.column(column));
  return picked;
}
}  // namespace

TableSample::TableSample(std::vector<Wanted> wanted, int64_t most_rows)
    : most_rows_(std::max<int64_t>(most_rows, 1)), next_prefix_(std::max<int64_t>(most_rows_ / 64, 1)) {
  for (Wanted& one : wanted) {
    KeyCodec keys(TypesOf(one.use->keys));
    RowCodec row(one.row.empty() ? std::vector<DataType>() : TypesOf(one.use->row));
    counters_.push_back({std::move(one), std::move(keys), std::move(row), {}, {}, 0, 0});
  }
}

Status TableSample::status() const {
  return rows_ < most_rows_ ? Status::Ok() : Status(StatusCode::kCancelled, "the sample is large enough");
}

void TableSample::Count(Counter* counter, const Batch& batch, int64_t row) {
  scratch_.clear();
  counter->key_codec.EncodeRow(Pick(batch, counter->wanted.keys), row, &scratch_);
  counter->key_bytes += static_cast<double>(scratch_.size());
  Key& key = counter->keys[HashKey(scratch_)];
  ++key.count;
  scratch_.clear();
  if (!counter->wanted.row.empty())
    counter->row_codec.EncodeRow(Pick(batch, counter->wanted.row), row, &scratch_);
  counter->row_bytes += static_cast<double>(scratch_.size());
  int time = counter->wanted.time;
  if (time < 0 || batch.column(time)->IsNull(row)) return;
  int64_t ms = MillisAt(*batch.column(time), row);
  first_ms_ = std::min(first_ms_, ms);
  last_ms_ = std::max(last_ms_, ms);
  if (ms - key.last_ms > counter->wanted.use->held_ms) key.in_session = 0;
  ++key.in_session;
  key.last_ms = std::max(key.last_ms, ms);
}

void TableSample::OnRows(int, const Batch& batch) {
  for (int64_t row = 0; row < batch.rows && rows_ < most_rows_; ++row) {
    ++rows_;
    for (Counter& counter : counters_) Count(&counter, batch, row);
    if (rows_ < next_prefix_) continue;
    for (Counter& counter : counters_)
      counter.prefixes.push_back({rows(), static_cast<double>(counter.keys.size())});
    next_prefix_ = rows_ * 2;
  }
}

double TableSample::rate() const {
  return last_ms_ > first_ms_ ? rows() / static_cast<double>(last_ms_ - first_ms_) : 0;
}

TableSample::Found TableSample::Of(const sql::StateUse& use) const {
  Found found;
  for (const Counter& counter : counters_) {
    if (counter.wanted.use != &use || rows_ == 0) continue;
    found.key_bytes = counter.key_bytes / rows();
    found.row_bytes = counter.row_bytes / rows();
    found.keys.prefixes = counter.prefixes;
    if (found.keys.prefixes.empty() || found.keys.prefixes.back().rows < rows())
      found.keys.prefixes.push_back({rows(), static_cast<double>(counter.keys.size())});
    for (const auto& [hash, key] : counter.keys) {
      auto count = static_cast<size_t>(key.count);
      if (count >= found.keys.occurring.size()) found.keys.occurring.resize(count + 1);
      ++found.keys.occurring[count];
      if (key.last_ms + use.held_ms < last_ms_) continue;
      ++found.session_keys;
      found.session_rows += static_cast<double>(key.in_session);
    }
  }
  return found;
}

}  // namespace penstock
