// Making rows, cell by cell, straight into columns.
#include "api/access.h"
#include "expr/cast/cast.h"

namespace penstock::v1 {

RowWriter::Rep::Rep(const Schema& columns) : schema(columns) {
  for (const Field& field : schema.fields()) builders.emplace_back(field.type);
}

penstock::Batch RowWriter::Rep::Finish() {
  penstock::Batch batch;
  batch.rows = static_cast<int64_t>(kinds.size());
  for (ColumnBuilder& builder : builders) batch.columns.push_back(builder.Finish());
  if (!inserts) batch.kinds = std::make_shared<std::vector<penstock::RowKind>>(std::move(kinds));
  kinds.clear();
  inserts = true;
  return batch;
}

void RowWriter::Rep::Fail(std::string message) {
  if (status.ok()) status = Status(StatusCode::kInvalidArgument, std::move(message));
}

ColumnBuilder* RowWriter::Rep::Next() {
  if (!status.ok()) return nullptr;
  if (at < schema.size()) return &builders[static_cast<size_t>(at++)];
  Fail("a row has more than " + std::to_string(schema.size()) + " cells");
  return nullptr;
}

std::string RowWriter::Rep::Where() const { return "column '" + schema[at - 1].name + "': "; }

// What CAST makes of the text.
void RowWriter::Rep::AppendCast(ColumnBuilder& to, std::string_view text) {
  static const EvalContext context;
  if (casts.empty()) casts.resize(builders.size());
  Kernel& cast = casts[static_cast<size_t>(at - 1)];
  if (!cast) {
    penstock::Result<Kernel> made = MakeCast(DataType::String(), schema[at - 1].type, context, false);
    if (!made) return Fail(Where() + made.error().message());
    cast = std::move(*made);
  }
  ColumnPtr from =
      penstock::Column::Constant(DataType::String(), penstock::Value::String(std::string(text)), 1);
  penstock::Result<ColumnPtr> cell = cast(std::span<const ColumnPtr>(&from, 1), 1);
  if (!cell) return Fail(Where() + cell.error().message());
  to.AppendFrom(**cell, 0);
}

void RowWriter::Rep::AppendValue(ColumnBuilder& to, const Value& value) {
  penstock::Result<penstock::Value> cell = ToEngine(value, schema[at - 1].type);
  if (!cell) return Fail(Where() + cell.error().message());
  to.AppendValue(*cell);
}

RowWriter& RowWriter::Null() {
  ColumnBuilder* to = rep_->Next();
  if (to == nullptr) return *this;
  if (!rep_->schema[rep_->at - 1].type.nullable()) rep_->Fail(rep_->Where() + "NULL, but it is NOT NULL");
  to->AppendNull();
  return *this;
}

RowWriter& RowWriter::Bool(bool value) {
  ColumnBuilder* to = rep_->Next();
  if (to == nullptr) return *this;
  if (to->physical() == Physical::kBool)
    to->Append<uint8_t>(value ? 1 : 0);
  else
    rep_->AppendValue(*to, Value::Bool(value));
  return *this;
}

RowWriter& RowWriter::Int(int64_t value) {
  ColumnBuilder* to = rep_->Next();
  if (to == nullptr) return *this;
  if (to->physical() == Physical::kInt64) {
    to->Append(value);
    return *this;
  }
  rep_->AppendValue(*to, Value::Int(value));
  return *this;
}

RowWriter& RowWriter::Double(double value) {
  ColumnBuilder* to = rep_->Next();
  if (to == nullptr) return *this;
  if (to->physical() == Physical::kDouble)
    to->Append(value);
  else if (to->physical() == Physical::kFloat)
    to->Append(static_cast<float>(value));
  else
    rep_->AppendValue(*to, Value::Double(value));
  return *this;
}

RowWriter& RowWriter::Text(std::string_view value) {
  ColumnBuilder* to = rep_->Next();
  if (to == nullptr) return *this;
  if (to->physical() == Physical::kString)
    to->AppendString(value);
  else
    rep_->AppendCast(*to, value);
  return *this;
}

RowWriter& RowWriter::Add(const Value& value) {
  if (value.is_null()) return Null();
  if (value.is_text()) return Text(value.as_text());
  ColumnBuilder* to = rep_->Next();
  if (to == nullptr) return *this;
  rep_->AppendValue(*to, value);
  return *this;
}

void RowWriter::EndRow(RowKind kind) {
  if (!rep_->status.ok()) return;
  if (rep_->at != rep_->schema.size())
    return rep_->Fail("a row has " + std::to_string(rep_->at) + " of " + std::to_string(rep_->schema.size()) +
                      " cells");
  rep_->at = 0;
  rep_->kinds.push_back(static_cast<penstock::RowKind>(kind));
  rep_->inserts = rep_->inserts && kind == RowKind::kInsert;
}

int64_t RowWriter::rows() const { return static_cast<int64_t>(rep_->kinds.size()); }
const Status& RowWriter::status() const { return rep_->status; }

}  // namespace penstock::v1
