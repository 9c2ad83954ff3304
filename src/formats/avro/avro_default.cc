// Default values of fields: from their JSON in the schema to the binary form, which a program then reads as
// if it stood in the record.
#include <simdjson.h>

#include <algorithm>

#include "formats/avro/avro_output.h"
#include "formats/avro/avro_program.h"

namespace penstock {

namespace {

namespace dom = simdjson::dom;

constexpr int kDepthMax = 64;
constexpr int kStepsMax = 100'000;  // records whose fields default to records can be made to explode

class DefaultEncoder {
 public:
  explicit DefaultEncoder(const AvroSchema& schema) : schema_(schema) {}

  bool Encode(int index, dom::element json, int depth, std::string* out) const {
    const AvroType& type = schema_.type(index);
    if (depth > kDepthMax || --steps_left_ < 0) return false;
    switch (type.kind) {
      case AvroKind::kNull: return json.is_null();
      case AvroKind::kBoolean: {
        bool value = false;
        if (json.get_bool().get(value) != simdjson::SUCCESS) return false;
        out->push_back(value ? 1 : 0);
        return true;
      }
      case AvroKind::kInt:
      case AvroKind::kLong: return EncodeInteger(type, json, out);
      case AvroKind::kFloat:
      case AvroKind::kDouble: return EncodeFloating(type, json, out);
      case AvroKind::kBytes:
      case AvroKind::kString:
      case AvroKind::kFixed:
      case AvroKind::kEnum: return EncodeText(type, json, out);
      case AvroKind::kArray: return EncodeArray(type, json, depth, out);
      case AvroKind::kMap: return EncodeMap(type, json, depth, out);
      case AvroKind::kRecord: return EncodeRecord(type, json, depth, out);
      case AvroKind::kUnion: return EncodeUnion(type, json, depth, out);
    }
    return false;
  }

 private:
  static bool EncodeInteger(const AvroType& type, dom::element json, std::string* out) {
    int64_t value = 0;
    if (json.get_int64().get(value) != simdjson::SUCCESS) return false;
    if (type.is(AvroKind::kInt) && value != static_cast<int32_t>(value)) return false;
    AppendAvroLong(value, out);
    return true;
  }

  static bool EncodeFloating(const AvroType& type, dom::element json, std::string* out) {
    double value = 0;
    if (json.get_double().get(value) != simdjson::SUCCESS) return false;
    if (type.is(AvroKind::kFloat)) {
      AppendAvroFixed(static_cast<float>(value), out);
    } else {
      AppendAvroFixed(value, out);
    }
    return true;
  }

  // Bytes stand as text whose code points 0 to 255 are the bytes.
  static bool ToBytes(std::string_view text, std::string* bytes) {
    for (size_t i = 0; i < text.size(); ++i) {
      auto byte = static_cast<uint8_t>(text[i]);
      if (byte < 0x80) {
        bytes->push_back(text[i]);
      } else if ((byte == 0xc2 || byte == 0xc3) && i + 1 < text.size()) {
        auto next = static_cast<uint8_t>(text[++i]);
        bytes->push_back(static_cast<char>((byte & 3) << 6 | (next & 0x3f)));
      } else {
        return false;
      }
    }
    return true;
  }

  static bool EncodeText(const AvroType& type, dom::element json, std::string* out) {
    std::string_view text;
    if (json.get_string().get(text) != simdjson::SUCCESS) return false;
    if (type.is(AvroKind::kEnum)) {
      auto found = std::find(type.symbols.begin(), type.symbols.end(), text);
      AppendAvroLong(found - type.symbols.begin(), out);
      return found != type.symbols.end();
    }
    std::string bytes;
    if (type.is(AvroKind::kString)) {
      bytes = text;
    } else if (!ToBytes(text, &bytes)) {
      return false;
    }
    if (!type.is(AvroKind::kFixed)) {
      AppendAvroBytes(bytes, out);
      return true;
    }
    *out += bytes;
    return bytes.size() == type.size;
  }

  bool EncodeArray(const AvroType& type, dom::element json, int depth, std::string* out) const {
    dom::array array;
    if (json.get_array().get(array) != simdjson::SUCCESS) return false;
    if (array.size() > 0) AppendAvroLong(static_cast<int64_t>(array.size()), out);
    for (dom::element item : array) {
      if (!Encode(type.children[0], item, depth + 1, out)) return false;
    }
    out->push_back(0);
    return true;
  }

  bool EncodeMap(const AvroType& type, dom::element json, int depth, std::string* out) const {
    dom::object object;
    if (json.get_object().get(object) != simdjson::SUCCESS) return false;
    if (object.size() > 0) AppendAvroLong(static_cast<int64_t>(object.size()), out);
    for (dom::key_value_pair pair : object) {
      AppendAvroBytes(pair.key, out);
      if (!Encode(type.children[0], pair.value, depth + 1, out)) return false;
    }
    out->push_back(0);
    return true;
  }

  bool EncodeRecord(const AvroType& type, dom::element json, int depth, std::string* out) const {
    dom::object object;
    if (json.get_object().get(object) != simdjson::SUCCESS) return false;
    for (const AvroField& field : type.fields) {
      dom::element value;
      if (object[field.name].get(value) == simdjson::SUCCESS) {
        if (!Encode(field.type, value, depth + 1, out)) return false;
        continue;
      }
      dom::parser parser;
      if (!field.default_json || parser.parse(*field.default_json).get(value) != simdjson::SUCCESS ||
          !Encode(field.type, value, depth + 1, out)) {
        return false;
      }
    }
    return true;
  }

  // The first branch that the value is one of.
  bool EncodeUnion(const AvroType& type, dom::element json, int depth, std::string* out) const {
    size_t before = out->size();
    for (size_t branch = 0; branch < type.children.size(); ++branch) {
      AppendAvroLong(static_cast<int64_t>(branch), out);
      if (Encode(type.children[branch], json, depth + 1, out)) return true;
      out->resize(before);
    }
    return false;
  }

  const AvroSchema& schema_;
  mutable int steps_left_ = kStepsMax;
};

}  // namespace

Result<std::string> EncodeAvroDefault(const AvroSchema& schema, int type, std::string_view json) {
  std::string bytes, text(json);
  dom::parser parser;
  dom::element element;
  if (parser.parse(text).get(element) == simdjson::SUCCESS &&
      DefaultEncoder(schema).Encode(type, element, 0, &bytes)) {
    return bytes;
  }
  return Status::InvalidData("the default " + text.substr(0, 100) + " is no " + schema.NameOf(type));
}

}  // namespace penstock
