// Sessions of sorted rows. A stored row is the size of its partition's key, its time, the encoded row.
#include "operators/batch/batch_session.h"

#include <cstring>

#include "data/datetime.h"

namespace penstock {

namespace {

struct Header {
  int64_t time;
  uint32_t partition_size;
};

std::vector<DataType> OutputTypes(const SessionWindowSpec& spec) {
  std::vector<DataType> types = spec.rows.types;
  types.push_back(DataType::Timestamp(3).NotNull());
  types.push_back(DataType::Timestamp(3).NotNull());
  types.push_back(spec.time_type);
  return types;
}

}  // namespace

BatchSession::BatchSession(SessionWindowSpec spec)
    : BatchOperator(OutputTypes(spec)),
      spec_(std::move(spec)),
      partition_codec_(spec_.rows.PartitionCodec()),
      row_codec_(spec_.rows.types) {}

Status BatchSession::Prepare() {
  sort_ = std::make_unique<ExternalSort>(space_.get(), 2);
  return Status::Ok();
}

Status BatchSession::Add(int, const Batch& batch) {
  std::vector<ColumnPtr> partition = spec_.rows.PartitionColumns(batch);
  const Column& times = *batch.column(spec_.time_column);
  const TimeZone& zone = *context_->eval->zone;
  std::string key, value;
  for (int64_t row = 0; row < batch.rows; ++row) {
    if (times.IsNull(row)) {
      ++context_->metrics->bad_rows;
      continue;
    }
    Header header{MillisAt(times, row), 0};
    if (spec_.local_zone) header.time = FloorDiv(zone.ToLocalMicros(header.time * 1000), int64_t{1000});
    key.clear();
    partition_codec_.EncodeRow(partition, row, &key);
    header.partition_size = static_cast<uint32_t>(key.size());
    AppendOrdered(header.time, &key);
    value.assign(reinterpret_cast<const char*>(&header), sizeof(header));
    row_codec_.EncodeRow(batch.columns, row, &value);
    RETURN_IF_ERROR(sort_->Add(key, value));
  }
  return Status::Ok();
}

Status BatchSession::Walker::Next() {
  ASSIGN_OR_RETURN(at_row, cursor->Next());
  if (!at_row) return Status::Ok();
  Header header;
  std::memcpy(&header, cursor->row().data(), sizeof(header));
  partition = cursor->key().substr(0, header.partition_size);
  row = cursor->row().substr(sizeof(header));
  time = header.time;
  return Status::Ok();
}

Status BatchSession::Finish() {
  RETURN_IF_ERROR(sort_->Finish());
  for (Walker* walker : {&emit_, &lead_}) {
    ASSIGN_OR_RETURN(walker->cursor, sort_->NewCursor());
    RETURN_IF_ERROR(walker->Next());
  }
  return Status::Ok();
}

// The rows from the present one on, each within the gap of the one before.
Status BatchSession::FindSession() {
  std::string partition(lead_.partition);
  start_ = lead_.time;
  left_ = 0;
  while (lead_.at_row && lead_.partition == partition && (left_ == 0 || lead_.time <= end_)) {
    end_ = lead_.time + spec_.gap;
    ++left_;
    RETURN_IF_ERROR(lead_.Next());
  }
  return Status::Ok();
}

Result<bool> BatchSession::NextResult(Batch* out) {
  std::vector<ColumnBuilder> builders = MakeBuilders(output_types());
  size_t width = spec_.rows.types.size();
  const TimeZone& zone = *context_->eval->zone;
  int64_t rows = 0;
  for (; emit_.at_row && rows < context_->batch_rows; ++rows) {
    if (left_ == 0) RETURN_IF_ERROR(FindSession());
    --left_;
    row_codec_.Decode(emit_.row, std::span(builders.data(), width));
    builders[width].Append(start_ * 1000);
    builders[width + 1].Append(end_ * 1000);
    int64_t time = (end_ - 1) * 1000;
    builders[width + 2].Append(spec_.local_zone ? zone.ToUtcMicros(time) : time);
    RETURN_IF_ERROR(emit_.Next());
  }
  if (rows == 0) return false;
  *out = Batch(rows, FinishBuilders(builders));
  return true;
}

}  // namespace penstock
