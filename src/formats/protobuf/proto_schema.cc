// Reading descriptor sets. Numbers of fields are those of google/protobuf/descriptor.proto.
#include "formats/protobuf/proto_schema.h"

#include <algorithm>
#include <unordered_map>

#include "formats/protobuf/proto_wire.h"

namespace penstock {

namespace {

constexpr int kNestingMax = 64;
constexpr size_t kTypesMax = 50'000;

Status Bad(const std::string& problem) { return Status::InvalidData("bad descriptor set: " + problem); }

// Calls on_item for each field of a message until it fails.
template <typename OnItem>
Status ForEach(std::string_view bytes, const OnItem& on_item) {
  ProtoInput in(bytes);
  while (!in.at_end()) {
    ProtoItem item;
    if (!in.Next(&item)) return Bad(in.problem());
    RETURN_IF_ERROR(on_item(item));
  }
  return Status::Ok();
}

}  // namespace

class ProtoSchemaReader {
 public:
  explicit ProtoSchemaReader(ProtoSchema* schema) : schema_(*schema) {}

  Status ReadSet(std::string_view bytes) {
    RETURN_IF_ERROR(ForEach(bytes, [this](const ProtoItem& item) {
      return item.number == 1 ? ReadFile(item.bytes) : Status::Ok();
    }));
    if (schema_.messages_.empty()) return Bad("it has no message");
    return Link();
  }

 private:
  Status ReadFile(std::string_view bytes) {
    std::string package, syntax;
    RETURN_IF_ERROR(ForEach(bytes, [&](const ProtoItem& item) {
      if (item.number == 2) package = item.bytes;
      if (item.number == 12) syntax = item.bytes;
      return Status::Ok();
    }));
    if (syntax == "editions") return Bad("editions are not supported, only proto2 and proto3");
    bool proto3 = syntax == "proto3";
    return ForEach(bytes, [&](const ProtoItem& item) {
      if (item.number == 4) return ReadMessage(item.bytes, package, proto3, 0);
      return item.number == 5 ? ReadEnum(item.bytes, package) : Status::Ok();
    });
  }

  static std::string Qualify(const std::string& scope, std::string_view name) {
    return scope.empty() ? std::string(name) : scope + "." + std::string(name);
  }

  Status Name(const std::string& name, int index) {
    if (names_.size() >= kTypesMax) return Bad("it has too many types");
    return names_.emplace(name, index).second ? Status::Ok() : Bad("'" + name + "' is defined twice");
  }

  Status ReadMessage(std::string_view bytes, const std::string& scope, bool proto3, int depth) {
    if (depth > kNestingMax) return Bad("messages are nested too deep");
    ProtoMessage message;
    message.proto3 = proto3;
    RETURN_IF_ERROR(ForEach(bytes, [&](const ProtoItem& item) {
      if (item.number == 1) message.name = Qualify(scope, item.bytes);
      if (item.number == 2) return ReadField(item.bytes, proto3, &message);
      if (item.number != 7) return Status::Ok();
      return ForEach(item.bytes, [&](const ProtoItem& option) {
        if (option.number == 7) message.map_entry = option.bits != 0;
        return Status::Ok();
      });
    }));
    std::string name = message.name;
    RETURN_IF_ERROR(Name(name, static_cast<int>(schema_.messages_.size())));
    schema_.messages_.push_back(std::move(message));
    return ForEach(bytes, [&](const ProtoItem& item) {
      if (item.number == 3) return ReadMessage(item.bytes, name, proto3, depth + 1);
      return item.number == 4 ? ReadEnum(item.bytes, name) : Status::Ok();
    });
  }

