// Rows that came too late, as batches of the late lane.
#include "operators/late_rows.h"

#include <algorithm>

#include "data/row_codec.h"

namespace penstock {

const Schema& LateRows::schema() {
  static const Schema schema{
      {"late_watermark", DataType::TimestampLtz(3)}, {"late_window_start", DataType::Timestamp(3)},
      {"late_window_end", DataType::Timestamp(3)},   {"late_partial", DataType::Boolean().NotNull()},
      {"late_change", DataType::String().NotNull()}, {"$side", DataType::Int().NotNull()}};
  return schema;
}

std::vector<ColumnPtr> LateRows::InputColumns(const Batch& batch, const std::vector<int32_t>& rows,
                                              size_t side) const {
  std::vector<ColumnPtr> columns;
  if (!sides_) {
    for (const ColumnPtr& column : batch.columns) columns.push_back(column->Take(rows));
    return columns;
  }
  for (size_t s : {0, 1}) {
    for (size_t i = 0; i < (*sides_)[s].size(); ++i) {
      columns.push_back(s == side ? batch.columns[i]->Take(rows)
                                  : Column::Constant((*sides_)[s][i].WithNullable(true), Value::Null(),
                                                     static_cast<int64_t>(rows.size())));
    }
  }
  return columns;
}

void LateRows::Take(const Batch& batch, int64_t watermark, OperatorMetrics* metrics, size_t side) {
  if (noted_.empty()) return;
  std::vector<int32_t> rows;
  std::vector<ColumnBuilder> builders = MakeBuilders(schema().types());
  auto append = [](ColumnBuilder& to, std::optional<int64_t> millis) {
    if (millis) {
      to.Append(*millis * 1000);
    } else {
      to.AppendNull();
    }
  };
  // At the end of a bounded input there is no watermark that could be shown.
  bool shown = watermark != kMaxWatermark && watermark != kNoWatermark;
  for (const Noted& late : noted_) {
    rows.push_back(late.row);
    append(builders[0], shown ? std::optional(watermark) : std::nullopt);
    append(builders[1], late.window_start);
    append(builders[2], late.window_end);
    builders[3].Append<uint8_t>(late.partial ? 1 : 0);
    builders[4].AppendString(RowKindText(batch.kind(late.row)));
    builders[5].Append(static_cast<int32_t>(side));
    ++(late.partial ? metrics->partial_rows : metrics->late_rows);
  }
  noted_.clear();
  Batch late(static_cast<int64_t>(rows.size()), InputColumns(batch, rows, side));
  for (ColumnPtr& column : FinishBuilders(builders)) late.columns.push_back(std::move(column));
  queue_.AddRows(std::move(late));
}

}  // namespace penstock
