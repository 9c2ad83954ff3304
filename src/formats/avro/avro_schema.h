// AvroSchema: an Avro schema as a graph of types: parsed from JSON, made from columns (avro_types.h) and
// written as JSON again. Named types may refer to themselves, so a type is a number, and its parts are
// numbers too. Source: Apache Avro 1.12 specification. Immutable once made, shared between threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace penstock {

enum class AvroKind : uint8_t {
  kNull,
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kBytes,
  kString,
  kRecord,
  kEnum,
  kArray,
  kMap,
  kUnion,
  kFixed
};

enum class AvroLogical : uint8_t {
  kNone,
  kDecimal,
  kDate,
  kTimeMillis,
  kTimeMicros,
  kTimestampMillis,
  kTimestampMicros,
  kTimestampNanos,
  kLocalTimestampMillis,
  kLocalTimestampMicros,
  kLocalTimestampNanos,
  kUuid
};

// Attributes that the specification does not know ("field-id", "doc"), with their values as JSON.
using AvroProperties = std::map<std::string, std::string>;

struct AvroField {
  std::string name;
  int type = 0;
  std::vector<std::string> aliases;
  std::optional<std::string> default_json;
  AvroProperties properties;
};

struct AvroType {
  AvroKind kind = AvroKind::kNull;
  AvroLogical logical = AvroLogical::kNone;
  int precision = 0, scale = 0;      // of kDecimal
  std::string name;                  // full name of records, enums and fixed
  std::vector<std::string> aliases;  // full names
  std::vector<AvroField> fields;     // of records
  std::vector<std::string> symbols;  // of enums
  std::optional<std::string> default_symbol;
  size_t size = 0;            // of fixed, in bytes
  std::vector<int> children;  // items of arrays, values of maps, branches of unions
  AvroProperties properties;

  bool is(AvroKind other) const { return kind == other; }
  bool named() const { return is(AvroKind::kRecord) || is(AvroKind::kEnum) || is(AvroKind::kFixed); }
};

class AvroSchema {
 public:
  // Texts longer than 1 MiB, deeper than 64 levels or of more than 20,000 types are refused.
  static Result<std::shared_ptr<const AvroSchema>> Parse(std::string_view json);

  // Building: a type may be replaced while its parts are being made.
  int Add(AvroType type) {
    types_.push_back(std::move(type));
    return static_cast<int>(types_.size()) - 1;
  }
  void Replace(int index, AvroType type) { types_[static_cast<size_t>(index)] = std::move(type); }
  void SetRoot(int root) { root_ = root; }

  int root() const { return root_; }
  int size() const { return static_cast<int>(types_.size()); }
  const AvroType& type(int index) const { return types_[static_cast<size_t>(index)]; }
  // Without blanks, laid out as Java's Schema.toString().
  std::string ToJson() const;
  // "int", "record com.acme.Order", "union": for messages.
  std::string NameOf(int index) const;

 private:
  std::vector<AvroType> types_;
  int root_ = 0;
};
using AvroSchemaPtr = std::shared_ptr<const AvroSchema>;

const char* AvroKindName(AvroKind kind);
// The value of "logicalType", "" for none.
const char* AvroLogicalName(AvroLogical logical);
// Whether a text may be a name: a letter or _, then letters, digits and _.
bool IsAvroName(std::string_view name);

}  // namespace penstock
