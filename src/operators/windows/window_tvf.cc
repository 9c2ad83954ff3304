// Windows attached to rows.
#include "operators/windows/window_tvf.h"

#include "data/column_builder.h"

namespace penstock {

std::string WindowTvfSpec::Serialize() const {
  ByteWriter out;
  window.Write(out);
  out.Fixed(time_column);
  out.Bool(local_zone);
  time_type.Write(out);
  return out.Take();
}

Result<WindowTvfSpec> WindowTvfSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  WindowTvfSpec spec;
  spec.window = WindowAssigner::Read(in);
  spec.time_column = in.Fixed<int>();
  spec.local_zone = in.Bool();
  ASSIGN_OR_RETURN(spec.time_type, DataType::Read(in));
  return spec;
}

Result<Progress> WindowTvf::Process(int, const Batch& batch, Output& out) {
  const TimeZone& zone = *context_->eval->zone;
  bool local = spec_.local_zone || spec_.time_column < 0;
  std::vector<int32_t> rows;
  ColumnBuilder starts(DataType::Timestamp(3)), ends(DataType::Timestamp(3)), times(spec_.time_type);
  for (int64_t row = 0; row < batch.rows; ++row) {
    int64_t micros = 0;
    if (spec_.time_column < 0) {
      micros = context_->clock->NowMicros();
    } else {
      const Column& time = *batch.column(spec_.time_column);
      if (time.IsNull(row)) {  // Flink drops and counts such rows
        ++context_->metrics->bad_rows;
        continue;
      }
      micros = time.physical() == Physical::kInt64 ? time.At<int64_t>(row)
                                                   : static_cast<int64_t>(time.At<int128_t>(row) / 1000);
    }
    int64_t millis = FloorDiv(local ? zone.ToLocalMicros(micros) : micros, int64_t{1000});
    int64_t slice = spec_.window.SliceEnd(millis);
    int64_t last = spec_.window.LastWindowEnd(slice);
    // The latest HOP window comes first, as in Flink.
    bool backwards = spec_.window.shape == WindowShape::kHop;
    for (int64_t n = 0, count = (last - slice) / spec_.window.step(); n <= count; ++n) {
      int64_t end = backwards ? last - n * spec_.window.step() : slice + n * spec_.window.step();
      rows.push_back(static_cast<int32_t>(row));
      starts.Append(spec_.window.WindowStart(end) * 1000);
      ends.Append(end * 1000);
      int64_t time = (end - 1) * 1000;
      times.Append(local ? zone.ToUtcMicros(time) : time);
    }
  }
  Batch result;
  result.rows = static_cast<int64_t>(rows.size());
  for (const ColumnPtr& column : batch.columns) result.columns.push_back(column->Take(rows));
  for (ColumnBuilder* builder : {&starts, &ends, &times}) result.columns.push_back(builder->Finish());
  if (batch.kinds) {
    auto kinds = std::make_shared<std::vector<RowKind>>();
    for (int32_t row : rows) kinds->push_back(batch.kind(row));
    result.kinds = std::move(kinds);
  }
  size_t before = 0;
  for (Mark mark : batch.marks) {
    while (before < rows.size() && rows[before] < mark.offset) ++before;
    mark.offset = static_cast<int32_t>(before);
    result.marks.push_back(mark);
  }
  if (!result.empty()) out.Emit(std::move(result));
  return Progress::kDone;
}

}  // namespace penstock
