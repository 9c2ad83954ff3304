// Rows kept in order until their time.
#include "operators/rank/sort.h"

namespace penstock {

std::string SortSpec::Serialize() const {
  ByteWriter out;
  rows.Write(out);
  out.Fixed(time_column);
  return out.Take();
}

Result<SortSpec> SortSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  SortSpec spec;
  ASSIGN_OR_RETURN(spec.rows, RowLayout::Read(in));
  spec.time_column = in.Fixed<int>();
  return spec;
}

namespace {
const StateKey kOnly{"", HashKey("")};
constexpr size_t kTimeBytes = 8;
constexpr size_t kArrivalBytes = 8;
// Where the state keeps `emitted_`: beside the rows.
constexpr int64_t kEmittedNamespace = 1;
constexpr std::string_view kEmitted = "emitted";
}  // namespace

Sort::Sort(SortSpec spec)
    : spec_(std::move(spec)),
      order_codec_(spec_.rows.OrderCodec()),
      row_codec_(spec_.rows.types),
      writer_(spec_.rows.types, spec_.rows.types.size()) {}

Status Sort::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  ASSIGN_OR_RETURN(rows_, context->state->OpenMap({"sort", 0, 0}));
  if (auto emitted = rows_->Get(kEmittedNamespace, kOnly, kEmitted)) emitted_ = ReadOrdered(*emitted);
  return Status::Ok();
}

Status Sort::SnapshotState(std::vector<std::string>* out) {
  arrivals_.Snapshot(out);
  return Status::Ok();
}

Status Sort::RestoreState(const std::vector<std::string>& lists) {
  arrivals_.Restore(lists);
  return Status::Ok();
}

Result<Progress> Sort::Process(int, const Batch& batch, Output& out) {
  int64_t done = 0;
  for (const Mark& mark : batch.marks) {
    RETURN_IF_ERROR(ProcessRows(batch, done, mark.offset));
    done = mark.offset;
    bool advances = mark.kind == MarkKind::kWatermark && mark.watermark > watermark_;
    if (advances && (spec_.time_column >= 0 || mark.watermark == kMaxWatermark)) EmitUpTo(mark.watermark);
    if (advances) watermark_ = mark.watermark;
    queue_.AddMark(mark, writer_.types());
  }
  RETURN_IF_ERROR(ProcessRows(batch, done, batch.rows));
  return FlushQueues(out);
}

Progress Sort::FlushQueues(Output& out) {
  if (late_.Flush(out) == Progress::kBlocked) return Progress::kBlocked;
  return queue_.Flush(out);
}

Status Sort::ProcessRows(const Batch& batch, int64_t begin, int64_t end) {
  std::vector<ColumnPtr> order = spec_.rows.OrderColumns(batch);
  std::string element, encoded;
  for (int64_t row = begin; row < end; ++row) {
    element.clear();
    encoded.clear();
    if (spec_.time_column >= 0) {
      const Column& time = *batch.column(spec_.time_column);
      if (time.IsNull(row)) {
        return Status::InvalidData("rowtime of a sorted row is NULL").WithNumber(ErrorNumber::kNullRowtime);
      }
      int64_t millis = MillisAt(time, row);
      if (emitted_ != kNoWatermark && millis <= emitted_) {
        late_.Add(row);
        continue;
      }
      AppendOrdered(millis, &element);
    }
    order_codec_.EncodeRow(order, row, &element);
    row_codec_.EncodeRow(batch.columns, row, &encoded);
    if (IsAdd(batch.kind(row))) {
      AppendOrdered(arrivals_.Next(), &element);
      rows_->Put(0, kOnly, element, encoded);
    } else {
      TakeBack(element, encoded);
    }
  }
  late_.Take(batch, watermark_, context_->metrics);
  return Status::Ok();
}

void Sort::TakeBack(const std::string& element, const std::string& row) {
  std::string found;
  rows_->Scan(0, kOnly, element, [&](std::string_view at, std::string_view kept) {
    if (at.substr(0, at.size() - kArrivalBytes) != element) return false;
    if (kept == row) found = std::string(at);
    return found.empty();
  });
  if (!found.empty()) rows_->Erase(0, kOnly, found);
}

void Sort::EmitUpTo(int64_t watermark) {
  std::vector<std::string> left;
  rows_->Scan(0, kOnly, "", [&](std::string_view element, std::string_view row) {
    bool waits = spec_.time_column >= 0 && ReadOrdered(element.substr(0, kTimeBytes)) > watermark;
    if (waits) return false;
    if (spec_.time_column >= 0) emitted_ = ReadOrdered(element.substr(0, kTimeBytes));
    writer_.Add(row, RowKind::kInsert);
    if (writer_.rows() >= context_->batch_rows) writer_.FlushTo(&queue_);
    left.emplace_back(element);
    return true;
  });
  writer_.FlushTo(&queue_);
  for (const std::string& element : left) rows_->Erase(0, kOnly, element);
  if (spec_.time_column < 0) return;
  std::string time;
  AppendOrdered(emitted_, &time);
  if (watermark == kMaxWatermark)
    rows_->Erase(kEmittedNamespace, kOnly, kEmitted);
  else if (!left.empty())
    rows_->Put(kEmittedNamespace, kOnly, kEmitted, time);
}

Result<Progress> Sort::OnEndOfInput(int, bool drained, Output& out) {
  if (drained && spec_.time_column < 0) EmitUpTo(kMaxWatermark);
  return FlushQueues(out);
}

}  // namespace penstock
