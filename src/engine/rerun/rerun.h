// Rerun: a bounded re-run of a job: what a session does with the INSERT statements of a script in place of
// starting them. The same statements run in batch mode over a range of event time, their tables read to what
// is there now, and the rows for their sinks go to the caller; nothing outside changes, no checkpoint of the
// job is touched. Queries that only print are left out. `penstock parity` stands on it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sql/physical/physical_planner.h"
#include "sql/rerun/read_range.h"
#include "stream/registry.h"
#include "stream/sink.h"
#include "table/connector_descriptor.h"

namespace penstock {

// Of a vertex whose rows are handed to the Rerun.
inline constexpr const char* kRerunSink = "rerun";

class Rerun {
 public:
  struct Job {
    sql::BindContext context;  // as the script has set it
    const ConnectorCatalog* connectors;
    const std::vector<sql::PlanPtr>& plans;  // bound, not optimised
    const std::vector<sql::SinkTarget>& sinks;
  };
  virtual ~Rerun() = default;
  // Before the job of an INSERT or a statement set is planned: what is read. An error refuses the statement.
  virtual Result<sql::ReadRange> Begin(const Job& job) = 0;
  // Where the rows for `table` (its full name) go; called once for each subtask that writes. Tables of lanes
  // are among them. Rows are insertions.
  virtual Result<std::unique_ptr<SinkWriter>> MakeWriter(const std::string& table) = 0;
};

// Makes the sinks of a job hand their rows to a Rerun.
void ReplaceSinks(JobGraph* graph);
// The factory of kRerunSink. REQUIRES: `rerun` outlives the registry's jobs.
void RegisterRerunSink(FactoryRegistry* registry, Rerun* rerun);

// A table as it is read once, to what is there now: what the job has committed, from where its topics begin
// unless the table says where, and without leaving a trace in consumer groups.
TablePtr BoundedTable(const Table& table);

}  // namespace penstock
