// Checks of NOT NULL and of lengths.
#include "operators/changelog/constraint_enforcer.h"

#include <algorithm>

#include "data/column_builder.h"

namespace penstock {

std::string ConstraintEnforcerSpec::Serialize() const {
  ByteWriter out;
  out.String(table);
  out.Varint(types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    out.String(names[i]);
    types[i].Write(out);
  }
  out.Bool(drop_nulls);
  out.Fixed(static_cast<uint8_t>(nested));
  out.Fixed(static_cast<uint8_t>(length));
  out.Varint(key.size());
  for (int column : key) out.Varint(static_cast<uint64_t>(column));
  out.Bool(deletes_by_key);
  return out.Take();
}

Result<ConstraintEnforcerSpec> ConstraintEnforcerSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  ConstraintEnforcerSpec spec;
  spec.table = in.String();
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    spec.names.emplace_back(in.String());
    ASSIGN_OR_RETURN(DataType type, DataType::Read(in));
    spec.types.push_back(std::move(type));
  }
  spec.drop_nulls = in.Bool();
  spec.nested = static_cast<NestedScope>(in.Fixed<uint8_t>());
  spec.length = static_cast<LengthAction>(in.Fixed<uint8_t>());
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) spec.key.push_back(static_cast<int>(in.Varint()));
  spec.deletes_by_key = in.Bool();
  return spec;
}

namespace {

bool HasLength(const DataType& type) {
  return (type.is_character() || type.is_binary()) && type.length() != DataType::kMaxLength;
}

// Whether a value of the type can break NOT NULL somewhere inside.
bool Inspects(const DataType& type, NestedScope scope) {
  if (scope == NestedScope::kIgnore) return false;
  auto inside = [&](const DataType& child) { return !child.nullable() || Inspects(child, scope); };
  if (type.is(TypeKind::kRow)) {
    return std::any_of(type.fields().begin(), type.fields().end(),
                       [&](const Field& field) { return inside(field.type); });
  }
  if (scope != NestedScope::kRowsAndCollections) return false;
  if (type.is(TypeKind::kMap)) return inside(type.map_key()) || inside(type.map_value());
  return type.is_collection() && inside(type.element());
}

// The path of the first NULL where none may be, empty when there is none.
std::string FindNull(const Column& column, int64_t row, const DataType& type, const std::string& path,
                     NestedScope scope) {
  if (column.IsNull(row)) return type.nullable() ? "" : path;
  if (!Inspects(type, scope)) return "";
  int64_t at = column.position(row);
  if (type.is(TypeKind::kRow)) {
    for (size_t i = 0; i < type.fields().size(); ++i) {
      const Field& field = type.fields()[i];
      std::string found = FindNull(*column.child(i), at, field.type, path + "." + field.name, scope);
      if (!found.empty()) return found;
    }
    return "";
  }
  for (int32_t i = column.ListBegin(row); i < column.ListEnd(row); ++i) {
    std::string found;
    if (type.is(TypeKind::kMap)) {
      found = FindNull(*column.child(0), i, type.map_key(), path + "[key]", scope);
      if (found.empty()) found = FindNull(*column.child(1), i, type.map_value(), path + "[value]", scope);
    } else {
      found = FindNull(*column.child(0), i, type.element(), path + "[element]", scope);
    }
    if (!found.empty()) return found;
  }
  return "";
}

// Characters of UTF-8 text up to `limit`: their bytes, and how many there are.
struct Measured {
  size_t bytes = 0;
  int characters = 0;
  int total = 0;
};
Measured Measure(std::string_view text, int limit) {
  Measured result;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<uint8_t>(text[i]) & 0xC0) == 0x80) continue;
    if (result.total == limit) result.bytes = i;
    ++result.total;
  }
  if (result.total <= limit) result.bytes = text.size();
  result.characters = std::min(result.total, limit);
  return result;
}

}  // namespace

bool ConstraintEnforcerSpec::Needed() const {
  return std::any_of(types.begin(), types.end(), [&](const DataType& type) {
    return !type.nullable() || Inspects(type, nested) || (length != LengthAction::kIgnore && HasLength(type));
  });
}

