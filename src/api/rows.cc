// Reading rows.
#include "penstock/rows.h"

#include "api/access.h"
#include "base/check.h"
#include "data/value_text.h"

namespace penstock::v1 {

RowBatch Access::Wrap(penstock::Batch batch, std::vector<DataType> types) {
  RowBatch rows;
  rows.rep_ = std::make_shared<RowBatch::Rep>(RowBatch::Rep{std::move(batch), std::move(types)});
  return rows;
}

RowBatch::RowBatch() {
  static const auto empty = std::make_shared<const Rep>();
  rep_ = empty;
}

int64_t RowBatch::rows() const { return rep_->batch.rows; }
int RowBatch::columns() const { return static_cast<int>(rep_->types.size()); }
RowKind RowBatch::kind(int64_t row) const { return static_cast<RowKind>(rep_->batch.kind(row)); }
bool RowBatch::IsNull(int64_t row, int column) const { return rep_->batch.column(column)->IsNull(row); }

bool RowBatch::Bool(int64_t row, int column) const {
  const penstock::Column& cells = *rep_->batch.column(column);
  CHECK(cells.physical() == Physical::kBool);
  return cells.At<uint8_t>(row) != 0;
}

int64_t RowBatch::Int(int64_t row, int column) const {
  const penstock::Column& cells = *rep_->batch.column(column);
  switch (cells.physical()) {
    case Physical::kInt8: return cells.At<int8_t>(row);
    case Physical::kInt16: return cells.At<int16_t>(row);
    case Physical::kInt32: return cells.At<int32_t>(row);
    case Physical::kInt64: return cells.At<int64_t>(row);
    default: break;
  }
  CHECK(rep_->types[static_cast<size_t>(column)].is_timestamp());
  return static_cast<int64_t>(cells.At<int128_t>(row));
}

double RowBatch::Double(int64_t row, int column) const {
  const penstock::Column& cells = *rep_->batch.column(column);
  if (cells.physical() == Physical::kFloat) return cells.At<float>(row);
  CHECK(cells.physical() == Physical::kDouble);
  return cells.At<double>(row);
}

std::string_view RowBatch::Text(int64_t row, int column) const {
  const penstock::Column& cells = *rep_->batch.column(column);
  CHECK(cells.physical() == Physical::kString);
  return cells.StringAt(row);
}

Value RowBatch::Get(int64_t row, int column) const {
  return FromEngine(rep_->batch.column(column)->ValueAt(row), rep_->types[static_cast<size_t>(column)]);
}

std::string RowBatch::ToText(int64_t row, int column) const {
  if (IsNull(row, column)) return "NULL";
  return ValueToText(rep_->batch.column(column)->ValueAt(row), rep_->types[static_cast<size_t>(column)],
                     TimeZone::Utc());
}

std::string Row::ToString() const {
  std::string text = std::string(RowKindText(kind())) + "[";
  for (int i = 0; i < size(); ++i) text += (i > 0 ? ", " : "") + batch_.ToText(row_, i);
  return text + "]";
}

}  // namespace penstock::v1
