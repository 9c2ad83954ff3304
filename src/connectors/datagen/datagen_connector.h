// The `datagen` connector: a source of random or counted rows at a given rate
// (docs/reference/connectors/datagen.md).
#pragma once

#include "stream/registry.h"
#include "table/connector_descriptor.h"

namespace penstock {

class DatagenConnector : public ConnectorDescriptor {
 public:
  std::string name() const override { return "datagen"; }
  Result<SourceAbilities> DescribeSource(const Table& table) const override;
  Result<SinkAbilities> DescribeSink(const Table& table, ChangelogMode requested) const override;

  static void Register(FactoryRegistry* registry);
};

}  // namespace penstock
