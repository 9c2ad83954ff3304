// The `filesystem` connector: tables over files of any format, read once or watched for new ones, and written
// in part files that appear whole (docs/reference/connectors/filesystem.md).
#pragma once

#include "stream/registry.h"
#include "table/connector_descriptor.h"

namespace penstock {

class FilesystemConnector : public ConnectorDescriptor {
 public:
  std::string name() const override { return "filesystem"; }
  Result<SourceAbilities> DescribeSource(const Table& table) const override;
  Result<SinkAbilities> DescribeSink(const Table& table, ChangelogMode requested) const override;

  static void Register(FactoryRegistry* registry);
};

}  // namespace penstock
