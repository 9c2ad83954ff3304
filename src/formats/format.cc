// The registry of formats and their options.
#include "formats/format.h"

#include "base/strings.h"
#include "formats/avro/confluent/avro_confluent_format.h"
#include "formats/avro/avro_format.h"
#include "formats/avro/confluent/debezium_avro_format.h"
#include "formats/csv/csv_format.h"
#include "formats/json/changes/change_format.h"
#include "formats/json/debezium_format.h"
#include "formats/json/json_format.h"
#include "formats/protobuf/protobuf_format.h"
#include "formats/raw/raw_format.h"
#ifdef PENSTOCK_HAS_ARROW
#include "formats/parquet/parquet_format.h"
#endif

namespace penstock {

namespace {

using FormatMap = std::map<std::string, std::unique_ptr<Format>>;

FormatMap MakeFormats() {
  FormatMap formats;
  auto add = [&formats](std::unique_ptr<Format> format) { formats[format->name()] = std::move(format); };
  add(std::make_unique<JsonFormat>());
  add(std::make_unique<CsvFormat>());
  add(std::make_unique<RawFormat>());
  add(std::make_unique<DebeziumJsonFormat>());
  for (ChangeTool tool : {ChangeTool::kCanal, ChangeTool::kMaxwell, ChangeTool::kOgg})
    add(std::make_unique<ChangeFormat>(tool));
  add(std::make_unique<AvroFormat>());
  add(std::make_unique<AvroConfluentFormat>());
  add(std::make_unique<DebeziumAvroFormat>());
  add(std::make_unique<ProtobufFormat>());
#ifdef PENSTOCK_HAS_ARROW
  add(std::make_unique<ParquetFormat>());
#endif
  return formats;
}

const FormatMap& Formats() {
  static const FormatMap formats = MakeFormats();
  return formats;
}

// "value.format" -> "value.", "format" -> "".
std::string KeyPrefix(const std::string& key) {
  return key.substr(0, key.size() - std::string("format").size());
}

}  // namespace

std::string FormatRequest::option(const std::string& key, const std::string& fallback) const {
  auto it = options.find(key);
  return it == options.end() ? fallback : it->second;
}

Result<bool> FormatRequest::BoolOption(const std::string& key, bool fallback) const {
  auto it = options.find(key);
  if (it == options.end()) return fallback;
  if (EqualsIgnoreCase(it->second, "true")) return true;
  if (EqualsIgnoreCase(it->second, "false")) return false;
  return BadOption(key, "true or false");
}

Status FormatRequest::BadOption(const std::string& key, const std::string& expected) const {
  return SqlError(ErrorNumber::kBadOption, {},
                  "option '" + prefix + key + "' is " + expected + ", not '" + option(key) + "'");
}

Result<std::unique_ptr<BulkReader>> Format::NewBulkReader(const FormatRequest&, ByteSource*) const {
  return Status::Internal("format '" + name() + "' has no bulk reader");
}

Result<std::unique_ptr<BulkWriter>> Format::NewBulkWriter(const FormatRequest&, ByteSink*) const {
  return Status::Internal("format '" + name() + "' has no bulk writer");
}

std::vector<std::string> FormatNames() {
  std::vector<std::string> names;
  for (const auto& [name, format] : Formats()) names.push_back(name);
  return names;
}

Result<const Format*> FindFormat(const std::string& name) {
  auto it = Formats().find(name);
  if (it != Formats().end()) return static_cast<const Format*>(it->second.get());
  return SqlError(ErrorNumber::kUnknownFormat, {}, "unknown format '" + name + "'",
                  "one of: " + Join(FormatNames(), ", "));
}

FormatRequest RequestOf(const Options& options, const std::string& key, const Format& format) {
  FormatRequest request;
  request.prefix = KeyPrefix(key) + format.name() + ".";
  std::vector<std::string> prefixes = {request.prefix};
  if (key == "value.format") prefixes.push_back(format.name() + ".");
  if (key == "format") prefixes.push_back("value." + format.name() + ".");
  for (const auto& [name, value] : options) {
    for (const std::string& prefix : prefixes) {
      if (name.starts_with(prefix)) request.options.emplace(name.substr(prefix.size()), value);
    }
  }
  return request;
}

std::vector<std::string> FormatOptionKeys(const std::string& key, const Format& format) {
  std::vector<std::string> keys = {key};
  for (const std::string& option : format.options()) {
    keys.push_back(KeyPrefix(key) + format.name() + "." + option);
  }
  return keys;
}

}  // namespace penstock
