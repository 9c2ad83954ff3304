// Rows: the constructor ROW(..), whose fields are named EXPR$0, EXPR$1, .., and FIELD(row, index), the access
// to a field by position.
#include <algorithm>

#include "expr/functions/register.h"
#include "expr/functions/rows.h"
#include "expr/signature.h"
#include "expr/vector_kernel.h"

namespace penstock {

DataType FieldType(const DataType& row, size_t index) {
  const DataType& field = row.fields()[index].type;
  return field.WithNullable(field.nullable() || row.nullable());
}

Result<ColumnPtr> FieldColumn(const ColumnPtr& row, size_t index, const DataType& type, int64_t rows) {
  if (row->constant()) {
    Value value = rows == 0 || row->IsNull(0) ? Value::Null() : row->child(index)->ValueAt(0);
    return Column::Constant(type, value, rows);
  }
  ColumnPtr field = Column::Flatten(row->child(index));
  if (!row->has_validity()) return field;
  ColumnPtr both[] = {row, field};
  return field->WithValidity(MergeValidity(both, rows));
}

ColumnPtr MakeRows(std::span<const ColumnPtr> fields, int64_t rows) {
  std::vector<ColumnPtr> children;
  for (const ColumnPtr& field : fields) children.push_back(Column::Flatten(field));
  return Column::Row(rows, std::move(children));
}

namespace {

Result<Signature> ResolveRow(std::span<const ArgInfo> args) {
  bool typed =
      std::any_of(args.begin(), args.end(), [](const ArgInfo& a) { return !a.type.is(TypeKind::kNull); });
  if (!typed) return BadArguments("ROW", "<any>, ...");
  Signature signature;
  std::vector<Field> fields;
  for (const ArgInfo& arg : args) {
    signature.args.push_back(arg.type);
    fields.push_back({"EXPR$" + std::to_string(fields.size()), arg.type});
  }
  signature.result = DataType::Row(std::move(fields)).NotNull();
  return signature;
}

Kernel BindRow(const CallSite&) {
  return
      [](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> { return MakeRows(args, rows); };
}

Result<Signature> ResolveField(std::span<const ArgInfo> args) {
  if (args.size() != 2 || !args[0].type.is(TypeKind::kRow) || args[1].literal == nullptr ||
      !args[1].literal->is_int()) {
    return BadArguments("FIELD", "<row>, <integer literal>");
  }
  int64_t index = args[1].literal->as_int();
  if (index < 0 || index >= static_cast<int64_t>(args[0].type.fields().size()))
    return BadArguments("FIELD", "<row>, <position of a field>");
  return Signature{{args[0].type, args[1].type}, FieldType(args[0].type, static_cast<size_t>(index))};
}

Kernel BindField(const CallSite& site) {
  auto index = static_cast<size_t>(site.constants[1].as_int());
  return [index, type = site.result](std::span<const ColumnPtr> args, int64_t rows) {
    return FieldColumn(args[0], index, type, rows);
  };
}

}  // namespace

void RegisterRows(FunctionRegistry* registry) {
  registry->Add("ROW", ResolveRow, BindRow);
  registry->Add("FIELD", ResolveField, BindField);
}

}  // namespace penstock
