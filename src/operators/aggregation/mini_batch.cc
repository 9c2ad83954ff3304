// Collecting of a bundle.
#include "operators/aggregation/mini_batch.h"

#include <algorithm>

namespace penstock {

void MiniBatchSpec::Write(ByteWriter& out) const {
  out.Fixed(size);
  out.Fixed(latency_ms);
}

MiniBatchSpec MiniBatchSpec::Read(ByteReader& in) {
  MiniBatchSpec spec;
  spec.size = in.Fixed<int64_t>();
  spec.latency_ms = in.Fixed<int64_t>();
  return spec;
}

void MiniBatch::Add(Batch rows, int64_t now) {
  if (rows.rows == 0) return;
  if (deadline_ == INT64_MAX) deadline_ = now + spec_.latency_ms;
  rows_ += rows.rows;
  rows.marks.clear();
  batches_.push_back(std::move(rows));
}

void MiniBatch::AddMark(const Mark& mark) {
  bool replaces =
      !marks_.empty() && marks_.back().kind == MarkKind::kWatermark && mark.kind == MarkKind::kWatermark;
  if (replaces) {
    marks_.back() = mark;
  } else {
    marks_.push_back(mark);
  }
}

Batch MiniBatch::TakeRows() {
  deadline_ = INT64_MAX;
  rows_ = 0;
  std::vector<Batch> batches;
  batches.swap(batches_);
  if (batches.empty()) return {};
  if (batches.size() == 1) return std::move(batches[0]);
  Batch all;
  bool changes = false;
  for (const Batch& batch : batches) {
    all.rows += batch.rows;
    changes = changes || batch.kinds != nullptr;
  }
  for (size_t c = 0; c < batches[0].columns.size(); ++c) {
    std::vector<ColumnPtr> pieces;
    for (const Batch& batch : batches) pieces.push_back(Column::Flatten(batch.columns[c]));
    all.columns.push_back(Column::Concat(pieces));
  }
  if (!changes) return all;
  auto kinds = std::make_shared<std::vector<RowKind>>();
  for (const Batch& batch : batches) {
    for (int64_t row = 0; row < batch.rows; ++row) kinds->push_back(batch.kind(row));
  }
  all.kinds = std::move(kinds);
  return all;
}

std::vector<Mark> MiniBatch::TakeMarks() {
  std::vector<Mark> marks;
  marks.swap(marks_);
  return marks;
}

}  // namespace penstock
