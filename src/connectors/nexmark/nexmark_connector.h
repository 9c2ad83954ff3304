// The `nexmark` connector: a seeded generator of the auction events that the Nexmark benchmark queries read
// (docs/reference/connectors/nexmark.md). Events are made as they are read, or before the job starts and
// replayed from memory. Other formats of the same events come from an INSERT into another table.
#pragma once

#include "stream/registry.h"
#include "table/connector_descriptor.h"

namespace penstock {

class NexmarkConnector : public ConnectorDescriptor {
 public:
  std::string name() const override { return "nexmark"; }
  Result<SourceAbilities> DescribeSource(const Table& table) const override;
  Result<SinkAbilities> DescribeSink(const Table& table, ChangelogMode requested) const override;

  static void Register(FactoryRegistry* registry);
};

}  // namespace penstock
