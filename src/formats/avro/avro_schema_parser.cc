// Parsing of schemas, over simdjson's DOM. What the specification does not know is kept as properties; a
// logical type that does not fit its base is ignored, as the specification wants it.
#include <simdjson.h>

#include <algorithm>
#include <unordered_map>

#include "formats/avro/avro_schema.h"

namespace penstock {

namespace {

namespace dom = simdjson::dom;

constexpr size_t kTextMax = 1 << 20;
constexpr int kDepthMax = 64;
constexpr int kTypesMax = 20'000;
constexpr int64_t kFixedMax = 1 << 20;

Status Bad(const std::string& problem) { return Status::InvalidData("bad Avro schema: " + problem); }

std::optional<AvroKind> PrimitiveOf(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(AvroKind::kString); ++i) {
    if (name == AvroKindName(static_cast<AvroKind>(i))) return static_cast<AvroKind>(i);
  }
  return std::nullopt;
}

std::string TextOf(dom::object object, const char* key) {
  std::string_view text;
  return object[key].get_string().get(text) == simdjson::SUCCESS ? std::string(text) : "";
}

int64_t NumberOf(dom::object object, const char* key, int64_t fallback) {
  int64_t number = 0;
  return object[key].get_int64().get(number) == simdjson::SUCCESS ? number : fallback;
}

std::string Qualified(const std::string& name, const std::string& space) {
  return name.find('.') != std::string::npos || space.empty() ? name : space + "." + name;
}

bool IsOneOf(std::string_view key, std::initializer_list<std::string_view> known) {
  return std::find(known.begin(), known.end(), key) != known.end();
}

AvroProperties OthersOf(dom::object object, std::initializer_list<std::string_view> known) {
  AvroProperties others;
  for (dom::key_value_pair pair : object) {
    if (!IsOneOf(pair.key, known)) others[std::string(pair.key)] = simdjson::minify(pair.value);
  }
  return others;
}

Result<std::vector<std::string>> TextsOf(dom::object object, const char* key) {
  std::vector<std::string> texts;
  dom::element list;
  if (object[key].get(list) != simdjson::SUCCESS) return texts;
  dom::array array;
  if (list.get_array().get(array) != simdjson::SUCCESS) return Bad(std::string("'") + key + "' is no array");
  for (dom::element element : array) {
    std::string_view text;
    if (element.get_string().get(text) != simdjson::SUCCESS)
      return Bad(std::string("'") + key + "' holds what is no text");
    texts.emplace_back(text);
  }
  return texts;
}

// Digits that a fixed of that many bytes can hold: floor(log10(2^(8n - 1) - 1)).
int64_t DigitsOfFixed(size_t bytes) {
  return static_cast<int64_t>(static_cast<double>(8 * bytes - 1) * 0.301029995663981);
}

void ApplyLogical(dom::object object, AvroType* type) {
  std::string name = TextOf(object, "logicalType");
  if (name.empty()) return;
  auto fits = [&](AvroLogical logical) {
    switch (logical) {
      case AvroLogical::kDecimal: return type->is(AvroKind::kBytes) || type->is(AvroKind::kFixed);
      case AvroLogical::kDate:
      case AvroLogical::kTimeMillis: return type->is(AvroKind::kInt);
      case AvroLogical::kUuid:
        return type->is(AvroKind::kString) || (type->is(AvroKind::kFixed) && type->size == 16);
      default: return type->is(AvroKind::kLong);
    }
  };
  for (int i = 1; i <= static_cast<int>(AvroLogical::kUuid); ++i) {
    auto logical = static_cast<AvroLogical>(i);
    if (name != AvroLogicalName(logical) || !fits(logical)) continue;
    if (logical == AvroLogical::kDecimal) {
      int64_t precision = NumberOf(object, "precision", 0), scale = NumberOf(object, "scale", 0);
      int64_t most = type->is(AvroKind::kFixed) ? DigitsOfFixed(type->size) : 1'000'000;
      if (precision < 1 || precision > most || scale < 0 || scale > precision) return;
      type->precision = static_cast<int>(precision);
      type->scale = static_cast<int>(scale);
    }
    type->logical = logical;
  }
}

class SchemaParser {
 public:
  explicit SchemaParser(AvroSchema* schema) : schema_(*schema) {}

