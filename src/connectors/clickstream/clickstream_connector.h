// The `clickstream` connector: a seeded generator of page events for the demo and the benchmarks
// (docs/reference/connectors/clickstream.md). Event n is a function of the seed and n alone, so that every
// parallelism and every restart gives the same events: users with Zipf skew and one whale, seconds of
// disorder, a share of rows later than a minute, a share of malformed records, event time from a fixed
// instant.
#pragma once

#include "stream/registry.h"
#include "table/connector_descriptor.h"

namespace penstock {

class ClickstreamConnector : public ConnectorDescriptor {
 public:
  std::string name() const override { return "clickstream"; }
  Result<SourceAbilities> DescribeSource(const Table& table) const override;
  Result<SinkAbilities> DescribeSink(const Table& table, ChangelogMode requested) const override;

  static void Register(FactoryRegistry* registry);
};

}  // namespace penstock
