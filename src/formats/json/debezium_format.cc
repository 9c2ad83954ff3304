// Options, metadata and types of the debezium-json format.
#include "formats/json/debezium_format.h"

#include "formats/json/debezium_decoder.h"
#include "formats/json/debezium_encoder.h"

namespace penstock {

Result<DebeziumOptions> DebeziumOptions::Parse(const FormatRequest& request) {
  DebeziumOptions options;
  ASSIGN_OR_RETURN(options.json, JsonOptions::Parse(request));
  ASSIGN_OR_RETURN(options.schema_include, request.BoolOption("schema-include", false));
  return options;
}

std::vector<std::string> DebeziumJsonFormat::options() const {
  return {"schema-include",           "ignore-parse-errors",  "timestamp-format.standard",
          "map-null-key.mode",        "map-null-key.literal", "encode.decimal-as-plain-number",
          "encode.ignore-null-fields"};
}

std::vector<MetadataColumn> DebeziumJsonFormat::metadata() const {
  return {{"schema", DataType::String()},
          {"ingestion-timestamp", DataType::TimestampLtz(3)},
          {"source.timestamp", DataType::TimestampLtz(3)},
          {"source.database", DataType::String()},
          {"source.schema", DataType::String()},
          {"source.table", DataType::String()},
          {"source.properties", DataType::Map(DataType::String(), DataType::String())}};
}

Status DebeziumJsonFormat::Check(const FormatRequest& request) const {
  RETURN_IF_ERROR(DebeziumOptions::Parse(request).status());
  FormatRequest rows = request;
  rows.columns.resize(request.physical_columns());
  return JsonFormat().Check(rows);
}

Result<std::unique_ptr<Decoder>> DebeziumJsonFormat::NewDecoder(const FormatRequest& request) const {
  RETURN_IF_ERROR(Check(request));
  ASSIGN_OR_RETURN(DebeziumOptions options, DebeziumOptions::Parse(request));
  std::vector<DebeziumMetadata> wanted;
  const std::vector<MetadataColumn> known = metadata();
  for (const std::string& key : request.metadata_keys) {
    for (size_t i = 0; i < known.size(); ++i) {
      if (known[i].key == key) wanted.push_back(static_cast<DebeziumMetadata>(i));
    }
  }
  CHECK(wanted.size() == request.metadata_keys.size());
  return std::unique_ptr<Decoder>(new DebeziumDecoder(request, std::move(options), std::move(wanted)));
}

Result<std::unique_ptr<Encoder>> DebeziumJsonFormat::NewEncoder(const FormatRequest& request) const {
  RETURN_IF_ERROR(Check(request));
  ASSIGN_OR_RETURN(DebeziumOptions options, DebeziumOptions::Parse(request));
  if (options.schema_include) {
    return SqlError(ErrorNumber::kBadOption, {},
                    "Debezium JSON serialization doesn't support '" + request.prefix +
                        "schema-include' option been set to true.",
                    "leave the option out where the table is written");
  }
  return std::unique_ptr<Encoder>(new DebeziumEncoder(request.columns, std::move(options.json)));
}

}  // namespace penstock