  Result<int> Parse(dom::element json, const std::string& space, int depth) {
    if (depth > kDepthMax) return Bad("deeper than " + std::to_string(kDepthMax) + " levels");
    if (schema_.size() > kTypesMax) return Bad("more than " + std::to_string(kTypesMax) + " types");
    std::string_view name;
    if (json.get_string().get(name) == simdjson::SUCCESS) return Find(std::string(name), space);
    dom::array branches;
    if (json.get_array().get(branches) == simdjson::SUCCESS) return ParseUnion(branches, space, depth);
    dom::object object;
    if (json.get_object().get(object) == simdjson::SUCCESS) return ParseObject(object, space, depth);
    return Bad("a type is a name, an object or an array");
  }

 private:
  Result<int> Find(const std::string& name, const std::string& space) {
    if (std::optional<AvroKind> kind = PrimitiveOf(name)) {
      AvroType type;
      type.kind = *kind;
      return schema_.Add(std::move(type));
    }
    auto found = names_.find(Qualified(name, space));
    if (found == names_.end()) found = names_.find(name);
    if (found == names_.end()) return Bad("there is no type '" + name + "'");
    return found->second;
  }

  Result<int> ParseUnion(dom::array branches, const std::string& space, int depth) {
    AvroType type;
    type.kind = AvroKind::kUnion;
    std::vector<std::string> seen;
    for (dom::element branch : branches) {
      ASSIGN_OR_RETURN(int child, Parse(branch, space, depth + 1));
      const AvroType& made = schema_.type(child);
      if (made.is(AvroKind::kUnion)) return Bad("a union directly inside a union");
      std::string name = made.named() ? made.name : AvroKindName(made.kind);
      if (std::find(seen.begin(), seen.end(), name) != seen.end())
        return Bad("a union with " + name + " twice");
      seen.push_back(std::move(name));
      type.children.push_back(child);
    }
    if (type.children.empty()) return Bad("a union without branches");
    return schema_.Add(std::move(type));
  }

  Result<int> ParseObject(dom::object object, const std::string& space, int depth) {
    dom::element inner;
    if (object["type"].get(inner) != simdjson::SUCCESS) return Bad("a type without 'type'");
    std::string_view text;
    if (inner.get_string().get(text) != simdjson::SUCCESS) return Parse(inner, space, depth + 1);
    std::string name(text);
    if (name == "record" || name == "error" || name == "enum" || name == "fixed")
      return ParseNamed(object, name, space, depth);
    AvroType type;
    if (name == "array" || name == "map") {
      type.kind = name == "array" ? AvroKind::kArray : AvroKind::kMap;
      const char* key = name == "array" ? "items" : "values";
      dom::element element;
      if (object[key].get(element) != simdjson::SUCCESS) return Bad(name + " without '" + key + "'");
      ASSIGN_OR_RETURN(int child, Parse(element, space, depth + 1));
      type.children.push_back(child);
      type.properties = OthersOf(object, {"type", key});
      return schema_.Add(std::move(type));
    }
    std::optional<AvroKind> kind = PrimitiveOf(name);
    if (!kind) return Find(name, space);
    type.kind = *kind;
    ApplyLogical(object, &type);
    type.properties = type.logical == AvroLogical::kNone
                          ? OthersOf(object, {"type"})
                          : OthersOf(object, {"type", "logicalType", "precision", "scale"});
    return schema_.Add(std::move(type));
  }

