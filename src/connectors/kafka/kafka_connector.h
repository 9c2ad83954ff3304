// The connectors `kafka`, tables over topics, and `upsert-kafka`, tables of which a topic has the last row of
// each key (docs/reference/connectors).
#pragma once

#include "connectors/kafka/kafka_client.h"
#include "connectors/kafka/kafka_options.h"
#include "stream/registry.h"
#include "table/connector_descriptor.h"

namespace penstock {

class KafkaConnector : public ConnectorDescriptor {
 public:
  std::string name() const override { return "kafka"; }
  Result<SourceAbilities> DescribeSource(const Table& table) const override;
  Result<SinkAbilities> DescribeSink(const Table& table, ChangelogMode requested) const override;

  // Sources and sinks of both connectors, and the log of their exactly-once sinks. `client` outlives the
  // registry; null: the real one.
  static void Register(FactoryRegistry* registry, KafkaClient* client = nullptr);
};

class UpsertKafkaConnector : public KafkaConnector {
 public:
  std::string name() const override { return kUpsertKafka; }
};

}  // namespace penstock
