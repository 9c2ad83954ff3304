// Fields and columns: which goes with which, and what stands for a field that is missing.
#include <algorithm>
#include <charconv>
#include <limits>

#include "base/strings.h"
#include "formats/protobuf/proto_decoder.h"

namespace penstock {

namespace {

constexpr uint32_t kNearNumbers = 1024;

bool FitsInteger(const DataType& type) { return type.is(TypeKind::kInt) || type.is(TypeKind::kBigInt); }

// Whether values of a kind can be read into, and written from, a column of the type.
bool Fits(ProtoKind kind, const DataType& type) {
  switch (kind) {
    case ProtoKind::kDouble: return type.is(TypeKind::kDouble);
    case ProtoKind::kFloat: return type.is_approximate();
    case ProtoKind::kBool: return type.is(TypeKind::kBoolean);
    case ProtoKind::kString: return type.is_character();
    case ProtoKind::kBytes: return type.is_binary();
    case ProtoKind::kEnum: return type.is_character() || type.is_integer();
    case ProtoKind::kInt64:
    case ProtoKind::kUint64:
    case ProtoKind::kFixed64:
    case ProtoKind::kSfixed64:
    case ProtoKind::kSint64: return type.is(TypeKind::kBigInt);
    case ProtoKind::kGroup:
    case ProtoKind::kMessage: return type.is(TypeKind::kRow);
    default: return FitsInteger(type);
  }
}

const char* NameOf(ProtoKind kind) {
  static constexpr const char* kNames[] = {
      "",      "double",  "float", "int64",  "uint64", "int32",    "fixed64",  "fixed32", "bool",  "string",
      "group", "message", "bytes", "uint32", "enum",   "sfixed32", "sfixed64", "sint32",  "sint64"};
  return kNames[static_cast<size_t>(kind)];
}

class Planner {
 public:
  Planner(const ProtoSchema& schema, const ProtobufOptions& options) : schema_(schema), options_(options) {}

  Status PlanMessage(int index, const std::vector<Field>& columns, ProtoStep* step) const {
    const ProtoMessage& message = schema_.message(index);
    for (const Field& column : columns) {
      const ProtoField* field = message.Find(column.name);
      if (field == nullptr) {
        return Status::InvalidData("message '" + message.name + "' has no field '" + column.name + "'");
      }
      ProtoStep child;
      Status planned = PlanField(message, *field, column.type, &child);
      if (!planned.ok()) return planned;
      Reserve(field->number, static_cast<int>(step->children.size()), step);
      step->children.push_back(std::move(child));
    }
    std::sort(step->far_slots.begin(), step->far_slots.end());
    return Status::Ok();
  }

 private:
  static void Reserve(uint32_t number, int child, ProtoStep* step) {
    if (number >= kNearNumbers) {
      step->far_slots.emplace_back(number, child);
      return;
    }
    if (step->slots.size() <= number) step->slots.resize(number + 1, -1);
    step->slots[number] = child;
  }

  Status Mismatch(const ProtoField& field, const DataType& type) const {
    std::string kind = field.type_name.empty() ? NameOf(field.kind) : field.type_name;
    return Status::InvalidData("field '" + field.name + "' is " + (field.repeated ? "repeated " : "") + kind +
                               " and cannot be a column of type " + type.ToString());
  }

  Status PlanField(const ProtoMessage& message, const ProtoField& field, const DataType& type,
                   ProtoStep* step) const {
    step->field = field;
    step->type = type;
    bool map = field.repeated && field.kind == ProtoKind::kMessage && schema_.message(field.type).map_entry;
    if (map) {
      if (!type.is(TypeKind::kMap)) return Mismatch(field, type);
      return PlanMap(schema_.message(field.type), type, step);
    }
    if (field.repeated) {
      if (!type.is(TypeKind::kArray)) return Mismatch(field, type);
      step->shape = ProtoStep::Shape::kList;
      step->fills = options_.read_default_values;
      step->packable = field.kind != ProtoKind::kString && field.kind != ProtoKind::kBytes &&
                       field.kind != ProtoKind::kMessage && field.kind != ProtoKind::kGroup;
      ProtoStep item;
      ProtoField one = field;
      one.repeated = false;
      RETURN_IF_ERROR(PlanValue(message.proto3, one, type.element(), &item));
      step->children.push_back(std::move(item));
      return Status::Ok();
    }
    return PlanValue(message.proto3, field, type, step);
  }

