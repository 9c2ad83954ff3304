// Validation of kafka tables, and the making of sources and sinks.
#include "connectors/kafka/kafka_connector.h"

#include <algorithm>

#include "connectors/kafka/kafka_properties.h"
#include "connectors/kafka/kafka_sink_writer.h"
#include "connectors/kafka/kafka_split_reader.h"
#include "connectors/kafka/topic_pattern.h"

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
  return spec;
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

// Options, columns and formats of a table; the layout of its rows.
Result<KafkaRowLayout> Check(const Table& table, KafkaUse use, KafkaOptions* options) {
  TableSpec spec = SpecOf(table, use);
  ASSIGN_OR_RETURN(*options, KafkaOptions::Parse(spec.table, table.options, use));
  ASSIGN_OR_RETURN(KafkaRowLayout layout, KafkaRowLayout::Make(spec, *options, use == KafkaUse::kSink));
  std::vector<std::string> known = kOptions;
  auto add = [&known](const std::string& key, const Format& format) {
    std::vector<std::string> keys = FormatOptionKeys(key, format);
    known.insert(known.end(), keys.begin(), keys.end());
  };
  add("format", *layout.value_format);
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
  RETURN_IF_ERROR(layout.value_format->Check(layout.value));
  if (layout.key_format != nullptr) RETURN_IF_ERROR(layout.key_format->Check(layout.key));
  RETURN_IF_ERROR(layout.AttachRegistries());
  if (!options->topic_pattern.empty()) RETURN_IF_ERROR(TopicPattern::Make(options->topic_pattern).status());
  if (!table.primary_key.empty() && layout.value_format->read_mode().insert_only()) {
    return SqlError(
        ErrorNumber::kBadOption, {},
        "The Kafka table '" + spec.table + "' with '" + options->value_format +
            "' format doesn't support defining PRIMARY KEY constraint on the table, because it can't "
            "guarantee the semantic of primary key.");
  }
  if (use == KafkaUse::kSink) RETURN_IF_ERROR(CheckWritableMetadata(layout, spec));
  return layout;
}

class KafkaSource : public Source {
 public:
  KafkaSource(TableSpec spec, KafkaOptions options) : spec_(std::move(spec)), options_(std::move(options)) {}

  Result<std::unique_ptr<SplitEnumerator>> MakeEnumerator(const SourceContext& context) override {
    ASSIGN_OR_RETURN(KafkaProperties properties, TranslateProperties(spec_.options, KafkaRole::kConsumer));
    ASSIGN_OR_RETURN(std::unique_ptr<KafkaAdmin> admin, RdKafkaClient().MakeAdmin(properties));
    return std::unique_ptr<SplitEnumerator>(
        new KafkaEnumerator(options_, std::move(admin), ids_, context.restored));
  }
  Result<std::unique_ptr<SplitReader>> MakeReader(const SourceContext& context) override {
    ASSIGN_OR_RETURN(KafkaProperties properties, TranslateProperties(spec_.options, KafkaRole::kConsumer));
    ASSIGN_OR_RETURN(std::unique_ptr<KafkaConsumer> consumer,
                     RdKafkaClient().MakeConsumer(properties, context.wake_up));
    ASSIGN_OR_RETURN(std::unique_ptr<KafkaRowDecoder> decoder,
                     KafkaRowDecoder::Make(spec_, options_, context.eval->zone));
    return std::unique_ptr<SplitReader>(
        new KafkaSplitReader(context, std::move(consumer), std::move(decoder), ids_, options_.bounded()));
  }

 private:
  TableSpec spec_;
  KafkaOptions options_;
  std::shared_ptr<KafkaTopicIds> ids_ = std::make_shared<KafkaTopicIds>();
};

class KafkaSink : public Sink {
 public:
  KafkaSink(TableSpec spec, KafkaOptions options) : spec_(std::move(spec)), options_(std::move(options)) {}

  Result<std::unique_ptr<SinkWriter>> MakeWriter(const SinkContext& context) override {
    ASSIGN_OR_RETURN(KafkaProperties properties, TranslateProperties(spec_.options, KafkaRole::kProducer));
    ASSIGN_OR_RETURN(std::unique_ptr<KafkaProducer> producer,
                     RdKafkaClient().MakeProducer(properties, context.wake_up));
    ASSIGN_OR_RETURN(std::unique_ptr<KafkaSinkWriter> writer,
                     KafkaSinkWriter::Make(spec_, options_, std::move(producer), context));
    return std::unique_ptr<SinkWriter>(std::move(writer));
  }

 private:
  TableSpec spec_;
  KafkaOptions options_;
};

}  // namespace

Result<SourceAbilities> KafkaConnector::DescribeSource(const Table& table) const {
  KafkaOptions options;
  ASSIGN_OR_RETURN(KafkaRowLayout layout, Check(table, KafkaUse::kSource, &options));
  SourceAbilities abilities;
  abilities.changelog = layout.value_format->read_mode();
  abilities.bounded = options.bounded();
  abilities.nested_projection =
      layout.value_format->nested_projection(layout.value) &&
      (layout.key_format == nullptr || layout.key_format->nested_projection(layout.key));
  abilities.emission = WatermarkEmission::kPerSplit;
  abilities.metadata = KafkaMetadataColumns();
  for (MetadataColumn column : layout.value_format->metadata()) {
    column.key = "value." + column.key;
    abilities.metadata.push_back(std::move(column));
  }
  return abilities;
}

Result<SinkAbilities> KafkaConnector::DescribeSink(const Table& table, ChangelogMode) const {
  KafkaOptions options;
  ASSIGN_OR_RETURN(KafkaRowLayout layout, Check(table, KafkaUse::kSink, &options));
  if (options.topics.size() != 1) {
    return SqlError(ErrorNumber::kUnsupported, {},
                    "table '" + table.path.ToString() + "' names several topics and can only be read",
                    "write to a table with a single 'topic'");
  }
  SinkAbilities abilities;
  abilities.accepts = layout.value_format->write_mode();
  abilities.metadata = KafkaMetadataColumns();
  abilities.guarantee = options.flush_on_barrier ? "at-least-once" : "none";
  return abilities;
}

void KafkaConnector::Register(FactoryRegistry* registry) {
  registry->AddSource("kafka", [](std::string_view bytes) -> Result<std::unique_ptr<Source>> {
    ASSIGN_OR_RETURN(TableSpec spec, TableSpec::Parse(bytes));
    ASSIGN_OR_RETURN(KafkaOptions options, KafkaOptions::Parse(spec.table, spec.options, KafkaUse::kSource));
    return std::unique_ptr<Source>(new KafkaSource(std::move(spec), std::move(options)));
  });
  registry->AddSink("kafka", [](std::string_view bytes) -> Result<std::unique_ptr<Sink>> {
    ASSIGN_OR_RETURN(TableSpec spec, TableSpec::Parse(bytes));
    ASSIGN_OR_RETURN(KafkaOptions options, KafkaOptions::Parse(spec.table, spec.options, KafkaUse::kSink));
    return std::unique_ptr<Sink>(new KafkaSink(std::move(spec), std::move(options)));
  });
}

}  // namespace penstock
