// Elements are gathered from the collection's children, a column at a time.
#include "operators/unnest.h"

#include <algorithm>

#include "operators/joins/join_condition.h"

namespace penstock {

std::string UnnestSpec::Serialize() const {
  ByteWriter out;
  collection->Write(out);
  WriteTypes(added, out);
  out.Bool(outer);
  out.Bool(ordinality);
  return out.Take();
}

Result<UnnestSpec> UnnestSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  UnnestSpec spec;
  ASSIGN_OR_RETURN(spec.collection, Expr::Read(in));
  ASSIGN_OR_RETURN(spec.added, ReadTypes(in));
  spec.outer = in.Bool();
  spec.ordinality = in.Bool();
  return spec;
}

Status Unnest::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  ASSIGN_OR_RETURN(Evaluator evaluator, Evaluator::Make(spec_.collection, context->eval));
  collection_.emplace(std::move(evaluator));
  return Status::Ok();
}

struct Unnest::Picks {
  std::vector<int32_t> rows, elements, numbers;
};

Unnest::Picks Unnest::Pick(const Batch& batch, const Column& collection) const {
  Picks picks;
  bool multiset = spec_.collection->type().is(TypeKind::kMultiset);
  for (int64_t row = 0; row < batch.rows; ++row) {
    int32_t number = 0;
    int32_t end = collection.IsNull(row) ? 0 : collection.ListEnd(row);
    for (int32_t e = collection.IsNull(row) ? 0 : collection.ListBegin(row); e < end; ++e) {
      int32_t copies = multiset ? collection.child(1)->At<int32_t>(e) : 1;
      for (int32_t copy = 0; copy < copies; ++copy) {
        picks.rows.push_back(static_cast<int32_t>(row));
        picks.elements.push_back(e);
        picks.numbers.push_back(++number);
      }
    }
    if (number > 0 || !spec_.outer) continue;
    picks.rows.push_back(static_cast<int32_t>(row));
    picks.elements.push_back(-1);
    picks.numbers.push_back(-1);
  }
  return picks;
}

// What the appended columns are taken from, without the ordinality.
std::vector<ColumnPtr> Unnest::ElementColumns(const Column& collection) const {
  const DataType& type = spec_.collection->type();
  if (type.is(TypeKind::kMap)) return collection.children();
  const ColumnPtr& elements = collection.child(0);
  if (!type.element().is(TypeKind::kRow)) return {elements};
  std::vector<ColumnPtr> fields = elements->children();
  if (!elements->has_validity()) return fields;
  // The fields of a ROW that is NULL are NULL.
  std::vector<int32_t> rows(static_cast<size_t>(elements->length()));
  for (size_t i = 0; i < rows.size(); ++i) {
    auto at = static_cast<int64_t>(i);
    rows[i] = elements->IsNull(at) ? -1 : static_cast<int32_t>(elements->position(at));
  }
  for (size_t f = 0; f < fields.size(); ++f) {
    fields[f] = TakePadded(fields[f], type.element().fields()[f].type, rows);
  }
  return fields;
}

Result<Progress> Unnest::Process(int, const Batch& batch, Output& out) {
  if (batch.rows == 0) {
    Batch marks = batch;
    for (ColumnPtr& column : EmptyColumns(spec_.added)) marks.columns.push_back(std::move(column));
    if (!marks.empty()) out.Emit(std::move(marks));
    return Progress::kDone;
  }
  ASSIGN_OR_RETURN(ColumnPtr collection, collection_->Evaluate({batch.columns, batch.rows, nullptr}));
  collection = Column::Flatten(collection);
  Picks picks = Pick(batch, *collection);
  Batch result;
  result.rows = static_cast<int64_t>(picks.rows.size());
  for (const ColumnPtr& column : batch.columns) result.columns.push_back(column->Take(picks.rows));
  std::vector<ColumnPtr> elements = ElementColumns(*collection);
  for (size_t i = 0; i < elements.size(); ++i) {
    result.columns.push_back(TakePadded(elements[i], spec_.added[i], picks.elements));
  }
  if (spec_.ordinality) {
    ColumnBuilder numbers(spec_.added.back());
    for (int32_t number : picks.numbers) {
      if (number < 0) {
        numbers.AppendNull();
      } else {
        numbers.Append(number);
      }
    }
    result.columns.push_back(numbers.Finish());
  }
  if (batch.kinds) {
    auto kinds = std::make_shared<std::vector<RowKind>>();
    for (int32_t row : picks.rows) kinds->push_back(batch.kind(row));
    result.kinds = std::move(kinds);
  }
  for (Mark mark : batch.marks) {
    auto behind = std::lower_bound(picks.rows.begin(), picks.rows.end(), mark.offset);
    mark.offset = static_cast<int32_t>(behind - picks.rows.begin());
    result.marks.push_back(mark);
  }
  if (!result.empty()) out.Emit(std::move(result));
  return Progress::kDone;
}

}  // namespace penstock
