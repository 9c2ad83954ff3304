// The MAP_* functions. Maps keep the order in which their keys came; of equal keys the last value counts.
#include <unordered_map>

#include "expr/functions/collections.h"
#include "expr/functions/register.h"
#include "expr/signature.h"
#include "expr/type_rules.h"

namespace penstock {

namespace {

using Args = std::span<const ColumnPtr>;

Function::Resolve ResolveMap(const char* name, std::function<DataType(const DataType& map)> element) {
  return [name, element = std::move(element)](std::span<const ArgInfo> args) -> Result<Signature> {
    if (args.size() != 1 || !args[0].type.is(TypeKind::kMap)) return BadArguments(name, "<MAP>");
    DataType result = DataType::Array(element(args[0].type));
    return Signature{{args[0].type}, result.WithNullable(args[0].type.nullable())};
  };
}

// Keys (0) or values (1) as an array.
template <size_t part>
Kernel BindPart(const CallSite& site) {
  return PerRow(site.result, 1, [](Args args, int64_t row, ColumnBuilder* out) {
    const Column& map = *args[0];
    out->child(0).AppendRange(*map.child(part), map.ListBegin(row), map.ListEnd(row) - map.ListBegin(row));
    out->CloseList();
    return Status::Ok();
  });
}

DataType EntryType(const DataType& map) {
  return DataType::Row({{"key", map.map_key()}, {"value", map.map_value()}});
}

Kernel BindEntries(const CallSite& site) {
  return PerRow(site.result, 1, [](Args args, int64_t row, ColumnBuilder* out) {
    const Column& map = *args[0];
    for (int32_t e = map.ListBegin(row); e < map.ListEnd(row); ++e) {
      ColumnBuilder& entry = out->child(0);
      for (size_t c : {0, 1}) entry.child(c).AppendFrom(*map.child(c), e);
      entry.CloseRow();
    }
    out->CloseList();
    return Status::Ok();
  });
}

// Collects entries; a key that comes again replaces the value.
class MapEntries {
 public:
  void Add(const ColumnPtr& keys, int64_t key, const ColumnPtr& values, int64_t value) {
    auto [it, added] = index_.emplace(KeyBytes(keys, key), entries_.size());
    if (added) entries_.push_back({keys, key, values, value});
    entries_[it->second].values = values;
    entries_[it->second].value = value;
  }
  void AppendTo(ColumnBuilder* out) const {
    for (const Entry& entry : entries_) {
      out->child(0).AppendFrom(*entry.keys, entry.key);
      out->child(1).AppendFrom(*entry.values, entry.value);
    }
    out->CloseList();
  }

 private:
  struct Entry {
    ColumnPtr keys;
    int64_t key;
    ColumnPtr values;
    int64_t value;
  };
  std::unordered_map<std::string, size_t> index_;
  std::vector<Entry> entries_;
};

Result<Signature> ResolveUnion(std::span<const ArgInfo> args) {
  std::vector<DataType> types;
  bool maps = !args.empty();
  for (const ArgInfo& arg : args) {
    maps = maps && (arg.type.is(TypeKind::kMap) || arg.type.is(TypeKind::kNull));
    types.push_back(arg.type);
  }
  std::optional<DataType> common = maps ? CommonType(types) : std::nullopt;
  if (!common || !common->is(TypeKind::kMap)) return BadArguments("MAP_UNION", "<COMMON>, <COMMON>...");
  Signature signature;
  for (const DataType& type : types) signature.args.push_back(common->WithNullable(type.nullable()));
  signature.result = *common;
  return signature;
}

Kernel BindUnion(const CallSite& site) {
  return PerRow(site.result, SIZE_MAX, [](Args args, int64_t row, ColumnBuilder* out) {
    MapEntries entries;
    for (const ColumnPtr& map : args) {
      for (int32_t e = map->ListBegin(row); e < map->ListEnd(row); ++e)
        entries.Add(map->child(0), e, map->child(1), e);
    }
    entries.AppendTo(out);
    return Status::Ok();
  });
}

Result<Signature> ResolveFromArrays(std::span<const ArgInfo> args) {
  if (args.size() != 2 || !args[0].type.is(TypeKind::kArray) || !args[1].type.is(TypeKind::kArray))
    return BadArguments("MAP_FROM_ARRAYS", "keys <ARRAY>, values <ARRAY>");
  DataType map = DataType::Map(args[0].type.element(), args[1].type.element());
  return Signature{{args[0].type, args[1].type}, WithNullability(map, args, Nullability::kIfAnyArgument)};
}

Kernel BindFromArrays(const CallSite& site) {
  return PerRow(site.result, 2, [](Args args, int64_t row, ColumnBuilder* out) {
    int32_t keys = args[0]->ListEnd(row) - args[0]->ListBegin(row);
    int32_t values = args[1]->ListEnd(row) - args[1]->ListBegin(row);
    if (keys != values) {
      return Status::InvalidData("Invalid function MAP_FROM_ARRAYS call:\nThe length of the keys array " +
                                 std::to_string(keys) + " is not equal to the length of the values array " +
                                 std::to_string(values))
          .WithNumber(ErrorNumber::kRuntime);
    }
    MapEntries entries;
    for (int32_t i = 0; i < keys; ++i) {
      entries.Add(args[0]->child(0), args[0]->ListBegin(row) + i, args[1]->child(0),
                  args[1]->ListBegin(row) + i);
    }
    entries.AppendTo(out);
    return Status::Ok();
  });
}

}  // namespace

void RegisterMaps(FunctionRegistry* registry) {
  registry->Add("MAP_KEYS", ResolveMap("MAP_KEYS", [](const DataType& m) { return m.map_key(); }),
                BindPart<0>);
  registry->Add("MAP_VALUES", ResolveMap("MAP_VALUES", [](const DataType& m) { return m.map_value(); }),
                BindPart<1>);
  registry->Add("MAP_ENTRIES", ResolveMap("MAP_ENTRIES", EntryType), BindEntries);
  registry->Add("MAP_UNION", ResolveUnion, BindUnion);
  registry->Add("MAP_FROM_ARRAYS", ResolveFromArrays, BindFromArrays).set_may_fail(true);
}

}  // namespace penstock
