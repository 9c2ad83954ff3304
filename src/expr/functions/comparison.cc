// The comparison operators = <> < <= > >= and IS [NOT] DISTINCT FROM. Both sides are brought to one type
// first; numbers, dates and times compare in vector loops, text by code point, collections by value.
#include "data/decimal.h"
#include "expr/functions/register.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"
#include "expr/type_rules.h"
#include "expr/vector_kernel.h"

namespace penstock {

namespace {

struct Equal {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    return a == b;
  }
};
struct NotEqual {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    return !(a == b);
  }
};
struct Less {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    return a < b;
  }
};
struct LessOrEqual {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    return a <= b;
  }
};
struct Greater {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    return b < a;
  }
};
struct GreaterOrEqual {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    return b <= a;
  }
};

template <typename T, typename Cmp>
Kernel FixedKernel() {
  return [](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    return MapBinary<T, T, uint8_t>(args, rows, Physical::kBool,
                                    [](T a, T b) { return static_cast<uint8_t>(Cmp{}(a, b)); });
  };
}

template <typename Cmp>
Kernel Bind(const CallSite& site) {
  const DataType &a = site.args[0], &b = site.args[1];
  if (a.is(TypeKind::kDecimal) && a.scale() != b.scale()) {
    return RowKernel<bool(int128_t, int128_t)>::Make(
        site.result, [x = a.scale(), y = b.scale()](int128_t left, int128_t right) {
          return Cmp{}(CompareDecimals(left, x, right, y), 0);
        });
  }
  switch (site.args[0].physical()) {
    case Physical::kBool: return FixedKernel<uint8_t, Cmp>();
    case Physical::kInt8: return FixedKernel<int8_t, Cmp>();
    case Physical::kInt16: return FixedKernel<int16_t, Cmp>();
    case Physical::kInt32: return FixedKernel<int32_t, Cmp>();
    case Physical::kInt64: return FixedKernel<int64_t, Cmp>();
    case Physical::kFloat: return FixedKernel<float, Cmp>();
    case Physical::kDouble: return FixedKernel<double, Cmp>();
    case Physical::kInt128: return FixedKernel<int128_t, Cmp>();
    case Physical::kString:
      return RowKernel<bool(std::string_view, std::string_view)>::Make(site.result, Cmp{});
    default:
      return RowKernel<bool(Value, Value)>::Make(
          site.result, [](const Value& a, const Value& b) { return Cmp{}(Value::Compare(a, b), 0); });
  }
}

// IS NOT DISTINCT FROM (or its negation): NULL equals NULL.
template <bool negated>
Kernel BindDistinct(const CallSite& site) {
  return RowKernel<bool(std::optional<Value>, std::optional<Value>)>::Make(
      site.result, [](const std::optional<Value>& a, const std::optional<Value>& b) {
        bool same = a && b ? *a == *b : !a && !b;
        return same != negated;
      });
}

// The type both sides are compared in; nullopt where Flink refuses. Text is read as a date or time where the
// other side is one; it is never taken for a number or a truth value.
std::optional<DataType> ComparisonType(const DataType& a, const DataType& b) {
  if (a.is(TypeKind::kNull) && b.is(TypeKind::kNull)) return DataType::Int();
  if (a.is_character() && b.is_datetime()) return b;
  if (b.is_character() && a.is_datetime()) return a;
  DataType types[] = {a, b};
  return CommonType(types);
}

Result<Signature> ResolvePair(const char* symbol, bool ordered, std::span<const ArgInfo> args) {
  if (args.size() != 2) return BadArguments(symbol, "<any>, <any>");
  std::optional<DataType> common = ComparisonType(args[0].type, args[1].type);
  bool orderable = common && !common->is_collection() && !common->is(TypeKind::kVariant);
  if (common && common->is(TypeKind::kVariant) && ordered) orderable = false;
  if (!common || (ordered && !orderable)) {
    return SqlError(ErrorNumber::kTypeMismatch, {},
                    std::string("Cannot apply '") + symbol + "' to arguments of type '" +
                        args[0].type.ToString() + "' and '" + args[1].type.ToString() + "'");
  }
  Signature signature;
  for (const ArgInfo& arg : args) {
    // Exact numbers are put in order as they are: a common DECIMAL could lose digits. Equality keeps to the
    // common type, since joins take its sides as keys.
    bool exact = ordered && common->is(TypeKind::kDecimal) && arg.type.is_numeric();
    DataType operand = exact ? DecimalForInteger(arg.type) : *common;
    signature.args.push_back(operand.WithNullable(arg.type.nullable()));
  }
  signature.result = WithNullability(DataType::Boolean(), args, Nullability::kIfAnyArgument);
  return signature;
}

template <typename Cmp>
void AddComparison(FunctionRegistry* registry, const char* name, bool ordered) {
  registry->Add(
      name, [name, ordered](std::span<const ArgInfo> args) { return ResolvePair(name, ordered, args); },
      Bind<Cmp>);
}

Function::Resolve ResolveDistinct(const char* name) {
  return [name](std::span<const ArgInfo> args) -> Result<Signature> {
    ASSIGN_OR_RETURN(Signature signature, ResolvePair(name, false, args));
    signature.result = DataType::Boolean().NotNull();
    return signature;
  };
}

}  // namespace

void RegisterComparison(FunctionRegistry* registry) {
  AddComparison<Equal>(registry, "=", false);
  AddComparison<NotEqual>(registry, "<>", false);
  AddComparison<Less>(registry, "<", true);
  AddComparison<LessOrEqual>(registry, "<=", true);
  AddComparison<Greater>(registry, ">", true);
  AddComparison<GreaterOrEqual>(registry, ">=", true);
  registry->Add("IS NOT DISTINCT FROM", ResolveDistinct("IS NOT DISTINCT FROM"), BindDistinct<false>);
  registry->Add("IS DISTINCT FROM", ResolveDistinct("IS DISTINCT FROM"), BindDistinct<true>);
}

}  // namespace penstock
