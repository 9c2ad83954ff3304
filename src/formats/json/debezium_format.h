// The debezium-json format: changes of a database as Debezium's JSON records
// (docs/reference/formats/debezium-json.md): an envelope with the row before, the row after, and what
// happened. Reading and writing are those of Flink's format of that name.
#pragma once

#include "formats/json/json_format.h"

namespace penstock {

// In the order of DebeziumJsonFormat::metadata().
enum class DebeziumMetadata : uint8_t {
  kSchema,
  kIngestionTimestamp,
  kSourceTimestamp,
  kSourceDatabase,
  kSourceSchema,
  kSourceTable,
  kSourceProperties
};

struct DebeziumOptions {
  JsonOptions json;
  bool schema_include = false;  // records are {"schema": ..., "payload": envelope}

  static Result<DebeziumOptions> Parse(const FormatRequest& request);
};

class DebeziumJsonFormat : public Format {
 public:
  std::string name() const override { return "debezium-json"; }
  std::vector<std::string> options() const override;
  Status Check(const FormatRequest& request) const override;
  ChangelogMode read_mode() const override { return ChangelogMode::All(); }
  ChangelogMode write_mode() const override { return ChangelogMode::All(); }
  bool nested_projection(const FormatRequest&) const override { return true; }
  std::vector<MetadataColumn> metadata() const override;
  Result<std::unique_ptr<Decoder>> NewDecoder(const FormatRequest& request) const override;
  Result<std::unique_ptr<Encoder>> NewEncoder(const FormatRequest& request) const override;
};

}  // namespace penstock
