// Logic on truth values and NULL: NOT, IS [NOT] NULL, IS [NOT] TRUE/FALSE/UNKNOWN.
#include "expr/functions/register.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"
#include "expr/vector_kernel.h"

namespace penstock {

namespace {

Kernel BindNot(const CallSite&) {
  return [](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    return MapUnary<uint8_t, uint8_t>(args[0], rows, Physical::kBool,
                                      [](uint8_t v) { return static_cast<uint8_t>(v == 0); });
  };
}

template <bool wanted>
Kernel BindIsNull(const CallSite&) {
  return [](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    auto values = std::make_shared<Buffer>(static_cast<size_t>(rows));
    for (int64_t i = 0; i < rows; ++i) values->data()[i] = args[0]->IsNull(i) == wanted;
    return Column::Fixed(Physical::kBool, rows, values);
  };
}

// True where the argument is not null and equals `truth`, negated on demand.
template <bool truth, bool negated>
Kernel BindIs(const CallSite&) {
  return [](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    auto values = std::make_shared<Buffer>(static_cast<size_t>(rows));
    for (int64_t i = 0; i < rows; ++i) {
      bool is = !args[0]->IsNull(i) && (args[0]->At<uint8_t>(i) != 0) == truth;
      values->data()[i] = is != negated;
    }
    return Column::Fixed(Physical::kBool, rows, values);
  };
}

void AddTest(FunctionRegistry* registry, const char* name, Family family, Function::Bind bind) {
  registry->Add(name, Fixed(name, {family}, DataType::Boolean(), Nullability::kNever), std::move(bind));
}

}  // namespace

void RegisterLogic(FunctionRegistry* registry) {
  registry->Add("NOT", Fixed("NOT", {Family::kBoolean}, DataType::Boolean()), BindNot);
  AddTest(registry, "IS NULL", Family::kAny, BindIsNull<true>);
  AddTest(registry, "IS NOT NULL", Family::kAny, BindIsNull<false>);
  AddTest(registry, "IS UNKNOWN", Family::kBoolean, BindIsNull<true>);
  AddTest(registry, "IS NOT UNKNOWN", Family::kBoolean, BindIsNull<false>);
  AddTest(registry, "IS TRUE", Family::kBoolean, BindIs<true, false>);
  AddTest(registry, "IS NOT TRUE", Family::kBoolean, BindIs<true, true>);
  AddTest(registry, "IS FALSE", Family::kBoolean, BindIs<false, false>);
  AddTest(registry, "IS NOT FALSE", Family::kBoolean, BindIs<false, true>);
}

}  // namespace penstock
