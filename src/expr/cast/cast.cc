// Casts: the choice of a kernel by source and target, and casts of rows, arrays, maps and multisets element
// by element. The conversions themselves are in cast_number.cc, cast_parse.cc, cast_text.cc, cast_time.cc and
// json/cast_variant.cc.
#include "expr/cast/cast.h"

#include <fmt/format.h>

#include "data/value_text.h"
#include "expr/cast/cast_kernels.h"
#include "expr/type_rules.h"

namespace penstock {

Status CannotCast(const DataType& from, const DataType& to, const Value& value) {
  return SqlError(ErrorNumber::kBadCast, {},
                  fmt::format("cannot cast {} '{}' to {}", from.ToString(),
                              ValueToText(value, from, TimeZone::Utc()), to.WithNullable(true).ToString()));
}

namespace {

std::shared_ptr<Buffer> CopyValidity(const Column& column) {
  if (!column.has_validity()) return nullptr;
  auto validity = std::make_shared<Buffer>();
  validity->Append(column.validity(), static_cast<size_t>(column.length()));
  return validity;
}

Result<ColumnPtr> CastChildren(const std::vector<Kernel>& kernels, const ColumnPtr& arg) {
  ColumnPtr column = Column::Flatten(arg);
  std::vector<ColumnPtr> children;
  for (size_t i = 0; i < column->children().size(); ++i) {
    const ColumnPtr& child = column->child(i);
    if (i >= kernels.size()) {  // the counts of a MULTISET
      children.push_back(child);
      continue;
    }
    ASSIGN_OR_RETURN(ColumnPtr converted, kernels[i](std::span(&child, 1), child->length()));
    children.push_back(Column::Flatten(converted));
  }
  if (column->physical() == Physical::kRow) {
    return Column::Row(column->length(), std::move(children), CopyValidity(*column));
  }
  auto offsets = std::make_shared<Buffer>();
  offsets->Append(column->offsets(), (static_cast<size_t>(column->length()) + 1) * sizeof(int32_t));
  return Column::Nested(column->physical(), column->length(), offsets, std::move(children),
                        CopyValidity(*column));
}

// Under TRY_CAST one element that cannot be converted makes the whole value NULL. All rows are tried at once;
// only when that fails each goes alone.
Result<ColumnPtr> TryChildren(const std::vector<Kernel>& kernels, const DataType& to, const ColumnPtr& arg,
                              int64_t rows) {
  Result<ColumnPtr> all = CastChildren(kernels, arg);
  if (all) return all;
  ColumnBuilder out(to);
  for (int64_t row = 0; row < rows; ++row) {
    auto index = static_cast<int32_t>(row);
    Result<ColumnPtr> one = CastChildren(kernels, Column::Flatten(arg)->Take(std::span(&index, 1)));
    if (one) {
      out.AppendFrom(**one, 0);
    } else {
      out.AppendNull();
    }
  }
  return out.Finish();
}

Result<Kernel> NestedCast(const DataType& from, const DataType& to, const EvalContext& context, bool nulls) {
  std::vector<Kernel> kernels;
  for (size_t i = 0; i < to.fields().size(); ++i) {
    ASSIGN_OR_RETURN(Kernel kernel, MakeCast(from.fields()[i].type, to.fields()[i].type, context, false));
    kernels.push_back(std::move(kernel));
  }
  return Kernel([kernels, to, nulls](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    return nulls ? TryChildren(kernels, to, args[0], rows) : CastChildren(kernels, args[0]);
  });
}

bool IsCounted(const DataType& type) {
  return type.is_numeric() || type.is(TypeKind::kBoolean) || type.is_interval();
}

Kernel ScalarCast(const DataType& from, const DataType& to, const EvalContext& context, bool nulls) {
  if (from.is(TypeKind::kVariant)) return CastFromVariant(from, to, context, nulls);
  if (to.is_character()) return CastToText(from, to, context, nulls);
  if (IsCounted(from) && IsCounted(to)) return CastNumber(from, to);
  bool bytes = from.is_character() || from.is_binary() || from.is(TypeKind::kBitmap);
  if (bytes && to.is_binary()) return CastToBinary(from, to, context);
  if (from.is_character()) return CastFromText(from, to, context, nulls);
  if (from.is_datetime() && to.is_datetime()) return CastTime(from, to, context);
  return nullptr;
}

}  // namespace

Result<Kernel> MakeCast(const DataType& from, const DataType& to, const EvalContext& context,
                        bool nulls_on_error) {
  if (from.SameAs(to)) {
    return Kernel([](std::span<const ColumnPtr> args, int64_t) -> Result<ColumnPtr> { return args[0]; });
  }
  if (from.is(TypeKind::kNull)) {
    return Kernel([to](std::span<const ColumnPtr>, int64_t rows) -> Result<ColumnPtr> {
      return Column::Constant(to, Value::Null(), rows);
    });
  }
  bool nested = from.kind() == to.kind() && (from.is_collection() || from.is(TypeKind::kRow)) &&
                from.fields().size() == to.fields().size();
  if (nested) return NestedCast(from, to, context, nulls_on_error);
  Kernel kernel = ScalarCast(from, to, context, nulls_on_error);
  if (!kernel) {
    return SqlError(ErrorNumber::kBadCast, {}, "cannot cast " + from.ToString() + " to " + to.ToString());
  }
  return kernel;
}

}  // namespace penstock
