// JsonFields: the wanted columns of a JSON decoder as a tree, one node a type, so that a node is never
// re-entered. Objects with named fields remember the keys of the object before: keys mostly come in one
// order, and then finding a child is one comparison. Shared by the decoder's two readers, used on its thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/data_type.h"

namespace penstock {

struct JsonFields {
  explicit JsonFields(DataType t) : type(std::move(t)) {
    switch (type.kind()) {
      case TypeKind::kArray: children.emplace_back(type.element()); break;
      case TypeKind::kMap: children.emplace_back(type.map_value()); break;
      case TypeKind::kMultiset: children.emplace_back(DataType::Int()); break;
      case TypeKind::kRow: AddFields(type.fields()); break;
      default: break;
    }
  }
  explicit JsonFields(const std::vector<Field>& columns) {
    AddFields(columns);
    for (JsonFields& child : children) child.defers_nulls = child.type.is(TypeKind::kRow);
  }

  // The child that an unescaped key names, -1 for none; the key is expected at that position from now on.
  int Learn(std::string_view key, size_t position) {
    auto found = index.find(key);
    int child = found == index.end() ? -1 : found->second;
    if (position >= 4096) return child;
    if (position >= order.size()) order.resize(position + 1);
    bool plain = key.find_first_of("\"\\") == std::string_view::npos;
    order[position].Set(plain ? key : kNoKey, child);
    return child;
  }

  static constexpr std::string_view kNoKey = "\n";  // stands in no JSON text as it is
  struct Expected {
    std::string name = std::string(kNoKey);  // as it stands in the text
    int child = -1;                          // -1: not wanted
    // The first 16 bytes of the name and the quote behind it, and which of them count.
    uint64_t head[2] = {0, 0};
    uint64_t mask[2] = {0, 0};

    void Set(std::string_view text, int number) {
      name.assign(text);
      child = number;
      char bytes[16] = {}, masks[16] = {};
      for (size_t i = 0; i < 16 && i <= name.size(); ++i) {
        bytes[i] = i < name.size() ? name[i] : '"';
        masks[i] = '\xff';
      }
      std::memcpy(head, bytes, sizeof(head));
      std::memcpy(mask, masks, sizeof(mask));
    }
    // Whether the key that starts there is this one. REQUIRES: 16 bytes may be read, and the key's length
    // + 1.
    bool Matches(const char* key) const {
      uint64_t text[2];
      std::memcpy(text, key, sizeof(text));
      if ((((text[0] ^ head[0]) & mask[0]) | ((text[1] ^ head[1]) & mask[1])) != 0) return false;
      size_t size = name.size();
      return size < 16 || (std::memcmp(key, name.data(), size) == 0 && key[size] == '"');
    }
  };
  struct KeyHash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };

  DataType type;
  std::vector<JsonFields> children;
  // Of objects with named fields.
  std::vector<std::string> names;
  std::unordered_map<std::string, int, KeyHash, std::equal_to<>> index;
  std::vector<Expected> order;  // the keys of the object before
  std::vector<uint64_t> seen;   // round in which a child got its value
  uint64_t round = 0;
  // Of a column of rows: the walker counts its NULLs that the builder does not have yet.
  bool defers_nulls = false;
  int64_t nulls = 0;

 private:
  void AddFields(const std::vector<Field>& fields) {
    for (const Field& field : fields) {
      index.emplace(field.name, static_cast<int>(children.size()));
      children.emplace_back(field.type);
      names.push_back(field.name);
    }
    seen.assign(children.size(), 0);
  }
};

}  // namespace penstock
