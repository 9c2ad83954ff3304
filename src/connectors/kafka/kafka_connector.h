// The `kafka` connector: tables over topics, read and written (docs/reference/connectors/kafka.md).
#pragma once

#include "stream/registry.h"
#include "table/connector_descriptor.h"

namespace penstock {

class KafkaConnector : public ConnectorDescriptor {
 public:
  std::string name() const override { return "kafka"; }
  Result<SourceAbilities> DescribeSource(const Table& table) const override;
  Result<SinkAbilities> DescribeSink(const Table& table, ChangelogMode requested) const override;

  static void Register(FactoryRegistry* registry);
};

}  // namespace penstock
