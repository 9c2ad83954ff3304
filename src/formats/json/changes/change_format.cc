// Names, options and metadata of the three formats.
#include "formats/json/changes/change_format.h"

#include <algorithm>

#include "formats/json/changes/change_decoder.h"
#include "formats/json/changes/change_encoder.h"

namespace penstock {

namespace {

using Kind = ChangeMetadataKind;

ChangeDialect Canal() {
  DataType instant = DataType::TimestampLtz(3);
  return {ChangeTool::kCanal,
          "canal-json",
          "type",
          "INSERT",
          "UPDATE",
          "DELETE",
          {{{"database", DataType::String()}, "database", Kind::kText},
           {{"table", DataType::String()}, "table", Kind::kText},
           {{"sql-type", DataType::Map(DataType::String(), DataType::Int())}, "sqlType", Kind::kNumbers},
           {{"pk-names", DataType::Array(DataType::String())}, "pkNames", Kind::kTexts},
           {{"ingestion-timestamp", instant}, "ts", Kind::kMillis},
           {{"event-timestamp", instant}, "es", Kind::kMillis}}};
}

ChangeDialect Maxwell() {
  return {
      ChangeTool::kMaxwell,
      "maxwell-json",
      "type",
      "insert",
      "update",
      "delete",
      {{{"database", DataType::String()}, "database", Kind::kText},
       {{"table", DataType::String()}, "table", Kind::kText},
       {{"primary-key-columns", DataType::Array(DataType::String())}, "primary_key_columns", Kind::kTexts},
       {{"ingestion-timestamp", DataType::TimestampLtz(3)}, "ts", Kind::kSeconds}}};
}

ChangeDialect Ogg() {
  DataType instant = DataType::TimestampLtz(6);
  return {ChangeTool::kOgg,
          "ogg-json",
          "op_type",
          "I",
          "U",
          "D",
          {{{"table", DataType::String()}, "table", Kind::kText},
           {{"primary-keys", DataType::Array(DataType::String())}, "primary_keys", Kind::kTexts},
           {{"ingestion-timestamp", instant}, "current_ts", Kind::kTimestamp},
           {{"event-timestamp", instant}, "op_ts", Kind::kTimestamp}}};
}

}  // namespace

const ChangeDialect& ChangeDialect::Of(ChangeTool tool) {
  static const ChangeDialect canal = Canal(), maxwell = Maxwell(), ogg = Ogg();
  return tool == ChangeTool::kCanal ? canal : tool == ChangeTool::kMaxwell ? maxwell : ogg;
}

std::vector<std::string> ChangeFormat::options() const {
  std::vector<std::string> keys = {
      "ignore-parse-errors",  "timestamp-format.standard",      "map-null-key.mode",
      "map-null-key.literal", "encode.decimal-as-plain-number", "encode.ignore-null-fields"};
  if (dialect_.tool == ChangeTool::kCanal) keys.insert(keys.end(), {"database.include", "table.include"});
  return keys;
}

std::vector<MetadataColumn> ChangeFormat::metadata() const {
  std::vector<MetadataColumn> columns;
  for (const ChangeMetadata& one : dialect_.metadata) columns.push_back(one.column);
  return columns;
}

Status ChangeFormat::Check(const FormatRequest& request) const {
  RETURN_IF_ERROR(ChangeOptions::Parse(request).status());
  FormatRequest rows = request;
  rows.columns.resize(request.physical_columns());
  return JsonFormat().Check(rows);
}

Result<std::unique_ptr<Decoder>> ChangeFormat::NewDecoder(const FormatRequest& request) const {
  RETURN_IF_ERROR(Check(request));
  ASSIGN_OR_RETURN(ChangeOptions options, ChangeOptions::Parse(request));
  std::vector<const ChangeMetadata*> wanted;
  for (const std::string& key : request.metadata_keys) {
    for (const ChangeMetadata& one : dialect_.metadata) {
      if (one.column.key == key) wanted.push_back(&one);
    }
  }
  CHECK(wanted.size() == request.metadata_keys.size());
  return std::unique_ptr<Decoder>(
      new ChangeDecoder(request, dialect_, std::move(options), std::move(wanted)));
}

Result<std::unique_ptr<Encoder>> ChangeFormat::NewEncoder(const FormatRequest& request) const {
  RETURN_IF_ERROR(Check(request));
  ASSIGN_OR_RETURN(JsonOptions options, JsonOptions::Parse(request));
  return std::unique_ptr<Encoder>(new ChangeEncoder(request.columns, dialect_, std::move(options)));
}

}  // namespace penstock
