// Top-N of windows.
#include "operators/rank/window_rank.h"

#include "data/datetime.h"

namespace penstock {

std::string WindowRankSpec::Serialize() const {
  ByteWriter out;
  rows.Write(out);
  out.Fixed(window_start);
  out.Fixed(window_end);
  out.Bool(local_zone);
  out.Fixed(first);
  out.Fixed(last);
  out.Bool(later_wins);
  out.Bool(number);
  return out.Take();
}

Result<WindowRankSpec> WindowRankSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  WindowRankSpec spec;
  ASSIGN_OR_RETURN(spec.rows, RowLayout::Read(in));
  spec.window_start = in.Fixed<int>();
  spec.window_end = in.Fixed<int>();
  spec.local_zone = in.Bool();
  spec.first = in.Fixed<int64_t>();
  spec.last = in.Fixed<int64_t>();
  spec.later_wins = in.Bool();
  spec.number = in.Bool();
  return spec;
}

namespace {
constexpr size_t kStartBytes = 8;

std::vector<DataType> OutputTypes(const WindowRankSpec& spec) {
  std::vector<DataType> types = spec.rows.types;
  if (spec.number) types.push_back(DataType::BigInt().NotNull());
  return types;
}
}  // namespace

WindowRank::WindowRank(WindowRankSpec spec)
    : spec_(std::move(spec)),
      partition_codec_(spec_.rows.PartitionCodec()),
      order_codec_(spec_.rows.OrderCodec()),
      row_codec_(spec_.rows.types),
      writer_(OutputTypes(spec_), spec_.rows.types.size()) {}

Status WindowRank::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  ASSIGN_OR_RETURN(windows_, context->state->OpenMap({"window-rank", 0, 0}));
  for (int64_t window_end : windows_->Namespaces()) pending_.insert(window_end);
  return Status::Ok();
}

Status WindowRank::SnapshotState(std::vector<std::string>* out) {
  arrivals_.Snapshot(out);
  return Status::Ok();
}

Status WindowRank::RestoreState(const std::vector<std::string>& lists) {
  arrivals_.Restore(lists);
  return Status::Ok();
}

Progress WindowRank::FlushQueues(Output& out) {
  if (late_.Flush(out) == Progress::kBlocked) return Progress::kBlocked;
  return queue_.Flush(out);
}

int64_t WindowRank::FireTime(int64_t window_end) const {
  if (!spec_.local_zone) return window_end - 1;
  return FloorDiv(context_->eval->zone->ToUtcMicros(window_end * 1000), int64_t{1000}) - 1;
}

Result<Progress> WindowRank::Process(int, const Batch& batch, Output& out) {
  int64_t done = 0;
  for (const Mark& mark : batch.marks) {
    ProcessRows(batch, done, mark.offset);
    done = mark.offset;
    if (mark.kind == MarkKind::kWatermark && mark.watermark > watermark_) {
      watermark_ = mark.watermark;
      while (!pending_.empty() && FireTime(*pending_.begin()) <= watermark_) {
        Fire(*pending_.begin());
        pending_.erase(pending_.begin());
      }
    }
    queue_.AddMark(mark, writer_.types());
  }
  ProcessRows(batch, done, batch.rows);
  return FlushQueues(out);
}

void WindowRank::ProcessRows(const Batch& batch, int64_t begin, int64_t end) {
  if (begin >= end) return;
  std::vector<ColumnPtr> partition = spec_.rows.PartitionColumns(batch);
  const Column& starts = *batch.column(spec_.window_start);
  std::vector<ColumnPtr> order = spec_.rows.OrderColumns(batch);
  const Column& ends = *batch.column(spec_.window_end);
  std::string key, element, encoded;
  for (int64_t row = begin; row < end; ++row) {
    int64_t window_end = MillisAt(ends, row);
    if (watermark_ != kNoWatermark && FireTime(window_end) <= watermark_) {
      late_.AddWindowed(row, MillisAt(starts, row), window_end);
      continue;
    }
    key.clear();
    element.clear();
    encoded.clear();
    partition_codec_.EncodeRow(partition, row, &key);
    // Sessions of one key may end together after a savepoint: the start comes before the sort key.
    AppendOrdered(MillisAt(starts, row), &element);
    order_codec_.EncodeRow(order, row, &element);
    int64_t arrival = arrivals_.Next();
    AppendOrdered(spec_.later_wins ? -arrival : arrival, &element);
    row_codec_.EncodeRow(batch.columns, row, &encoded);
    Keep(window_end, {key, HashKey(key)}, element, encoded);
  }
  late_.Take(batch, watermark_, context_->metrics);
}

// Only the best N rows of a window stay.
void WindowRank::Keep(int64_t window_end, StateKey key, const std::string& element, const std::string& row) {
  windows_->Put(window_end, key, element, row);
  pending_.insert(window_end);
  int64_t rank = 0;
  std::string worst;
  std::string_view window = std::string_view(element).substr(0, kStartBytes);
  windows_->Scan(window_end, key, window, [&](std::string_view at, std::string_view) {
    if (at.substr(0, kStartBytes) != window) return false;
    if (++rank > spec_.last) worst = std::string(at);
    return true;
  });
  if (!worst.empty()) windows_->Erase(window_end, key, worst);
}

void WindowRank::Fire(int64_t window_end) {
  windows_->ForEachKey(window_end, [&](StateKey key) {
    int64_t rank = 0;
    std::string window;
    windows_->Scan(window_end, key, "", [&](std::string_view at, std::string_view row) {
      if (at.substr(0, kStartBytes) != window) {
        window = at.substr(0, kStartBytes);
        rank = 0;
      }
      if (++rank < spec_.first) return true;
      writer_.Add(row, RowKind::kInsert);
      if (spec_.number) writer_.extra(0).Append(rank);
      return true;
    });
    if (writer_.rows() >= context_->batch_rows) writer_.FlushTo(&queue_);
  });
  writer_.FlushTo(&queue_);
  windows_->EraseNamespace(window_end);
}

}  // namespace penstock
