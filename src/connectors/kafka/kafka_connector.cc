// Validation of kafka tables, and the making of sources and sinks.
#include "connectors/kafka/kafka_connector.h"

#include <algorithm>

#include "connectors/kafka/kafka_properties.h"
#include "connectors/kafka/kafka_sink_writer.h"
#include "connectors/kafka/kafka_split_reader.h"
#include "connectors/kafka/kafka_table.h"
#include "connectors/kafka/transactions/kafka_decisions.h"

namespace penstock {

namespace {

class KafkaSource : public Source {
 public:
  KafkaSource(TableSpec spec, KafkaOptions options, KafkaClient* client)
      : spec_(std::move(spec)), options_(std::move(options)), client_(client) {}

  Result<std::unique_ptr<SplitEnumerator>> MakeEnumerator(const SourceContext& context) override {
    ASSIGN_OR_RETURN(KafkaProperties properties, TranslateProperties(spec_.options, KafkaRole::kConsumer));
    ASSIGN_OR_RETURN(std::unique_ptr<KafkaAdmin> admin, client_->MakeAdmin(properties));
    return std::unique_ptr<SplitEnumerator>(
        new KafkaEnumerator(options_, std::move(admin), ids_, context.restored));
  }
  Result<std::unique_ptr<SplitReader>> MakeReader(const SourceContext& context) override {
    ASSIGN_OR_RETURN(KafkaProperties properties, TranslateProperties(spec_.options, KafkaRole::kConsumer));
    // Where the first start looked elsewhere for lost records, going on from a position must not.
    if (context.restored) properties["auto.offset.reset"] = "error";
    ASSIGN_OR_RETURN(std::unique_ptr<KafkaConsumer> consumer,
                     client_->MakeConsumer(properties, context.wake_up));
    ASSIGN_OR_RETURN(std::unique_ptr<KafkaRowDecoder> decoder,
                     KafkaRowDecoder::Make(spec_, options_, context.eval->zone));
    return std::unique_ptr<SplitReader>(
        new KafkaSplitReader(context, std::move(consumer), std::move(decoder), ids_, options_));
  }

 private:
  TableSpec spec_;
  KafkaOptions options_;
  KafkaClient* client_;
  std::shared_ptr<KafkaTopicIds> ids_ = std::make_shared<KafkaTopicIds>();
};

class KafkaSink : public Sink {
 public:
  KafkaSink(TableSpec spec, KafkaOptions options, KafkaClient* client)
      : spec_(std::move(spec)), options_(std::move(options)), client_(client) {}

  Result<std::unique_ptr<SinkWriter>> MakeWriter(const SinkContext& context) override {
    ASSIGN_OR_RETURN(std::unique_ptr<KafkaSinkWriter> writer,
                     KafkaSinkWriter::Make(spec_, options_, client_, context));
    return std::unique_ptr<SinkWriter>(std::move(writer));
  }

 private:
  TableSpec spec_;
  KafkaOptions options_;
  KafkaClient* client_;
};

}  // namespace

Result<SourceAbilities> KafkaConnector::DescribeSource(const Table& table) const {
  KafkaOptions options;
  ASSIGN_OR_RETURN(KafkaRowLayout layout, CheckKafkaTable(table, KafkaUse::kSource, &options));
  SourceAbilities abilities;
  abilities.changelog = layout.value_format->read_mode();
  if (options.upsert) {
    abilities.changelog = ChangelogMode().With(RowKind::kUpdateAfter).With(RowKind::kDelete);
    abilities.deletes_by_key = true;
  }
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
  ASSIGN_OR_RETURN(KafkaRowLayout layout, CheckKafkaTable(table, KafkaUse::kSink, &options));
  if (options.topics.size() != 1) {
    return SqlError(ErrorNumber::kUnsupported, {},
                    "table '" + table.path.ToString() + "' names several topics and can only be read",
                    "write to a table with a single 'topic'");
  }
  SinkAbilities abilities;
  abilities.accepts = layout.value_format->write_mode();
  if (options.upsert) {
    abilities.accepts = ChangelogMode::Upsert();
    abilities.deletes_by_key = true;
    abilities.wants_update_before = false;
  }
  abilities.metadata = KafkaMetadataColumns();
  static const char* const kGuarantees[] = {"none", "at-least-once", "exactly-once"};
  abilities.guarantee = kGuarantees[static_cast<size_t>(options.guarantee)];
  return abilities;
}

void KafkaConnector::Register(FactoryRegistry* registry, KafkaClient* client) {
  if (client == nullptr) client = &RdKafkaClient();
  for (const char* name : {"kafka", kUpsertKafka}) {
    registry->AddSource(name, [client](std::string_view bytes) -> Result<std::unique_ptr<Source>> {
      ASSIGN_OR_RETURN(TableSpec spec, TableSpec::Parse(bytes));
      ASSIGN_OR_RETURN(KafkaOptions options, KafkaOptions::ParseSpec(spec, KafkaUse::kSource));
      return std::unique_ptr<Source>(new KafkaSource(std::move(spec), std::move(options), client));
    });
    registry->AddSink(name, [client](std::string_view bytes) -> Result<std::unique_ptr<Sink>> {
      ASSIGN_OR_RETURN(TableSpec spec, TableSpec::Parse(bytes));
      ASSIGN_OR_RETURN(KafkaOptions options, KafkaOptions::ParseSpec(spec, KafkaUse::kSink));
      return std::unique_ptr<Sink>(new KafkaSink(std::move(spec), std::move(options), client));
    });
  }
  registry->SetDecisions(std::make_shared<KafkaDecisions>(client));
}

}  // namespace penstock
