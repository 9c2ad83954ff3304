// The `terminal` connector: a sink whose present content is drawn on the terminal above the status line of
// its job, or printed once at the job's end where there is no terminal
// (docs/reference/connectors/terminal.md). For the early lane of window aggregations and other updating
// results that someone watches.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/output/live_table.h"
#include "stream/registry.h"
#include "table/connector_descriptor.h"

namespace penstock {

// The terminal tables of the jobs that run, by the name of the table. Thread-safe.
class LiveTables {
 public:
  struct Entry {
    std::string name;
    int64_t rows = 0;  // that are shown
    std::shared_ptr<LiveTable> table;
  };
  // The entry of a table; made by its first sink.
  std::shared_ptr<LiveTable> Add(const std::string& name, int64_t rows, LiveTable::Options options);
  std::vector<Entry> entries() const;
  void Clear();

 private:
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
};

class TerminalConnector : public ConnectorDescriptor {
 public:
  std::string name() const override { return "terminal"; }
  Result<SourceAbilities> DescribeSource(const Table& table) const override;
  Result<SinkAbilities> DescribeSink(const Table& table, ChangelogMode requested) const override;

  // Sinks write to `tables`, which outlives the registry's jobs.
  static void Register(FactoryRegistry* registry, LiveTables* tables);
};

}  // namespace penstock
