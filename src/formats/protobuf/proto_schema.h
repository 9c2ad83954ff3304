// ProtoSchema: the messages and enums of a descriptor set, the file that `protoc --include_imports
// --descriptor_set_out` writes. It is read here, being protobuf itself (descriptor.proto). Immutable once
// made, shared between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace penstock {

// FieldDescriptorProto.Type.
enum class ProtoKind : uint8_t {
  kDouble = 1,
  kFloat = 2,
  kInt64 = 3,
  kUint64 = 4,
  kInt32 = 5,
  kFixed64 = 6,
  kFixed32 = 7,
  kBool = 8,
  kString = 9,
  kGroup = 10,
  kMessage = 11,
  kBytes = 12,
  kUint32 = 13,
  kEnum = 14,
  kSfixed32 = 15,
  kSfixed64 = 16,
  kSint32 = 17,
  kSint64 = 18
};

struct ProtoField {
  std::string name;
  uint32_t number = 0;
  ProtoKind kind = ProtoKind::kInt32;
  bool repeated = false;
  bool required = false;
  bool packed = false;    // how it is written; both forms are read
  bool presence = false;  // a value that was set can be told from the default
  std::string type_name;  // of messages and enums
  int type = -1;          // their index
  std::optional<std::string> default_text;
};

struct ProtoMessage {
  std::string name;  // full: package.Outer.Inner
  bool map_entry = false;
  bool proto3 = false;
  std::vector<ProtoField> fields;

  const ProtoField* Find(std::string_view field) const {
    for (const ProtoField& known : fields) {
      if (known.name == field) return &known;
    }
    return nullptr;
  }
};

struct ProtoEnum {
  std::string name;
  std::vector<std::pair<int32_t, std::string>> values;  // in declared order

  // The name of a number, null for none.
  const std::string* Find(int64_t number) const {
    for (const auto& [known, text] : values) {
      if (known == number) return &text;
    }
    return nullptr;
  }
};

class ProtoSchema {
 public:
  // Refuses what is no descriptor set, uses editions, or names types that it does not hold.
  static Result<std::shared_ptr<const ProtoSchema>> Parse(std::string_view descriptor_set);

  // Index of the message of that name: its full name, or a Java class's (`com.acme.Outer$Inner`), whose end
  // then names exactly one message.
  Result<int> FindMessage(const std::string& name) const;
  const ProtoMessage& message(int index) const { return messages_[static_cast<size_t>(index)]; }
  const ProtoEnum& enumeration(int index) const { return enums_[static_cast<size_t>(index)]; }

 private:
  friend class ProtoSchemaReader;
  std::vector<ProtoMessage> messages_;
  std::vector<ProtoEnum> enums_;
};
using ProtoSchemaPtr = std::shared_ptr<const ProtoSchema>;

}  // namespace penstock
