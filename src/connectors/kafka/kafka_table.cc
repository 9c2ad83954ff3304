// Validation of kafka and upsert-kafka tables.
#include "connectors/kafka/kafka_table.h"

#include <algorithm>
#include <utility>

#include "connectors/kafka/topic_pattern.h"
#include "table/connector_descriptor.h"

namespace penstock {

namespace {

const std::vector<std::string> kOptions = {"topic",
                                           "topic-pattern",
                                           "properties.*",
                                           "format",
                                           "value.format",
                                           "key.format",
                                           "key.fields",
                                           "key.fields-prefix",
                                           "value.fields-include",
                                           "scan.startup.mode",
                                           "scan.startup.specific-offsets",
                                           "scan.startup.timestamp-millis",
                                           "scan.bounded.mode",
                                           "scan.bounded.specific-offsets",
                                           "scan.bounded.timestamp-millis",
                                           "scan.topic-partition-discovery.interval",
                                           "scan.parallelism",
                                           "scan.watermark.emit.strategy",
                                           "scan.watermark.idle-timeout",
                                           "scan.watermark.alignment.*",
                                           "sink.partitioner",
                                           "sink.delivery-guarantee",
                                           "sink.transactional-id-prefix",
                                           "sink.parallelism"};

const std::vector<std::string> kUpsertOptions = {"topic",
                                                 "properties.*",
                                                 "key.format",
                                                 "value.format",
                                                 "key.fields-prefix",
                                                 "value.fields-include",
                                                 "scan.bounded.mode",
                                                 "scan.bounded.specific-offsets",
                                                 "scan.bounded.timestamp-millis",
                                                 "scan.topic-partition-discovery.interval",
                                                 "scan.parallelism",
                                                 "scan.watermark.emit.strategy",
                                                 "scan.watermark.idle-timeout",
                                                 "scan.watermark.alignment.*",
                                                 "sink.buffer-flush.max-rows",
                                                 "sink.buffer-flush.interval",
                                                 "sink.delivery-guarantee",
                                                 "sink.transactional-id-prefix",
                                                 "sink.parallelism"};

// What the executing half will get, for validation.
TableSpec SpecOf(const Table& table, KafkaUse use) {
  TableSpec spec;
  spec.table = table.path.ToString();
  spec.options = table.options;
  for (const TableColumn& column : table.columns) {
    if (!column.stored()) continue;
    TableSpecColumn made{column.name, column.type, column.metadata_key};
    spec.stored.push_back(made);
    if (use == KafkaUse::kSource || column.writable()) spec.columns.push_back(std::move(made));
  }
  for (int key : table.primary_key) {
    const std::string& name = table.columns[static_cast<size_t>(key)].name;
    auto at = std::find_if(spec.columns.begin(), spec.columns.end(),
                           [&](const TableSpecColumn& column) { return column.name == name; });
    if (at != spec.columns.end()) spec.primary_key.push_back(static_cast<int>(at - spec.columns.begin()));
  }
  return spec;
}

// What a primary key means for the formats.
Status CheckChanges(const Table& table, const KafkaOptions& options, const KafkaRowLayout& layout) {
  if (options.upsert) {
    for (const auto& [what, format] : {std::pair("key", layout.key_format), {"value", layout.value_format}}) {
      if (format->read_mode().insert_only()) continue;
      return SqlError(ErrorNumber::kBadOption, {},
                      "'upsert-kafka' connector doesn't support '" + format->name() + "' as " + what +
                          " format, because '" + format->name() + "' is not in insert-only mode.");
    }
    return Status::Ok();
  }
  if (table.primary_key.empty() || !layout.value_format->read_mode().insert_only()) return Status::Ok();
  return SqlError(
      ErrorNumber::kBadOption, {},
      "The Kafka table '" + table.path.ToString() + "' with '" + options.value_format +
          "' format doesn't support defining PRIMARY KEY constraint on the table, because it can't "
          "guarantee the semantic of primary key.");
}

Status CheckWritableMetadata(const KafkaRowLayout& layout, const TableSpec& spec) {
  for (size_t i = 0; i < layout.columns.size(); ++i) {
    if (layout.columns[i].place != KafkaColumn::Place::kMetadata) continue;
    if (KafkaMetadataColumns()[static_cast<size_t>(layout.columns[i].metadata)].writable) continue;
    return SqlError(
        ErrorNumber::kReadOnly, {},
        "metadata column '" + spec.columns[i].name + "' of table '" + spec.table + "' cannot be written",
        "declare it VIRTUAL");
  }
  return Status::Ok();
}

}  // namespace

Result<KafkaRowLayout> CheckKafkaTable(const Table& table, KafkaUse use, KafkaOptions* options) {
  TableSpec spec = SpecOf(table, use);
  ASSIGN_OR_RETURN(*options, KafkaOptions::ParseSpec(spec, use));
  ASSIGN_OR_RETURN(KafkaRowLayout layout, KafkaRowLayout::Make(spec, *options, use == KafkaUse::kSink));
  std::vector<std::string> known = options->upsert ? kUpsertOptions : kOptions;
  auto add = [&known](const std::string& key, const Format& format) {
    std::vector<std::string> keys = FormatOptionKeys(key, format);
    known.insert(known.end(), keys.begin(), keys.end());
  };
  if (!options->upsert) add("format", *layout.value_format);
  add("value.format", *layout.value_format);
  if (layout.key_format != nullptr) add("key.format", *layout.key_format);
  RETURN_IF_ERROR(CheckOptions(table, known));
  if (table.has_option("scan.watermark.alignment.group")) {
    return SqlError(ErrorNumber::kUnsupported, {},
                    "watermark alignment of table '" + spec.table + "' is not supported",
                    "leave out the options 'scan.watermark.alignment.*'");
  }
  for (const Format* format : {layout.value_format, layout.key_format}) {
    if (format == nullptr || format->records()) continue;
    return SqlError(
        ErrorNumber::kBadOption, {},
        "format '" + format->name() + "' is for whole files, not for records of table '" + spec.table + "'");
  }
  RETURN_IF_ERROR(layout.AttachResources());
  RETURN_IF_ERROR(layout.value_format->Check(layout.value));
  if (layout.key_format != nullptr) RETURN_IF_ERROR(layout.key_format->Check(layout.key));
  if (!options->topic_pattern.empty()) RETURN_IF_ERROR(TopicPattern::Make(options->topic_pattern).status());
  RETURN_IF_ERROR(CheckChanges(table, *options, layout));
  if (use == KafkaUse::kSink) RETURN_IF_ERROR(CheckWritableMetadata(layout, spec));
  return layout;
}

}  // namespace penstock
