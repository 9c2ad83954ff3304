// Late rows by key and time.
#include "engine/parity/late_rows_index.h"

#include <algorithm>

#include "operators/rank/rank_rows.h"

namespace penstock {

namespace {

std::vector<DataType> KeyTypes(const SinkLayout& layout, const LateLane& lane) {
  std::vector<DataType> types;
  for (int key : lane.keys) types.push_back(layout.types[static_cast<size_t>(key)]);
  return types;
}

}  // namespace

LateRowsIndex::LateRowsIndex(const SinkLayout& layout, const LateLane& lane)
    : layout_(layout), lane_(lane), codec_(KeyTypes(layout, lane)) {}

void LateRowsIndex::Add(const Batch& batch) {
  const Schema schema = lane_.table->schema();
  auto millis = [&](int index, int64_t row) -> std::optional<int64_t> {
    if (index < 0 || batch.column(index)->IsNull(row)) return std::nullopt;
    const DataType& type = schema[schema.Find(lane_.columns[static_cast<size_t>(index)])].type;
    int64_t ms = MillisAt(*batch.column(index), row);
    return type.is(TypeKind::kTimestampLtz) ? FloorDiv(layout_.zone->ToLocalMicros(ms * 1000), 1000) : ms;
  };
  std::vector<ColumnPtr> keys(batch.columns.begin(),
                              batch.columns.begin() + static_cast<std::ptrdiff_t>(lane_.keys.size()));
  std::string key;
  for (int64_t row = 0; row < batch.rows; ++row) {
    std::optional<int64_t> time = millis(lane_.time, row), end = millis(lane_.window_end, row);
    ++rows_;
    if (!time && end) time = *end - 1;
    if (!time) continue;
    key.clear();
    codec_.EncodeRow(keys, row, &key);
    late_[key].push_back({*time, end.value_or(INT64_MAX)});
  }
}

void LateRowsIndex::Finish() {
  for (auto& [key, rows] : late_)
    std::sort(rows.begin(), rows.end(), [](const Late& a, const Late& b) { return a.time < b.time; });
}

TimeSpan LateRowsIndex::Near(const TimeSpan& span) const {
  if (layout_.place.kind == sql::RowPlace::Kind::kTime)
    return {span.start - layout_.reach_ms, span.end + layout_.reach_ms};
  // A late row may have joined two sessions, or made one longer.
  if (layout_.place.window.kind == sql::WindowKind::kSession)
    return {span.start - layout_.place.window.size, span.end + layout_.place.window.size};
  return span;
}

bool LateRowsIndex::Explains(const std::vector<ColumnPtr>& sink_columns, int64_t row) const {
  std::vector<ColumnPtr> keys;
  for (int key : lane_.keys) keys.push_back(sink_columns[static_cast<size_t>(key)]);
  std::string key;
  codec_.EncodeRow(keys, row, &key);
  auto found = late_.find(key);
  if (found == late_.end()) return false;
  std::optional<TimeSpan> span = layout_.SpanOf(sink_columns, row);
  if (!span) return true;
  // Of windows that overlap, a row may have missed only the earlier ones.
  sql::WindowKind kind = layout_.place.window.kind;
  bool overlap = layout_.place.kind == sql::RowPlace::Kind::kWindow &&
                 (kind == sql::WindowKind::kHop || kind == sql::WindowKind::kCumulate);
  TimeSpan near = Near(*span);
  auto at = std::lower_bound(found->second.begin(), found->second.end(), near.start,
                             [](const Late& late, int64_t time) { return late.time < time; });
  for (; at != found->second.end() && at->time < near.end; ++at) {
    if (!overlap || span->end <= at->window_end) return true;
  }
  return false;
}

}  // namespace penstock
