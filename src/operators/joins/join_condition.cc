// Conditions over pairs of rows, and the rows they lead to.
#include "operators/joins/join_condition.h"

namespace penstock {

Status JoinCondition::Open(const JoinSpec& spec, const EvalContext* eval) {
  left_width_ = spec.sides[kLeftSide].types.size();
  if (!spec.condition) return Status::Ok();
  inputs_ = InputsOf(spec.condition);
  ASSIGN_OR_RETURN(Evaluator evaluator, Evaluator::Make(spec.condition, eval));
  evaluator_.emplace(std::move(evaluator));
  return Status::Ok();
}

Status JoinCondition::Evaluate(const std::vector<ColumnPtr>& left, std::span<const int32_t> left_rows,
                               const std::vector<ColumnPtr>& right, std::span<const int32_t> right_rows,
                               std::vector<uint8_t>* keep) const {
  keep->assign(left_rows.size(), always() ? 1 : 0);
  if (always() || left_rows.empty()) return Status::Ok();
  EvalInput input;
  input.rows = static_cast<int64_t>(left_rows.size());
  input.columns.resize(left_width_ + right.size());
  for (int column : inputs_) {
    auto i = static_cast<size_t>(column);
    input.columns[i] = i < left_width_ ? left[i]->Take(left_rows) : right[i - left_width_]->Take(right_rows);
  }
  std::vector<int32_t> selected;
  RETURN_IF_ERROR(evaluator_->SelectRows(input, &selected));
  for (int32_t row : selected) (*keep)[static_cast<size_t>(row)] = 1;
  return Status::Ok();
}

void JoinKeys::Encode(const Batch& batch) {
  if (batch.rows == 0) return;  // marks alone may come without columns
  const JoinSide& side = spec_->sides[side_];
  std::vector<ColumnPtr> columns;
  for (int key : side.keys) columns.push_back(batch.column(key));
  keys_.Encode(codec_, columns, batch.rows);
  auto rows = static_cast<size_t>(batch.rows);
  nulls_.clear();
  for (size_t k = 0; k < columns.size(); ++k) {
    if (spec_->null_safe[k] || !columns[k]->has_validity()) continue;
    if (nulls_.empty()) nulls_.assign(rows, 0);
    for (size_t i = 0; i < rows; ++i) {
      if (columns[k]->IsNull(static_cast<int64_t>(i))) nulls_[i] = 1;
    }
  }
}

ColumnPtr TakePadded(const ColumnPtr& column, const DataType& type, std::span<const int32_t> rows) {
  ColumnPtr pieces[] = {column, Column::Flatten(Column::Constant(type.WithNullable(true), Value::Null(), 1))};
  ColumnPtr padded = Column::Concat(pieces);
  std::vector<int32_t> moved(rows.begin(), rows.end());
  auto null_row = static_cast<int32_t>(column->length());
  for (int32_t& row : moved) row = row < 0 ? null_row : row;
  return padded->Take(moved);
}

Batch JoinedRows::Take(const JoinSpec& spec, const std::vector<ColumnPtr>& left,
                       const std::vector<ColumnPtr>& right) {
  Batch batch;
  batch.rows = static_cast<int64_t>(kinds_.size());
  auto add = [&](size_t side, const std::vector<ColumnPtr>& columns, const std::vector<int32_t>& rows,
                 bool padded) {
    const std::vector<DataType>& types = spec.sides[side].types;
    for (size_t i = 0; i < types.size(); ++i) {
      batch.columns.push_back(padded ? TakePadded(columns[i], types[i], rows) : columns[i]->Take(rows));
    }
  };
  add(kLeftSide, left, left_, padded_left_);
  if (!spec.left_only()) add(kRightSide, right, right_, padded_right_);
  if (!inserts_) batch.kinds = std::make_shared<std::vector<RowKind>>(std::move(kinds_));
  *this = JoinedRows();
  return batch;
}

}  // namespace penstock
