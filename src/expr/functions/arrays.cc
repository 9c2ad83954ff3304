// The ARRAY_* functions. Elements are compared by value, NULL with NULL; functions that answer a set keep the
// first occurrence of each value in the order of their arguments.
#include <algorithm>
#include <unordered_set>

#include "expr/functions/collections.h"
#include "expr/functions/register.h"
#include "expr/signature.h"
#include "expr/type_rules.h"

namespace penstock {

namespace {

using Args = std::span<const ColumnPtr>;

// (array, element): the element is cast to the array's; `result` sees the cast arguments.
Function::Resolve ArrayAndElement(
    const char* name, std::function<DataType(const DataType& array, const DataType& element)> result) {
  return [name, result = std::move(result)](std::span<const ArgInfo> args) -> Result<Signature> {
    if (args.size() != 2 || !args[0].type.is(TypeKind::kArray) ||
        !CanCastImplicitly(args[1].type, args[0].type.element()))
      return BadArguments(name, "array <ARRAY>, element <ARRAY ELEMENT>");
    bool nullable = args[1].type.nullable() || args[1].type.is(TypeKind::kNull);
    DataType element = args[0].type.element().WithNullable(nullable);
    return Signature{{args[0].type, element}, result(args[0].type, element)};
  };
}

// ARRAY_APPEND and ARRAY_PREPEND: a nullable element makes the elements nullable.
DataType Extended(const DataType& array, const DataType& element) {
  bool nullable = array.element().nullable() || element.nullable();
  return DataType::Array(element.WithNullable(nullable)).WithNullable(array.nullable());
}

// Two arrays (or, with `many`, one or more) of a common type.
Function::Resolve CommonArrays(const char* name, bool many) {
  return [name, many](std::span<const ArgInfo> args) -> Result<Signature> {
    std::vector<DataType> types;
    bool arrays = many ? !args.empty() : args.size() == 2;
    for (const ArgInfo& arg : args) {
      arrays = arrays && (arg.type.is(TypeKind::kArray) || arg.type.is(TypeKind::kNull));
      types.push_back(arg.type);
    }
    std::optional<DataType> common = arrays ? CommonType(types) : std::nullopt;
    if (!common || !common->is(TypeKind::kArray)) return BadArguments(name, "<COMMON>, <COMMON>");
    Signature signature;
    for (const DataType& type : types) signature.args.push_back(common->WithNullable(type.nullable()));
    signature.result = *common;
    return signature;
  };
}

// An array of values that have an order: numbers, texts, dates and times.
bool IsOrdered(const DataType& type) {
  return type.is_numeric() || type.is_character() || type.is_binary() || type.is_datetime() ||
         type.is_interval();
}

int32_t Size(const ColumnPtr& list, int64_t row) { return list->ListEnd(row) - list->ListBegin(row); }

void AppendElements(const ColumnPtr& list, int64_t row, ColumnBuilder* out) {
  out->child(0).AppendRange(*list->child(0), list->ListBegin(row), Size(list, row));
}

Kernel BindAppend(const CallSite& site) {
  return PerRow(site.result, 1, [](Args args, int64_t row, ColumnBuilder* out) {
    AppendElements(args[0], row, out);
    out->child(0).AppendFrom(*args[1], row);
    out->CloseList();
    return Status::Ok();
  });
}

Kernel BindPrepend(const CallSite& site) {
  return PerRow(site.result, 1, [](Args args, int64_t row, ColumnBuilder* out) {
    out->child(0).AppendFrom(*args[1], row);
    AppendElements(args[0], row, out);
    out->CloseList();
    return Status::Ok();
  });
}

// The position of the first element equal to the second argument, counted from 1; 0 when there is none.
int32_t PositionOf(Args args, int64_t row) {
  int32_t begin = args[0]->ListBegin(row), end = args[0]->ListEnd(row);
  for (int32_t e = begin; e < end; ++e) {
    if (EqualElements(args[0]->child(0), e, args[1], row)) return e - begin + 1;
  }
  return 0;
}

Kernel BindContains(const CallSite& site) {
  return PerRow(site.result, 1, [](Args args, int64_t row, ColumnBuilder* out) {
    out->Append<uint8_t>(PositionOf(args, row) > 0 ? 1 : 0);
    return Status::Ok();
  });
}

Kernel BindPosition(const CallSite& site) {
  return PerRow(site.result, 2, [](Args args, int64_t row, ColumnBuilder* out) {
    out->Append(PositionOf(args, row));
    return Status::Ok();
  });
}

Kernel BindRemove(const CallSite& site) {
  return PerRow(site.result, 1, [](Args args, int64_t row, ColumnBuilder* out) {
    const ColumnPtr& elements = args[0]->child(0);
    for (int32_t e = args[0]->ListBegin(row); e < args[0]->ListEnd(row); ++e) {
      if (!EqualElements(elements, e, args[1], row)) out->child(0).AppendFrom(*elements, e);
    }
    out->CloseList();
    return Status::Ok();
  });
}

Kernel BindReverse(const CallSite& site) {
  return PerRow(site.result, 1, [](Args args, int64_t row, ColumnBuilder* out) {
    for (int32_t e = args[0]->ListEnd(row); e-- > args[0]->ListBegin(row);)
      out->child(0).AppendFrom(*args[0]->child(0), e);
    out->CloseList();
    return Status::Ok();
  });
}

Kernel BindConcat(const CallSite& site) {
  return PerRow(site.result, SIZE_MAX, [](Args args, int64_t row, ColumnBuilder* out) {
    for (const ColumnPtr& arg : args) AppendElements(arg, row, out);
    out->CloseList();
    return Status::Ok();
  });
}

// Appends the elements that are in `seen` not yet (and, where `only` is given, for which it says yes).
void AppendDistinct(const ColumnPtr& list, int64_t row, std::unordered_set<std::string>* seen,
                    const std::function<bool(const std::string&)>& only, ColumnBuilder* out) {
  for (int32_t e = list->ListBegin(row); e < list->ListEnd(row); ++e) {
    std::string key = KeyBytes(list->child(0), e);
    if (only && !only(key)) continue;
    if (seen->insert(std::move(key)).second) out->child(0).AppendFrom(*list->child(0), e);
  }
}

// ARRAY_DISTINCT and ARRAY_UNION: every value of all arguments once.
Kernel BindUnion(const CallSite& site) {
  return PerRow(site.result, SIZE_MAX, [](Args args, int64_t row, ColumnBuilder* out) {
    std::unordered_set<std::string> seen;
    for (const ColumnPtr& arg : args) AppendDistinct(arg, row, &seen, nullptr, out);
    out->CloseList();
    return Status::Ok();
  });
}

// ARRAY_INTERSECT and ARRAY_EXCEPT: the values of the first that are, or are not, in the second.
template <bool wanted>
Kernel BindSelect(const CallSite& site) {
  return PerRow(site.result, 2, [](Args args, int64_t row, ColumnBuilder* out) {
    std::unordered_set<std::string> other, seen;
    for (int32_t e = args[1]->ListBegin(row); e < args[1]->ListEnd(row); ++e)
      other.insert(KeyBytes(args[1]->child(0), e));
    AppendDistinct(
        args[0], row, &seen, [&](const std::string& key) { return other.contains(key) == wanted; }, out);
    out->CloseList();
    return Status::Ok();
  });
}

// Positions count from 1, negative ones from the end; out of range they are moved to the ends.
Kernel BindSlice(const CallSite& site) {
  return PerRow(site.result, SIZE_MAX, [](Args args, int64_t row, ColumnBuilder* out) {
    int64_t size = Size(args[0], row);
    int64_t start = args[1]->At<int32_t>(row);
    int64_t end = args.size() > 2 ? args[2]->At<int32_t>(row) : size;
    if (start < 0) start += size + 1;
    if (end < 0) end += size + 1;
    start = std::max<int64_t>(start, 1);
    end = end == 0 ? 1 : std::min(end, size);
    if (end >= start)
      out->child(0).AppendRange(*args[0]->child(0), args[0]->ListBegin(row) + start - 1, end - start + 1);
    out->CloseList();
    return Status::Ok();
  });
}

Kernel BindJoin(const CallSite& site) {
  return PerRow(site.result, SIZE_MAX, [](Args args, int64_t row, ColumnBuilder* out) {
    std::string text;
    bool first = true;
    for (int32_t e = args[0]->ListBegin(row); e < args[0]->ListEnd(row); ++e) {
      bool null = args[0]->child(0)->IsNull(e);
      if (null && args.size() < 3) continue;
      if (!first) text += args[1]->StringAt(row);
      text += null ? args[2]->StringAt(row) : args[0]->child(0)->StringAt(e);
      first = false;
    }
    out->AppendString(text);
    return Status::Ok();
  });
}

template <bool max>
Kernel BindExtreme(const CallSite& site) {
  return PerRow(site.result, 1, [](Args args, int64_t row, ColumnBuilder* out) {
    const ColumnPtr& elements = args[0]->child(0);
    int32_t best = -1;
    std::string best_key;
    for (int32_t e = args[0]->ListBegin(row); e < args[0]->ListEnd(row); ++e) {
      if (elements->IsNull(e)) continue;
      std::string key = KeyBytes(elements, e);
      if (best >= 0 && (max ? key <= best_key : key >= best_key)) continue;
      best = e;
      best_key = std::move(key);
    }
    if (best < 0) {
      out->AppendNull();
    } else {
      out->AppendFrom(*elements, best);
    }
    return Status::Ok();
  });
}

// (array [, ascending [, nulls first]]): NULLs come first when ascending and last when descending, unless
// said.
Kernel BindSort(const CallSite& site) {
  return PerRow(site.result, SIZE_MAX, [](Args args, int64_t row, ColumnBuilder* out) {
    bool ascending = args.size() < 2 || args[1]->At<uint8_t>(row) != 0;
    bool nulls_first = args.size() < 3 ? ascending : args[2]->At<uint8_t>(row) != 0;
    std::vector<std::pair<std::string, int32_t>> order;
    std::vector<int32_t> nulls;
    const ColumnPtr& elements = args[0]->child(0);
    for (int32_t e = args[0]->ListBegin(row); e < args[0]->ListEnd(row); ++e) {
      if (elements->IsNull(e)) {
        nulls.push_back(e);
      } else {
        order.emplace_back(KeyBytes(elements, e), e);
      }
    }
    std::stable_sort(order.begin(), order.end(), [ascending](const auto& a, const auto& b) {
      return ascending ? a.first < b.first : b.first < a.first;
    });
    if (nulls_first) out->child(0).AppendRows(*elements, nulls);
    for (const auto& [key, e] : order) out->child(0).AppendFrom(*elements, e);
    if (!nulls_first) out->child(0).AppendRows(*elements, nulls);
    out->CloseList();
    return Status::Ok();
  });
}

DataType FirstArgument(std::span<const ArgInfo> args) { return args[0].type; }

Function::Resolve ResolveOne(const char* name) {
  return [name](std::span<const ArgInfo> args) -> Result<Signature> {
    if (args.size() != 1 || !args[0].type.is(TypeKind::kArray)) return BadArguments(name, "<ARRAY>");
    return Signature{{args[0].type}, args[0].type};
  };
}

Function::Resolve ResolveExtreme(const char* name) {
  return [name](std::span<const ArgInfo> args) -> Result<Signature> {
    if (args.size() != 1 || !args[0].type.is(TypeKind::kArray) || !IsOrdered(args[0].type.element()))
      return BadArguments(name, "<ARRAY> of comparable elements");
    return Signature{{args[0].type}, args[0].type.element().WithNullable(true)};
  };
}

Result<Signature> ResolveSlice(std::span<const ArgInfo> args) {
  if (args.empty() || !args[0].type.is(TypeKind::kArray))
    return BadArguments("ARRAY_SLICE", "<ARRAY>, <INTEGER>, <INTEGER>");
  return Resolver({.name = "ARRAY_SLICE",
                   .args = {Family::kArray, Family::kInt, Family::kInt},
                   .required = 2,
                   .result = FirstArgument})(args);
}

Result<Signature> ResolveSort(std::span<const ArgInfo> args) {
  bool fits = !args.empty() && args.size() <= 3 && args[0].type.is(TypeKind::kArray) &&
              IsOrdered(args[0].type.element());
  if (!fits) return BadArguments("ARRAY_SORT", "<ARRAY> of comparable elements, <BOOLEAN>, <BOOLEAN>");
  return Resolver({.name = "ARRAY_SORT",
                   .args = {Family::kArray, Family::kBoolean, Family::kBoolean},
                   .required = 1,
                   .result = FirstArgument})(args);
}

Result<Signature> ResolveJoin(std::span<const ArgInfo> args) {
  bool texts = !args.empty() && args[0].type.is(TypeKind::kArray) && args[0].type.element().is_character();
  if (!texts) return BadArguments("ARRAY_JOIN", "<ARRAY<CHARACTER_STRING>>, <CHARACTER_STRING>[, ..]");
  return Resolver({.name = "ARRAY_JOIN",
                   .args = {Family::kArray, Family::kCharacter, Family::kCharacter},
                   .required = 2,
                   .result = [](std::span<const ArgInfo>) { return DataType::String(); }})(args);
}

}  // namespace

void RegisterArrays(FunctionRegistry* registry) {
  registry->Add("ARRAY_APPEND", ArrayAndElement("ARRAY_APPEND", Extended), BindAppend);
  registry->Add("ARRAY_PREPEND", ArrayAndElement("ARRAY_PREPEND", Extended), BindPrepend);
  registry->Add("ARRAY_REMOVE",
                ArrayAndElement("ARRAY_REMOVE", [](const DataType& a, const DataType&) { return a; }),
                BindRemove);
  registry->Add("ARRAY_CONTAINS",
                ArrayAndElement("ARRAY_CONTAINS",
                                [](const DataType& a, const DataType&) {
                                  return DataType::Boolean().WithNullable(a.nullable());
                                }),
                BindContains);
  registry->Add("ARRAY_POSITION",
                ArrayAndElement("ARRAY_POSITION",
                                [](const DataType& a, const DataType& e) {
                                  return DataType::Int().WithNullable(a.nullable() || e.nullable());
                                }),
                BindPosition);
  registry->Add("ARRAY_CONCAT", CommonArrays("ARRAY_CONCAT", true), BindConcat);
  registry->Add("ARRAY_UNION", CommonArrays("ARRAY_UNION", false), BindUnion);
  registry->Add("ARRAY_INTERSECT", CommonArrays("ARRAY_INTERSECT", false), BindSelect<true>);
  registry->Add("ARRAY_EXCEPT", CommonArrays("ARRAY_EXCEPT", false), BindSelect<false>);
  registry->Add("ARRAY_DISTINCT", ResolveOne("ARRAY_DISTINCT"), BindUnion);
  registry->Add("ARRAY_REVERSE", ResolveOne("ARRAY_REVERSE"), BindReverse);
  registry->Add("ARRAY_MAX", ResolveExtreme("ARRAY_MAX"), BindExtreme<true>);
  registry->Add("ARRAY_MIN", ResolveExtreme("ARRAY_MIN"), BindExtreme<false>);
  registry->Add("ARRAY_SLICE", ResolveSlice, BindSlice);
  registry->Add("ARRAY_SORT", ResolveSort, BindSort);
  registry->Add("ARRAY_JOIN", ResolveJoin, BindJoin);
}

}  // namespace penstock
