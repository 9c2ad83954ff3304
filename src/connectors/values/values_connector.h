// The `values` connector: tables over files of changelog rows, for tests and conformance
// (docs/reference/connectors/values.md). Several such sources of a job are read in turn, one row of each, so
// that results do not depend on timing.
#pragma once

#include "stream/registry.h"
#include "table/connector_descriptor.h"

namespace penstock {

class ValuesConnector : public ConnectorDescriptor {
 public:
  std::string name() const override { return "values"; }
  Result<SourceAbilities> DescribeSource(const Table& table) const override;
  Result<SinkAbilities> DescribeSink(const Table& table, ChangelogMode requested) const override;

  static void Register(FactoryRegistry* registry);
};

}  // namespace penstock
