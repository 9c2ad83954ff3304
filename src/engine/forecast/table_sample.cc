// Counting a sample.
#include "engine/forecast/table_sample.h"

#include <algorithm>

namespace penstock {

namespace {

constexpr size_t kWidths = 4096;    // keys whose length is noted
constexpr int64_t kEntries = 1024;  // rows whose length is noted, about

std::vector<DataType> TypesOf(const std::vector<sql::TracedColumn>& columns) {
  std::vector<DataType> types;
  for (const sql::TracedColumn& column : columns) types.push_back(column.type);
  return types;
}

std::vector<ColumnPtr> Pick(const Batch& batch, const std::vector<sql::TracedColumn>& columns) {
  std::vector<ColumnPtr> picked;
  for (const sql::TracedColumn& column : columns) picked.push_back(batch.column(column.column));
  return picked;
}

}  // namespace

void TableSample::Occurrences::NotePrefix(double rows) {
  if (rows > 0 && (prefixes.empty() || prefixes.back().rows < rows))
    prefixes.push_back({rows, static_cast<double>(counts.size())});
}

sql::KeySample TableSample::Occurrences::Take(double rows) const {
  sql::KeySample sample;
  sample.prefixes = prefixes;
  if (prefixes.empty() || prefixes.back().rows < rows)
    sample.prefixes.push_back({rows, static_cast<double>(counts.size())});
  for (const auto& [hash, count] : counts) {
    auto times = static_cast<size_t>(count);
    if (times >= sample.occurring.size()) sample.occurring.resize(times + 1);
    ++sample.occurring[times];
  }
  return sample;
}

TableSample::TableSample(std::vector<Feed> feeds, int64_t most_rows)
    : feeds_(std::move(feeds)),
      most_rows_(std::max<int64_t>(most_rows, 1)),
      next_prefix_(std::max<int64_t>(most_rows_ / 64, 1)) {
  for (size_t f = 0; f < feeds_.size(); ++f) {
    for (const sql::StateUse* use : feeds_[f].uses) {
      Counter& counter = counters_.emplace_back();
      counter.use = use;
      counter.feed = f;
      counter.key_codec = KeyCodec(TypesOf(use->keys));
      if (use->keeping != sql::Keeping::kViews) counter.name_codec = RowCodec(TypesOf(use->name));
      counter.row_codec = RowCodec(TypesOf(use->row));
    }
  }
}

Status TableSample::status() const {
  if (!failed_.ok()) return failed_;
  return rows_ < most_rows_ ? Status::Ok() : Status(StatusCode::kCancelled, "the sample is large enough");
}

void TableSample::NoteEntry(Counter* counter, const Batch& batch, int64_t row, bool new_key) {
  if (new_key && counter->key_bytes.size() < kWidths) {
    counter->key_bytes.push_back(key_.size());
    if (size_t columns = counter->use->group_columns; columns > 0) {
      std::vector<ColumnPtr> group = Pick(batch, counter->use->keys);
      group.resize(columns);
      std::string encoded;
      counter->key_codec.EncodeRow(group, row, &encoded);
      counter->group_hashes.push_back(HashKey(encoded));
    }
  }
  if (counter->rows % std::max<int64_t>(1, most_rows_ / kEntries) != 0) return;
  EntrySample& entries = counter->entries;
  if (counter->use->keeping == sql::Keeping::kViews) {
    auto picked = static_cast<int32_t>(row);
    std::vector<ColumnPtr> values;
    for (const ColumnPtr& column : Pick(batch, counter->use->name))
      values.push_back(Column::Flatten(column->Take(std::span(&picked, 1))));
    counter->values.push_back(std::move(values));
    return;
  }
  std::string encoded;
  if (!counter->use->row.empty()) counter->row_codec.EncodeRow(Pick(batch, counter->use->row), row, &encoded);
  entries.name_bytes.push_back(name_.size());
  entries.row_bytes.push_back(encoded.size());
}

void TableSample::Count(Counter* counter, const Batch& batch) {
  const sql::StateUse& use = *counter->use;
  std::vector<ColumnPtr> keys = Pick(batch, use.keys), names;
  bool named = use.keeping == sql::Keeping::kDistinct && !use.name.empty();
  if (named) names = Pick(batch, use.name);
  const Column* filter = use.filter < 0 || batch.rows == 0 ? nullptr : batch.column(use.filter).get();
  for (int64_t row = 0; row < batch.rows; ++row) {
    if (!IsAdd(batch.kind(row))) continue;
    if (filter != nullptr && (filter->IsNull(row) || filter->At<uint8_t>(row) == 0)) continue;
    key_.clear();
    name_.clear();
    counter->key_codec.EncodeRow(keys, row, &key_);
    bool is_new = counter->keys.Add(HashKey(key_));
    if (named) {
      counter->name_codec.EncodeRow(names, row, &name_);
      counter->names.Add(HashKey(key_ + name_));
    }
    NoteEntry(counter, batch, row, is_new);
    ++counter->rows;
  }
}

void TableSample::Pass(const Batch& batch) {
  std::vector<Batch> arrived;
  for (Feed& feed : feeds_) {
    Batch rows;
    rows.rows = batch.rows;
    rows.kinds = batch.kinds;
    for (int column : feed.columns) rows.columns.push_back(batch.column(column));
    Result<Batch> passed = feed.rows->Pass(std::move(rows));
    if (!passed) {
      failed_ = Status(passed.error());
      return;
    }
    arrived.push_back(std::move(*passed));
  }
  for (Counter& counter : counters_) Count(&counter, arrived[counter.feed]);
}

void TableSample::OnRows(int, const Batch& batch) {
  for (int64_t done = 0; done < batch.rows && rows_ < most_rows_ && failed_.ok();) {
    int64_t part = std::min({batch.rows - done, most_rows_ - rows_, next_prefix_ - rows_});
    Pass(batch.Slice(done, part));
    done += part;
    rows_ += part;
    if (rows_ < next_prefix_) continue;
    for (Counter& counter : counters_) {
      counter.keys.NotePrefix(static_cast<double>(counter.rows));
      counter.names.NotePrefix(static_cast<double>(counter.rows));
    }
    next_prefix_ = rows_ * 2;
  }
}

TableSample::Found TableSample::Of(const sql::StateUse& use) const {
  Found found;
  for (const Counter& counter : counters_) {
    if (counter.use != &use) continue;
    const InputRows& passed = *feeds_[counter.feed].rows;
    found.rows = static_cast<double>(counter.rows);
    if (passed.span_ms() > 0) found.rate = found.rows / passed.span_ms();
    found.delay_ms = static_cast<double>(std::max<int64_t>(0, passed.delay_ms()));
    found.keys = counter.keys.Take(found.rows);
    found.names = counter.names.Take(found.rows);
    found.key_bytes = counter.key_bytes;
    found.group_hashes = counter.group_hashes;
    found.entries = counter.entries;
    found.entries.value_rows = static_cast<int64_t>(counter.values.size());
    for (size_t c = 0; !counter.values.empty() && c < counter.values[0].size(); ++c) {
      std::vector<ColumnPtr> pieces;
      for (const auto& values : counter.values) pieces.push_back(values[c]);
      found.entries.values.push_back(Column::Concat(pieces));
    }
  }
  return found;
}

}  // namespace penstock
