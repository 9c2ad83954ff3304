// The `print` connector: a sink that writes each change as a line such as "+I[1, a]" to standard error, so
// that standard output stays the results' (docs/reference/connectors/print.md).
#pragma once

#include "stream/registry.h"
#include "table/connector_descriptor.h"

namespace penstock {

class PrintConnector : public ConnectorDescriptor {
 public:
  std::string name() const override { return "print"; }
  Result<SourceAbilities> DescribeSource(const Table& table) const override;
  Result<SinkAbilities> DescribeSink(const Table& table, ChangelogMode requested) const override;

  static void Register(FactoryRegistry* registry);
};

}  // namespace penstock
