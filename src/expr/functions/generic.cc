// Functions over any type: GREATEST, LEAST, TYPEOF.
#include "expr/functions/register.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"
#include "expr/type_rules.h"

namespace penstock {

namespace {

Result<Signature> ResolveExtreme(const char* name, std::span<const ArgInfo> args) {
  std::vector<DataType> types;
  for (const ArgInfo& arg : args) types.push_back(arg.type);
  std::optional<DataType> common = CommonType(types);
  bool ordered =
      common && !common->is_collection() && !common->is(TypeKind::kRow) && !common->is(TypeKind::kVariant);
  if (!ordered) return BadArguments(name, "<comparable>...");
  if (common->is(TypeKind::kNull)) common = DataType::Int();
  Signature signature;
  for (const ArgInfo& arg : args) signature.args.push_back(common->WithNullable(arg.type.nullable()));
  DataType plain = common->WithTimeAttribute(TimeAttribute::kNone);
  signature.result = WithNullability(plain, args, Nullability::kIfAnyArgument);
  return signature;
}

// NULL where any argument is; `sign` is 1 for the greatest and -1 for the least.
Kernel BindExtreme(const CallSite& site, int sign) {
  return [type = site.result, sign](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    ColumnBuilder out(type);
    for (int64_t row = 0; row < rows; ++row) {
      Value best = args[0]->ValueAt(row);
      for (size_t i = 1; i < args.size() && !best.is_null(); ++i) {
        Value next = args[i]->ValueAt(row);
        if (next.is_null() || Value::Compare(next, best) * sign > 0) best = std::move(next);
      }
      out.AppendValue(best);
    }
    return out.Finish();
  };
}

void AddExtreme(FunctionRegistry* registry, const char* name, int sign) {
  registry->Add(
      name, [name](std::span<const ArgInfo> args) { return ResolveExtreme(name, args); },
      [sign](const CallSite& site) { return BindExtreme(site, sign); });
}

// The type in its long form: without the abbreviations STRING and BYTES.
std::string SerializableText(const DataType& type) {
  std::string text = type.ToString();
  if (type.is(TypeKind::kVarChar) && text.starts_with("STRING"))
    return "VARCHAR(2147483647)" + text.substr(6);
  if (type.is(TypeKind::kVarBinary) && text.starts_with("BYTES"))
    return "VARBINARY(2147483647)" + text.substr(5);
  return text;
}

Result<Signature> ResolveTypeOf(std::span<const ArgInfo> args) {
  bool flag = args.size() == 2 && args[1].type.is(TypeKind::kBoolean) && args[1].literal != nullptr;
  if (args.size() != 1 && !flag) return BadArguments("TYPEOF", "<any> [, <boolean literal>]");
  Signature signature;
  for (const ArgInfo& arg : args) signature.args.push_back(arg.type);
  signature.result = DataType::String();
  return signature;
}

Kernel BindTypeOf(const CallSite& site) {
  bool full = site.args.size() == 2 && !site.constants[1].is_null() && site.constants[1].as_bool();
  std::string text = full ? SerializableText(site.args[0]) : site.args[0].ToString();
  return [text](std::span<const ColumnPtr>, int64_t rows) -> Result<ColumnPtr> {
    return Column::Constant(DataType::String(), Value::String(text), rows);
  };
}

}  // namespace

void RegisterGeneric(FunctionRegistry* registry) {
  AddExtreme(registry, "GREATEST", 1);
  AddExtreme(registry, "LEAST", -1);
  registry->Add("TYPEOF", ResolveTypeOf, BindTypeOf);
}

}  // namespace penstock