  static Status ReadField(std::string_view bytes, bool proto3, ProtoMessage* message) {
    ProtoField field;
    std::optional<bool> packed;
    bool in_oneof = false;
    RETURN_IF_ERROR(ForEach(bytes, [&](const ProtoItem& item) {
      switch (item.number) {
        case 1: field.name = item.bytes; break;
        case 3: field.number = static_cast<uint32_t>(item.bits); break;
        case 4:
          field.repeated = item.bits == 3;
          field.required = item.bits == 2;
          break;
        case 5:
          if (item.bits < 1 || item.bits > 18) return Bad("a field of an unknown type");
          field.kind = static_cast<ProtoKind>(item.bits);
          break;
        case 6: field.type_name = item.bytes.substr(item.bytes.starts_with('.') ? 1 : 0); break;
        case 7: field.default_text = item.bytes; break;
        case 8:
          return ForEach(item.bytes, [&](const ProtoItem& option) {
            if (option.number == 2) packed = option.bits != 0;
            return Status::Ok();
          });
        case 9: in_oneof = true; break;
        default: break;
      }
      return Status::Ok();
    }));
    if (field.name.empty() || field.number == 0) return Bad("a field without name or number");
    bool whole = field.kind == ProtoKind::kMessage || field.kind == ProtoKind::kGroup;
    bool scalar = !whole && field.kind != ProtoKind::kString && field.kind != ProtoKind::kBytes;
    field.packed = field.repeated && scalar && packed.value_or(proto3);
    field.presence = !field.repeated && (whole || !proto3 || in_oneof);
    message->fields.push_back(std::move(field));
    return Status::Ok();
  }

  Status ReadEnum(std::string_view bytes, const std::string& scope) {
    ProtoEnum made;
    RETURN_IF_ERROR(ForEach(bytes, [&](const ProtoItem& item) {
      if (item.number == 1) made.name = Qualify(scope, item.bytes);
      if (item.number != 2) return Status::Ok();
      std::pair<int32_t, std::string> value{0, ""};
      RETURN_IF_ERROR(ForEach(item.bytes, [&](const ProtoItem& part) {
        if (part.number == 1) value.second = part.bytes;
        if (part.number == 2) value.first = static_cast<int32_t>(part.bits);
        return Status::Ok();
      }));
      made.values.push_back(std::move(value));
      return Status::Ok();
    }));
    if (made.values.empty()) return Bad("enum '" + made.name + "' has no values");
    // Enums count from -1 downwards, to be told from messages.
    RETURN_IF_ERROR(Name(made.name, -1 - static_cast<int>(schema_.enums_.size())));
    schema_.enums_.push_back(std::move(made));
    return Status::Ok();
  }

  // Finds what fields name.
  Status Link() {
    for (ProtoMessage& message : schema_.messages_) {
      for (ProtoField& field : message.fields) {
        bool whole = field.kind == ProtoKind::kMessage || field.kind == ProtoKind::kGroup;
        if (!whole && field.kind != ProtoKind::kEnum) continue;
        auto found = names_.find(field.type_name);
        if (found == names_.end() || (found->second >= 0) != whole) {
          return Bad("it does not hold '" + field.type_name + "', the type of field '" + field.name +
                     "' (protoc needs --include_imports)");
        }
        field.type = whole ? found->second : -1 - found->second;
      }
      if (message.map_entry && (message.fields.size() != 2 || message.fields[0].number != 1))
        return Bad("'" + message.name + "' is no map");
    }
    return Status::Ok();
  }

  ProtoSchema& schema_;
  std::unordered_map<std::string, int> names_;
};

Result<ProtoSchemaPtr> ProtoSchema::Parse(std::string_view descriptor_set) {
  auto schema = std::make_shared<ProtoSchema>();
  RETURN_IF_ERROR(ProtoSchemaReader(schema.get()).ReadSet(descriptor_set));
  return ProtoSchemaPtr(std::move(schema));
}

Result<int> ProtoSchema::FindMessage(const std::string& name) const {
  std::string dotted = name;
  std::replace(dotted.begin(), dotted.end(), '$', '.');
  std::string last = dotted.substr(dotted.rfind('.') + 1);
  std::vector<std::string> known;
  int found = -1, matches = 0;
  for (size_t i = 0; i < messages_.size(); ++i) {
    const std::string& full = messages_[i].name;
    if (messages_[i].map_entry) continue;
    if (full == name || full == dotted) return static_cast<int>(i);
    if (known.size() < 20) known.push_back(full);
    if (full.substr(full.rfind('.') + 1) != last) continue;
    found = static_cast<int>(i);
    ++matches;
  }
  if (matches == 1) return found;
  std::string list;
  for (const std::string& message : known) list += (list.empty() ? "" : ", ") + message;
  return Status::NotFound("the descriptor set has " +
                          std::string(matches == 0 ? "no message '" : "several messages '") + name +
                          "'; it has " + list);
}

}  // namespace penstock