Status ConstraintEnforcer::NullError(const std::string& path) const {
  return Status::InvalidData(
             "Column '" + path +
             "' is NOT NULL, however, a null value is being written into it. You can set job configuration "
             "'table.exec.sink.not-null-enforcer'='DROP' to suppress this exception and drop such records "
             "silently.")
      .WithNumber(ErrorNumber::kNotNullViolated)
      .WithContext("sink table " + spec_.table);
}

Status ConstraintEnforcer::CheckColumn(const Batch& batch, size_t index, std::vector<uint8_t>* keep) const {
  const DataType& type = spec_.types[index];
  const Column& column = *batch.columns[index];
  bool inspects = Inspects(type, spec_.nested);
  if (!inspects && (type.nullable() || !column.has_validity())) return Status::Ok();
  bool is_key = std::find(spec_.key.begin(), spec_.key.end(), static_cast<int>(index)) != spec_.key.end();
  for (int64_t row = 0; row < batch.rows; ++row) {
    if (spec_.deletes_by_key && !is_key && batch.kind(row) == RowKind::kDelete) continue;
    std::string found = FindNull(column, row, type, spec_.names[index], spec_.nested);
    if (found.empty()) continue;
    if (!spec_.drop_nulls) return NullError(found);
    (*keep)[static_cast<size_t>(row)] = 0;
  }
  return Status::Ok();
}

// The column with every value at its declared length; the same column where nothing changes.
Result<ColumnPtr> ConstraintEnforcer::FitLengths(const ColumnPtr& column, size_t index) const {
  const DataType& type = spec_.types[index];
  bool fixed = type.is(TypeKind::kChar) || type.is(TypeKind::kBinary);
  char pad = type.is(TypeKind::kChar) ? ' ' : '\0';
  int limit = type.length();
  ColumnBuilder builder(type);
  bool changed = false;
  for (int64_t row = 0; row < column->length(); ++row) {
    if (column->IsNull(row)) {
      builder.AppendNull();
      continue;
    }
    std::string_view value = column->StringAt(row);
    Measured size = type.is_character()
                        ? Measure(value, limit)
                        : Measured{std::min(value.size(), static_cast<size_t>(limit)),
                                   static_cast<int>(std::min(value.size(), static_cast<size_t>(limit))),
                                   static_cast<int>(value.size())};
    bool fits = fixed ? size.total == limit : size.total <= limit;
    if (fits) {
      builder.AppendString(value);
      continue;
    }
    if (spec_.length == LengthAction::kError) {
      return Status::InvalidData("Column '" + spec_.names[index] + "' is " + type.ToString() +
                                 ", however, a " + (type.is_character() ? "string" : "byte string") +
                                 " of length " + std::to_string(size.total) +
                                 " is being written into it. You can set job configuration "
                                 "'table.exec.sink.type-length-enforcer' to control this behaviour")
          .WithContext("sink table " + spec_.table);
    }
    changed = true;
    std::string trimmed(value.substr(0, size.bytes));
    if (fixed) trimmed.append(static_cast<size_t>(limit - size.characters), pad);
    builder.AppendString(trimmed);
  }
  return changed ? builder.Finish() : column;
}

Result<Progress> ConstraintEnforcer::Process(int, const Batch& batch, Output& out) {
  if (batch.rows == 0) {  // marks alone may come without columns
    out.Emit(batch);
    return Progress::kDone;
  }
  std::vector<uint8_t> keep(static_cast<size_t>(batch.rows), 1);
  for (size_t i = 0; i < spec_.types.size(); ++i) RETURN_IF_ERROR(CheckColumn(batch, i, &keep));
  Batch result = batch;
  if (std::find(keep.begin(), keep.end(), 0) != keep.end()) {
    std::vector<int32_t> kept;
    for (size_t row = 0; row < keep.size(); ++row) {
      if (keep[row] != 0) kept.push_back(static_cast<int32_t>(row));
    }
    result = batch.Take(kept);
  }
  for (size_t i = 0; i < spec_.types.size() && spec_.length != LengthAction::kIgnore; ++i) {
    if (!HasLength(spec_.types[i])) continue;
    ASSIGN_OR_RETURN(result.columns[i], FitLengths(result.columns[i], i));
  }
  if (!result.empty()) out.Emit(std::move(result));
  return Progress::kDone;
}

}  // namespace penstock