  Status PlanMap(const ProtoMessage& entry, const DataType& type, ProtoStep* step) const {
    step->shape = ProtoStep::Shape::kMap;
    step->fills = options_.read_default_values;
    const DataType parts[] = {type.map_key(), type.map_value()};
    for (size_t i = 0; i < 2; ++i) {
      ProtoStep part;
      RETURN_IF_ERROR(PlanValue(entry.proto3, entry.fields[i], parts[i], &part));
      part.fills = true;  // an entry always has both
      Reserve(entry.fields[i].number, static_cast<int>(i), step);
      step->children.push_back(std::move(part));
    }
    return Status::Ok();
  }

  Status PlanValue(bool proto3, const ProtoField& field, const DataType& type, ProtoStep* step) const {
    step->field = field;
    step->type = type;
    if (!Fits(field.kind, type)) return Mismatch(field, type);
    bool whole = type.is(TypeKind::kRow);
    // As Flink: values of proto3 always have their default, messages only where the option says so.
    step->fills = options_.read_default_values || (proto3 && !whole);
    if (whole) return PlanMessage(field.type, type.fields(), step);
    if (field.kind == ProtoKind::kEnum) step->names = &schema_.enumeration(field.type);
    return PlanDefault(field, step);
  }

  // The default that a proto2 field declares, else zero, "" or an enum's first value.
  Status PlanDefault(const ProtoField& field, ProtoStep* step) const {
    std::string text = field.default_text.value_or("");
    switch (field.kind) {
      case ProtoKind::kString: step->missing_string = text; return Status::Ok();
      case ProtoKind::kBytes: step->missing_string = Unescape(text); return Status::Ok();
      case ProtoKind::kBool: step->missing_integer = text == "true" ? 1 : 0; return Status::Ok();
      case ProtoKind::kEnum:
        step->missing_integer = step->names->values[0].first;
        for (const auto& [number, name] : step->names->values) {
          if (name == text) step->missing_integer = number;
        }
        return Status::Ok();
      case ProtoKind::kFloat:
      case ProtoKind::kDouble:
        if (text == "inf" || text == "-inf")
          step->missing_double = text[0] == '-' ? -std::numeric_limits<double>::infinity()
                                                : std::numeric_limits<double>::infinity();
        else if (text == "nan")
          step->missing_double = std::numeric_limits<double>::quiet_NaN();
        else
          std::from_chars(text.data(), text.data() + text.size(), step->missing_double);
        return Status::Ok();
      default:
        std::from_chars(text.data(), text.data() + text.size(), step->missing_integer);
        return Status::Ok();
    }
  }

  // The C escapes that descriptors write defaults of bytes with.
  static std::string Unescape(const std::string& text) {
    static constexpr std::string_view kFrom = "nrtabfv\\'\"?", kTo = "\n\r\t\a\b\f\v\\'\"?";
    std::string bytes;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\' || i + 1 == text.size()) {
        bytes += text[i];
        continue;
      }
      char next = text[++i];
      if (size_t at = kFrom.find(next); at != std::string_view::npos) {
        bytes += kTo[at];
      } else if (next >= '0' && next <= '7' && i + 2 < text.size()) {
        bytes += static_cast<char>((next - '0') << 6 | (text[i + 1] - '0') << 3 | (text[i + 2] - '0'));
        i += 2;
      }
    }
    return bytes;
  }

  const ProtoSchema& schema_;
  const ProtobufOptions& options_;
};

}  // namespace

Result<ProtoStep> PlanProtoMessage(const ProtoSchema& schema, int message, const std::vector<Field>& columns,
                                   const ProtobufOptions& options) {
  ProtoStep root;
  RETURN_IF_ERROR(Planner(schema, options).PlanMessage(message, columns, &root));
  return root;
}

}  // namespace penstock
