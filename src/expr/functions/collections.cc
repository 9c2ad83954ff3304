// Constructors and element access of collections: ARRAY(..), MAP(k, v, ..), ITEM(collection, key),
// CARDINALITY and ELEMENT.
#include "expr/functions/collections.h"

#include <algorithm>

#include "expr/functions/register.h"
#include "expr/functions/rows.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"
#include "expr/type_rules.h"

namespace penstock {

std::string KeyBytes(const ColumnPtr& column, int64_t row) {
  static const KeyCodec codec({});
  std::string bytes;
  codec.EncodeRow(std::span(&column, 1), row, &bytes);
  return bytes;
}

bool EqualElements(const ColumnPtr& a, int64_t a_row, const ColumnPtr& b, int64_t b_row) {
  bool null = a->IsNull(a_row);
  if (null || b->IsNull(b_row)) return null && b->IsNull(b_row);
  switch (a->physical()) {
    case Physical::kBool:
    case Physical::kInt8: return a->At<int8_t>(a_row) == b->At<int8_t>(b_row);
    case Physical::kInt16: return a->At<int16_t>(a_row) == b->At<int16_t>(b_row);
    case Physical::kInt32: return a->At<int32_t>(a_row) == b->At<int32_t>(b_row);
    case Physical::kInt64: return a->At<int64_t>(a_row) == b->At<int64_t>(b_row);
    case Physical::kInt128: return a->At<int128_t>(a_row) == b->At<int128_t>(b_row);
    case Physical::kString: return a->StringAt(a_row) == b->StringAt(b_row);
    default: return KeyBytes(a, a_row) == KeyBytes(b, b_row);
  }
}

Kernel PerRow(const DataType& result, size_t strict, RowWriter write) {
  return [result, strict, write = std::move(write)](std::span<const ColumnPtr> args,
                                                    int64_t rows) -> Result<ColumnPtr> {
    ColumnBuilder out(result);
    auto needed = args.first(std::min(strict, args.size()));
    for (int64_t row = 0; row < rows; ++row) {
      bool null =
          std::any_of(needed.begin(), needed.end(), [row](const ColumnPtr& a) { return a->IsNull(row); });
      if (null) {
        out.AppendNull();
      } else {
        RETURN_IF_ERROR(write(args, row, &out));
      }
    }
    return out.Finish();
  };
}

namespace {

Result<Signature> ResolveArray(std::span<const ArgInfo> args) {
  std::vector<DataType> types;
  for (const ArgInfo& arg : args) types.push_back(arg.type);
  std::optional<DataType> common = CommonType(types);
  if (!common || common->is(TypeKind::kNull)) return BadArguments("ARRAY", "<any>, <same type>, ...");
  Signature signature;
  for (const DataType& type : types)
    signature.args.push_back(common->WithNullable(type.nullable() || type.is(TypeKind::kNull)));
  signature.result = DataType::Array(*common).NotNull();
  return signature;
}

Kernel BindArray(const CallSite& site) {
  return [type = site.result](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    ColumnBuilder out(type);
    for (int64_t row = 0; row < rows; ++row) {
      for (const ColumnPtr& arg : args) out.child(0).AppendFrom(*arg, row);
      out.CloseList();
    }
    return out.Finish();
  };
}

Result<Signature> ResolveMap(std::span<const ArgInfo> args) {
  std::vector<DataType> types[2];
  for (size_t i = 0; i < args.size(); ++i) types[i % 2].push_back(args[i].type);
  std::optional<DataType> key = CommonType(types[0]), value = CommonType(types[1]);
  bool whole = types[0].size() == types[1].size();
  if (!whole || !key || !value || key->is(TypeKind::kNull) || value->is(TypeKind::kNull))
    return BadArguments("MAP", "<key>, <value>, ...");
  Signature signature;
  for (const ArgInfo& arg : args) {
    const DataType& common = signature.args.size() % 2 == 0 ? *key : *value;
    signature.args.push_back(common.WithNullable(arg.type.nullable() || arg.type.is(TypeKind::kNull)));
  }
  signature.result = DataType::Map(*key, *value).NotNull();
  return signature;
}

// Of doubled keys the last one counts, at the place of the first.
Kernel BindMap(const CallSite& site) {
  return [type = site.result](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    ColumnBuilder out(type);
    std::vector<size_t> entries;
    for (int64_t row = 0; row < rows; ++row) {
      entries.clear();
      for (size_t k = 0; k < args.size(); k += 2) {
        size_t at = 0;
        while (at < entries.size() && !EqualElements(args[entries[at]], row, args[k], row)) ++at;
        if (at == entries.size()) entries.push_back(k);
        entries[at] = k;
      }
      for (size_t k : entries) {
        out.child(0).AppendFrom(*args[k], row);
        out.child(1).AppendFrom(*args[k + 1], row);
      }
      out.CloseList();
    }
    return out.Finish();
  };
}

Result<Signature> ResolveArrayItem(std::span<const ArgInfo> args) {
  const DataType& index = args[1].type;
  if (!index.is_integer() && !index.is(TypeKind::kNull)) return BadArguments("ITEM", "<array>, <integer>");
  if (args[1].literal != nullptr && args[1].literal->is_int() && args[1].literal->as_int() < 1) {
    return SqlError(ErrorNumber::kBadArguments, {},
                    "Array element access needs an index starting at 1 but was " +
                        std::to_string(args[1].literal->as_int()) + ".");
  }
  return Signature{{args[0].type, DataType::Int().WithNullable(index.nullable())},
                   args[0].type.element().WithNullable(true)};
}

// A field by name or by position from 1; both must be literals.
Result<Signature> ResolveRowItem(std::span<const ArgInfo> args) {
  const DataType& row = args[0].type;
  const Value* key = args[1].literal;
  if (key == nullptr || key->is_null() || !(args[1].type.is_integer() || args[1].type.is_character()))
    return BadArguments("ITEM", "<row>, <position or name of a field>");
  std::optional<size_t> index = FieldIndex(row, *key);
  if (!index) {
    return SqlError(ErrorNumber::kUnknownColumn, {},
                    "Cannot infer type of field access at this position or name");
  }
  return Signature{{row, args[1].type}, FieldType(row, *index)};
}

Result<Signature> ResolveItem(std::span<const ArgInfo> args) {
  if (args.size() != 2) return BadArguments("ITEM", "<collection>, <key>");
  const DataType& type = args[0].type;
  if (type.is(TypeKind::kArray)) return ResolveArrayItem(args);
  if (type.is(TypeKind::kRow)) return ResolveRowItem(args);
  if (type.is(TypeKind::kVariant)) return ResolveVariantItem(args);
  if (!type.is(TypeKind::kMap) || !CanCastImplicitly(args[1].type, type.map_key()))
    return BadArguments("ITEM", "<array>, <integer> or <map>, <key>");
  return Signature{{type, type.map_key().WithNullable(true)}, type.map_value().WithNullable(true)};
}

Result<ColumnPtr> ArrayItems(const DataType& type, std::span<const ColumnPtr> args, int64_t rows) {
  ColumnBuilder out(type);
  for (int64_t row = 0; row < rows; ++row) {
    if (args[0]->IsNull(row) || args[1]->IsNull(row)) {
      out.AppendNull();
      continue;
    }
    int64_t index = args[1]->At<int32_t>(row);
    int64_t at = args[0]->ListBegin(row) + index - 1;
    if (index < 1 || at >= args[0]->ListEnd(row)) {
      out.AppendNull();
    } else {
      out.AppendFrom(*args[0]->child(0), at);
    }
  }
  return out.Finish();
}

Result<ColumnPtr> MapItems(const DataType& type, std::span<const ColumnPtr> args, int64_t rows) {
  ColumnBuilder out(type);
  for (int64_t row = 0; row < rows; ++row) {
    int32_t at = 0, end = 0;
    if (!args[0]->IsNull(row)) {
      at = args[0]->ListBegin(row);
      end = args[0]->ListEnd(row);
    }
    while (at < end && !EqualElements(args[0]->child(0), at, args[1], row)) ++at;
    if (at == end) {
      out.AppendNull();
    } else {
      out.AppendFrom(*args[0]->child(1), at);
    }
  }
  return out.Finish();
}

Kernel BindItem(const CallSite& site) {
  const DataType& type = site.args[0];
  if (type.is(TypeKind::kVariant)) return BindVariantItem(site);
  if (type.is(TypeKind::kRow)) {
    size_t index = *FieldIndex(type, site.constants[1]);
    return [index, result = site.result](std::span<const ColumnPtr> args, int64_t rows) {
      return FieldColumn(args[0], index, result, rows);
    };
  }
  auto items = type.is(TypeKind::kArray) ? ArrayItems : MapItems;
  return [items, result = site.result](std::span<const ColumnPtr> args, int64_t rows) {
    return items(result, args, rows);
  };
}

Result<Signature> ResolveCardinality(std::span<const ArgInfo> args) {
  if (args.size() != 1 || !args[0].type.is_collection())
    return BadArguments("CARDINALITY", "<array, map or multiset>");
  return Signature{{args[0].type}, DataType::Int().WithNullable(args[0].type.nullable())};
}

Kernel BindCardinality(const CallSite& site) {
  bool multiset = site.args[0].is(TypeKind::kMultiset);
  return PerRow(site.result, 1, [multiset](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
    const Column& list = *args[0];
    int32_t count = list.ListEnd(row) - list.ListBegin(row);
    if (multiset) {
      count = 0;
      for (int32_t e = list.ListBegin(row); e < list.ListEnd(row); ++e)
        count += list.child(1)->At<int32_t>(e);
    }
    out->Append(count);
    return Status::Ok();
  });
}

Result<Signature> ResolveElement(std::span<const ArgInfo> args) {
  if (args.size() != 1 || !args[0].type.is(TypeKind::kArray)) return BadArguments("ELEMENT", "<array>");
  return Signature{{args[0].type}, args[0].type.element().WithNullable(true)};
}

Kernel BindElement(const CallSite& site) {
  return PerRow(site.result, 1, [](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
    const Column& list = *args[0];
    int32_t count = list.ListEnd(row) - list.ListBegin(row);
    if (count > 1)
      return Status::InvalidData("Array has more than one element.").WithNumber(ErrorNumber::kRuntime);
    if (count == 0) {
      out->AppendNull();
    } else {
      out->AppendFrom(*list.child(0), list.ListBegin(row));
    }
    return Status::Ok();
  });
}

}  // namespace

std::optional<size_t> FieldIndex(const DataType& row, const Value& key) {
  const std::vector<Field>& fields = row.fields();
  if (key.is_int()) {
    bool inside = key.as_int() >= 1 && key.as_int() <= static_cast<int64_t>(fields.size());
    return inside ? std::optional<size_t>(static_cast<size_t>(key.as_int() - 1)) : std::nullopt;
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == key.as_string()) return i;
  }
  return std::nullopt;
}

void RegisterCollections(FunctionRegistry* registry) {
  registry->Add("ARRAY", ResolveArray, BindArray);
  registry->Add("MAP", ResolveMap, BindMap);
  registry->Add("ITEM", ResolveItem, BindItem);
  registry->Add("CARDINALITY", ResolveCardinality, BindCardinality);
  registry->Add("ELEMENT", ResolveElement, BindElement).set_may_fail(true);
}

}  // namespace penstock
