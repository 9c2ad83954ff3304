// The avro-confluent format (docs/reference/formats/avro-confluent.md): messages that name their writer's
// schema by its number in a schema registry: a zero byte, the number in four bytes, the record.
#pragma once

#include "formats/avro/avro_types.h"
#include "formats/format.h"

namespace penstock {

struct AvroConfluentOptions {
  std::string subject;   // that a writer registers its schema under
  AvroSchemaPtr schema;  // null: that of the columns
  AvroTimestamps timestamps = AvroTimestamps::kLegacy;

  static std::vector<std::string> Keys();
  static Result<AvroConfluentOptions> Parse(const FormatRequest& request);
  // The schema that columns are read as, or written with.
  Result<AvroSchemaPtr> SchemaOf(const std::vector<Field>& columns) const;
};

class AvroConfluentFormat : public Format {
 public:
  std::string name() const override { return "avro-confluent"; }
  std::vector<std::string> options() const override { return AvroConfluentOptions::Keys(); }
  Status Check(const FormatRequest& request) const override;
  bool nested_projection(const FormatRequest&) const override { return true; }
  bool files() const override { return false; }
  bool needs_registry() const override { return true; }
  Result<std::unique_ptr<Decoder>> NewDecoder(const FormatRequest& request) const override;
  Result<std::unique_ptr<Encoder>> NewEncoder(const FormatRequest& request) const override;
};

}  // namespace penstock
