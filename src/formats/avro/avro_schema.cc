// Writing schemas as JSON, and names.
#include "formats/avro/avro_schema.h"

#include <algorithm>
#include <set>

#include "base/strings.h"

namespace penstock {

const char* AvroKindName(AvroKind kind) {
  static constexpr const char* kNames[] = {"null",   "boolean", "int",  "long",  "float", "double", "bytes",
                                           "string", "record",  "enum", "array", "map",   "union",  "fixed"};
  return kNames[static_cast<size_t>(kind)];
}

const char* AvroLogicalName(AvroLogical logical) {
  static constexpr const char* kNames[] = {"",
                                           "decimal",
                                           "date",
                                           "time-millis",
                                           "time-micros",
                                           "timestamp-millis",
                                           "timestamp-micros",
                                           "timestamp-nanos",
                                           "local-timestamp-millis",
                                           "local-timestamp-micros",
                                           "local-timestamp-nanos",
                                           "uuid"};
  return kNames[static_cast<size_t>(logical)];
}

bool IsAvroName(std::string_view name) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string AvroSchema::NameOf(int index) const {
  const AvroType& t = type(index);
  std::string text = AvroKindName(t.kind);
  if (t.named()) text += " " + t.name;
  if (t.logical != AvroLogical::kNone) text += std::string(" (") + AvroLogicalName(t.logical) + ")";
  return text;
}

namespace {

std::string SpaceOf(const std::string& full_name) {
  size_t dot = full_name.rfind('.');
  return dot == std::string::npos ? "" : full_name.substr(0, dot);
}

class SchemaWriter {
 public:
  explicit SchemaWriter(const AvroSchema& schema) : schema_(schema) {}

  void Write(int index, const std::string& space) {
    const AvroType& type = schema_.type(index);
    switch (type.kind) {
      case AvroKind::kRecord:
      case AvroKind::kEnum:
      case AvroKind::kFixed: return WriteNamed(index, type, space);
      case AvroKind::kArray:
      case AvroKind::kMap:
        out_ += type.is(AvroKind::kArray) ? R"({"type":"array","items":)" : R"({"type":"map","values":)";
        Write(type.children[0], space);
        return Close(type);
      case AvroKind::kUnion:
        out_ += '[';
        for (size_t i = 0; i < type.children.size(); ++i) {
          if (i > 0) out_ += ',';
          Write(type.children[i], space);
        }
        out_ += ']';
        return;
      default: break;
    }
    if (type.logical == AvroLogical::kNone && type.properties.empty()) {
      out_ += QuoteJson(AvroKindName(type.kind));
      return;
    }
    out_ += std::string(R"({"type":")") + AvroKindName(type.kind) + '"';
    Close(type);
  }

  std::string Take() { return std::move(out_); }

 private:
  // Logical type, other attributes and the bracket.
  void Close(const AvroType& type) {
    if (type.logical != AvroLogical::kNone) {
      out_ += std::string(R"(,"logicalType":")") + AvroLogicalName(type.logical) + '"';
      if (type.logical == AvroLogical::kDecimal) {
        out_ +=
            R"(,"precision":)" + std::to_string(type.precision) + R"(,"scale":)" + std::to_string(type.scale);
      }
    }
    WriteProperties(type.properties);
    out_ += '}';
  }

  void WriteProperties(const AvroProperties& properties) {
    for (const auto& [key, json] : properties) out_ += "," + QuoteJson(key) + ":" + json;
  }

  void WriteList(const char* key, const std::vector<std::string>& texts) {
    out_ += std::string(",\"") + key + "\":[";
    for (size_t i = 0; i < texts.size(); ++i) out_ += (i > 0 ? "," : "") + QuoteJson(texts[i]);
    out_ += ']';
  }

  void WriteNamed(int index, const AvroType& type, const std::string& space) {
    std::string own = SpaceOf(type.name);
    std::string simple = own.empty() ? type.name : type.name.substr(own.size() + 1);
    if (!written_.insert(index).second) {
      out_ += QuoteJson(own == space ? simple : type.name);
      return;
    }
    out_ += std::string(R"({"type":")") + AvroKindName(type.kind) + R"(","name":)" + QuoteJson(simple);
    if (own != space) out_ += R"(,"namespace":)" + QuoteJson(own);
    if (type.is(AvroKind::kRecord)) {
      out_ += R"(,"fields":[)";
      for (size_t i = 0; i < type.fields.size(); ++i) {
        if (i > 0) out_ += ',';
        WriteField(type.fields[i], own);
      }
      out_ += ']';
    } else if (type.is(AvroKind::kEnum)) {
      WriteList("symbols", type.symbols);
      if (type.default_symbol) out_ += R"(,"default":)" + QuoteJson(*type.default_symbol);
    } else {
      out_ += R"(,"size":)" + std::to_string(type.size);
    }
    if (!type.aliases.empty()) WriteList("aliases", type.aliases);
    Close(type);
  }

  void WriteField(const AvroField& field, const std::string& space) {
    out_ += R"({"name":)" + QuoteJson(field.name) + R"(,"type":)";
    Write(field.type, space);
    if (field.default_json) out_ += R"(,"default":)" + *field.default_json;
    if (!field.aliases.empty()) WriteList("aliases", field.aliases);
    WriteProperties(field.properties);
    out_ += '}';
  }

  const AvroSchema& schema_;
  std::set<int> written_;
  std::string out_;
};

}  // namespace

std::string AvroSchema::ToJson() const {
  SchemaWriter writer(*this);
  writer.Write(root_, "");
  return writer.Take();
}

}  // namespace penstock
