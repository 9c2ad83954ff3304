// The debezium-avro-confluent format (docs/reference/formats/debezium-avro-confluent.md): Debezium's changes
// as Avro messages whose schemas a registry holds.
#pragma once

#include "formats/avro/confluent/avro_confluent_format.h"

namespace penstock {

class DebeziumAvroFormat : public Format {
 public:
  std::string name() const override { return "debezium-avro-confluent"; }
  std::vector<std::string> options() const override { return AvroConfluentOptions::Keys(); }
  Status Check(const FormatRequest& request) const override;
  ChangelogMode read_mode() const override { return ChangelogMode::All(); }
  ChangelogMode write_mode() const override { return ChangelogMode::All(); }
  bool nested_projection(const FormatRequest&) const override { return true; }
  bool files() const override { return false; }
  bool needs_registry() const override { return true; }
  Result<std::unique_ptr<Decoder>> NewDecoder(const FormatRequest& request) const override;
  Result<std::unique_ptr<Encoder>> NewEncoder(const FormatRequest& request) const override;
};

}  // namespace penstock
