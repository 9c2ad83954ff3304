// Keys are evaluated and looked up a batch at a time.
#include "operators/joins/lookup_join.h"

#include <algorithm>
#include <numeric>

#include "data/row_codec.h"

namespace penstock {

std::string LookupJoinSpec::Serialize() const {
  ByteWriter out;
  join.Write(out);
  out.String(connector);
  out.String(table);
  WriteColumns(lookup_columns, out);
  WriteExprs(lookup_keys, out);
  out.Bool(right_filter != nullptr);
  if (right_filter) right_filter->Write(out);
  WriteExprs(right_columns, out);
  return out.Take();
}

Result<LookupJoinSpec> LookupJoinSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  LookupJoinSpec spec;
  ASSIGN_OR_RETURN(spec.join, JoinSpec::Read(in));
  spec.connector = std::string(in.String());
  spec.table = std::string(in.String());
  spec.lookup_columns = ReadColumns(in);
  ASSIGN_OR_RETURN(spec.lookup_keys, ReadExprs(in));
  if (in.Bool()) {
    ASSIGN_OR_RETURN(spec.right_filter, Expr::Read(in));
  }
  ASSIGN_OR_RETURN(spec.right_columns, ReadExprs(in));
  return spec;
}

Status LookupJoin::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  RETURN_IF_ERROR(condition_.Open(spec_.join, context->eval));
  auto make = [&](const std::vector<ExprPtr>& exprs, std::vector<Evaluator>* to) -> Status {
    for (const ExprPtr& expr : exprs) {
      ASSIGN_OR_RETURN(Evaluator evaluator, Evaluator::Make(expr, context->eval));
      to->push_back(std::move(evaluator));
    }
    return Status::Ok();
  };
  RETURN_IF_ERROR(make(spec_.lookup_keys, &keys_));
  RETURN_IF_ERROR(make(spec_.right_columns, &right_columns_));
  if (spec_.right_filter) {
    ASSIGN_OR_RETURN(Evaluator filter, Evaluator::Make(spec_.right_filter, context->eval));
    right_filter_.emplace(std::move(filter));
  }
  ASSIGN_OR_RETURN(table_, TableSpec::Parse(spec_.table));
  LookupSpec lookup{table_, spec_.lookup_columns};
  ASSIGN_OR_RETURN(reader_, registry_->NewLookup(spec_.connector, lookup,
                                                 {context->clock, context->files, context->eval}));
  output_types_ = spec_.join.output_types();
  return Status::Ok();
}

Result<Progress> LookupJoin::Process(int, const Batch& batch, Output& out) {
  int64_t done = 0;
  auto rows_until = [&](int64_t end) -> Status {
    if (done >= end) return Status::Ok();
    Batch part = done == 0 && end == batch.rows ? batch : batch.Slice(done, end - done);
    done = end;
    return JoinRows(part);
  };
  for (const Mark& mark : batch.marks) {
    RETURN_IF_ERROR(rows_until(mark.offset));
    queue_.AddMark(mark, output_types_);
  }
  RETURN_IF_ERROR(rows_until(batch.rows));
  return queue_.Flush(out);
}

Status LookupJoin::LookUp(const Batch& batch, std::vector<ColumnPtr>* right,
                          std::vector<int32_t>* left_rows) {
  EvalInput input{batch.columns, batch.rows, nullptr};
  std::vector<ColumnPtr> keys;
  for (const Evaluator& key : keys_) {
    ASSIGN_OR_RETURN(ColumnPtr column, key.Evaluate(input));
    keys.push_back(std::move(column));
  }
  std::vector<ColumnBuilder> builders = MakeBuilders(table_.schema().types());
  RETURN_IF_ERROR(reader_->Lookup(keys, batch.rows, builders, left_rows));
  EvalInput found{FinishBuilders(builders), static_cast<int64_t>(left_rows->size()), nullptr};
  if (right_filter_) {
    std::vector<int32_t> kept;
    RETURN_IF_ERROR(right_filter_->SelectRows(found, &kept));
    for (ColumnPtr& column : found.columns) column = column->Take(kept);
    for (size_t i = 0; i < kept.size(); ++i) (*left_rows)[i] = (*left_rows)[static_cast<size_t>(kept[i])];
    left_rows->resize(kept.size());
    found.rows = static_cast<int64_t>(kept.size());
  }
  for (const Evaluator& expr : right_columns_) {
    ASSIGN_OR_RETURN(ColumnPtr column, expr.Evaluate(found));
    right->push_back(Column::Flatten(column));
  }
  return Status::Ok();
}

Status LookupJoin::JoinRows(const Batch& batch) {
  std::vector<ColumnPtr> right;
  std::vector<int32_t> left_rows;
  RETURN_IF_ERROR(LookUp(batch, &right, &left_rows));
  std::vector<int32_t> right_rows(left_rows.size());
  std::iota(right_rows.begin(), right_rows.end(), 0);
  std::vector<uint8_t> keep;
  RETURN_IF_ERROR(condition_.Evaluate(batch.columns, left_rows, right, right_rows, &keep));
  JoinedRows result;
  size_t at = 0;
  for (int64_t row = 0; row < batch.rows; ++row) {
    auto left = static_cast<int32_t>(row);
    bool found = false;
    for (; at < left_rows.size() && left_rows[at] == left; ++at) {
      if (keep[at] == 0) continue;
      found = true;
      result.Add(left, right_rows[at], batch.kind(row));
    }
    if (!found && spec_.join.outer(kLeftSide)) result.Add(left, -1, batch.kind(row));
  }
  if (!result.empty()) queue_.AddRows(result.Take(spec_.join, batch.columns, right));
  return Status::Ok();
}

}  // namespace penstock
