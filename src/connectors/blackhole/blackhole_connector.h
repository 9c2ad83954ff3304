// The `blackhole` connector: a sink that swallows everything, for measurements
// (docs/reference/connectors/blackhole.md).
#pragma once

#include "stream/registry.h"
#include "table/connector_descriptor.h"

namespace penstock {

class BlackholeConnector : public ConnectorDescriptor {
 public:
  std::string name() const override { return "blackhole"; }
  Result<SourceAbilities> DescribeSource(const Table& table) const override;
  Result<SinkAbilities> DescribeSink(const Table& table, ChangelogMode requested) const override;

  static void Register(FactoryRegistry* registry);
};

}  // namespace penstock