  Result<int> ParseNamed(dom::object object, const std::string& kind, const std::string& space, int depth) {
    AvroType type;
    type.kind = kind == "enum" ? AvroKind::kEnum : kind == "fixed" ? AvroKind::kFixed : AvroKind::kRecord;
    std::string name = TextOf(object, "name"), own = space;
    if (name.empty()) return Bad(kind + " without a name");
    if (dom::element given; object["namespace"].get(given) == simdjson::SUCCESS)
      own = TextOf(object, "namespace");
    type.name = Qualified(name, own);
    own = type.name.substr(0, type.name.find('.') == std::string::npos ? 0 : type.name.rfind('.'));
    ASSIGN_OR_RETURN(type.aliases, TextsOf(object, "aliases"));
    for (std::string& alias : type.aliases) alias = Qualified(alias, own);
    int index = schema_.Add(type);
    if (!names_.emplace(type.name, index).second) return Bad("the name '" + type.name + "' is defined twice");
    if (type.is(AvroKind::kRecord)) {
      RETURN_IF_ERROR(ParseFields(object, own, depth, &type));
      type.properties = OthersOf(object, {"type", "name", "namespace", "aliases", "fields"});
    } else if (type.is(AvroKind::kEnum)) {
      RETURN_IF_ERROR(ParseSymbols(object, &type));
      type.properties = OthersOf(object, {"type", "name", "namespace", "aliases", "symbols", "default"});
    } else {
      int64_t size = NumberOf(object, "size", -1);
      if (size < 0 || size > kFixedMax) return Bad("fixed '" + type.name + "' has no usable size");
      type.size = static_cast<size_t>(size);
      ApplyLogical(object, &type);
      type.properties = OthersOf(
          object, {"type", "name", "namespace", "aliases", "size", "logicalType", "precision", "scale"});
    }
    schema_.Replace(index, std::move(type));
    return index;
  }

  static Status ParseSymbols(dom::object object, AvroType* type) {
    ASSIGN_OR_RETURN(type->symbols, TextsOf(object, "symbols"));
    std::vector<std::string> sorted = type->symbols;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
      return Bad("enum '" + type->name + "' has a symbol twice");
    std::string fallback = TextOf(object, "default");
    if (fallback.empty()) return Status::Ok();
    if (!std::binary_search(sorted.begin(), sorted.end(), fallback))
      return Bad("enum '" + type->name + "' has no symbol '" + fallback + "', its default");
    type->default_symbol = std::move(fallback);
    return Status::Ok();
  }

  Status ParseFields(dom::object object, const std::string& space, int depth, AvroType* type) {
    dom::array fields;
    if (object["fields"].get_array().get(fields) != simdjson::SUCCESS)
      return Bad("record '" + type->name + "' without fields");
    std::unordered_map<std::string, int> seen;
    for (dom::element element : fields) {
      dom::object json;
      dom::element field_type, fallback;
      AvroField field;
      if (element.get_object().get(json) != simdjson::SUCCESS) return Bad("a field is no object");
      field.name = TextOf(json, "name");
      if (field.name.empty()) return Bad("a field of '" + type->name + "' has no name");
      if (!seen.emplace(field.name, 0).second)
        return Bad("record '" + type->name + "' has the field '" + field.name + "' twice");
      if (json["type"].get(field_type) != simdjson::SUCCESS)
        return Bad("field '" + field.name + "' has no type");
      ASSIGN_OR_RETURN(field.type, Parse(field_type, space, depth + 1));
      ASSIGN_OR_RETURN(field.aliases, TextsOf(json, "aliases"));
      if (json["default"].get(fallback) == simdjson::SUCCESS) field.default_json = simdjson::minify(fallback);
      field.properties = OthersOf(json, {"name", "type", "aliases", "default"});
      type->fields.push_back(std::move(field));
    }
    return Status::Ok();
  }

  AvroSchema& schema_;
  std::unordered_map<std::string, int> names_;
};

}  // namespace

Result<AvroSchemaPtr> AvroSchema::Parse(std::string_view json) {
  if (json.size() > kTextMax) return Bad("longer than " + std::to_string(kTextMax) + " bytes");
  std::string text(json);
  // A primitive's name may stand without quotes.
  if (PrimitiveOf(json)) text = '"' + text + '"';
  dom::parser parser;
  dom::element root;
  if (auto error = parser.parse(text).get(root)) return Bad(simdjson::error_message(error));
  auto schema = std::make_shared<AvroSchema>();
  ASSIGN_OR_RETURN(int index, SchemaParser(schema.get()).Parse(root, "", 0));
  schema->SetRoot(index);
  return AvroSchemaPtr(std::move(schema));
}

}  // namespace penstock
