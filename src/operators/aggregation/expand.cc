// Repetition of rows.
#include "operators/aggregation/expand.h"

#include "data/column_builder.h"

namespace penstock {

std::string ExpandSpec::Serialize() const {
  ByteWriter out;
  out.Varint(keys.size());
  for (size_t k = 0; k < keys.size(); ++k) {
    out.Varint(static_cast<uint64_t>(keys[k]));
    key_types[k].Write(out);
  }
  out.Varint(sets.size());
  for (size_t s = 0; s < sets.size(); ++s) {
    for (bool member : sets[s]) out.Bool(member);
    out.Fixed(ids[s]);
  }
  return out.Take();
}

Result<ExpandSpec> ExpandSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  ExpandSpec spec;
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    spec.keys.push_back(static_cast<int>(in.Varint()));
    ASSIGN_OR_RETURN(DataType type, DataType::Read(in));
    spec.key_types.push_back(std::move(type));
  }
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    std::vector<bool> members;
    for (size_t k = 0; k < spec.keys.size(); ++k) members.push_back(in.Bool());
    spec.sets.push_back(std::move(members));
    spec.ids.push_back(in.Fixed<int64_t>());
  }
  return spec;
}

Result<Progress> Expand::Process(int, const Batch& batch, Output& out) {
  if (batch.rows == 0) {  // marks alone may come without columns
    out.Emit(batch);
    return Progress::kDone;
  }
  size_t sets = spec_.sets.size();
  std::vector<int32_t> rows;
  rows.reserve(static_cast<size_t>(batch.rows) * sets);
  for (int64_t row = 0; row < batch.rows; ++row) rows.insert(rows.end(), sets, static_cast<int32_t>(row));
  Batch result;
  result.rows = static_cast<int64_t>(rows.size());
  for (const ColumnPtr& column : batch.columns) result.columns.push_back(column->Take(rows));
  for (size_t k = 0; k < spec_.keys.size(); ++k) {
    const Column& key = *batch.column(spec_.keys[k]);
    ColumnBuilder builder(spec_.key_types[k]);
    for (int64_t row = 0; row < batch.rows; ++row) {
      for (size_t s = 0; s < sets; ++s) {
        if (spec_.sets[s][k]) {
          builder.AppendFrom(key, row);
        } else {
          builder.AppendNull();
        }
      }
    }
    result.columns.push_back(builder.Finish());
  }
  ColumnBuilder ids(DataType::BigInt());
  for (int64_t row = 0; row < batch.rows; ++row) {
    for (int64_t id : spec_.ids) ids.Append(id);
  }
  result.columns.push_back(ids.Finish());
  if (batch.kinds) {
    auto kinds = std::make_shared<std::vector<RowKind>>();
    for (int32_t row : rows) kinds->push_back(batch.kind(row));
    result.kinds = std::move(kinds);
  }
  for (Mark mark : batch.marks) {
    mark.offset *= static_cast<int32_t>(sets);
    result.marks.push_back(mark);
  }
  out.Emit(std::move(result));
  return Progress::kDone;
}

}  // namespace penstock
