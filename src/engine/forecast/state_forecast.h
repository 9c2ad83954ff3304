// StateForecast: EXPLAIN STATE. For every stateful operator of a job keys x width x time kept, with what the
// structures around the entries take (entry_size.h); keys from a sample of its table or declared by SET
// 'penstock.state.keys.<table>.<column>'. What it stands on and leaves out:
// docs/reference/statements/explain-state.md.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/forecast/input_rows.h"
#include "engine/forecast/state_load.h"
#include "engine/forecast/state_report.h"
#include "engine/forecast/table_sample.h"
#include "env/files/file_system.h"
#include "sql/config.h"
#include "table/catalog.h"

namespace penstock {

class StateForecast {
 public:
  // Runs a query and feeds its rows to the handler.
  using RunQuery = std::function<Status(const std::string& sql, ResultHandler* handler)>;

  StateForecast(const InputRows::Surroundings& around, const Catalog& catalog, const sql::Config& config,
                FileSystem* files)
      : around_(around), graph_(*around.graph), catalog_(catalog), config_(config), files_(files) {}
  // Samples the tables and tells the forecast, a line an operator.
  Result<std::string> Explain(const RunQuery& run);
  // After Explain: bytes of the operators that were forecast, by uid.
  const StateForecasts& likely() const { return likely_; }

 private:
  struct Sampled {
    std::unique_ptr<TableSample> sample;
    double rows = 0;  // of the table; 0: not known
  };
  // One use of state: figures, and where the keys come from.
  struct Forecast {
    sql::Estimate keys, bytes;
    double records = 0;      // bytes of the same on disk
    double entry_bytes = 0;  // key, elements and values under it
    double copies = 1;       // slices that are alive
    std::string origin;
  };
  // By table: its inputs of operators, and the columns that the sample needs.
  struct Wanted {
    std::vector<TableSample::Feed> feeds;
    std::vector<std::string> columns;
  };
  Status SampleTables(const RunQuery& run);
  Result<std::map<std::string, Wanted>> FindWanted();
  Status Sample(const std::string& table, Wanted wanted, const RunQuery& run);
  const Sampled* SampleOf(const sql::StateUse& use) const;
  std::vector<StateLoad> DeclaredLoads(const sql::StateUse& use, double keys, double rows) const;
  Result<Forecast> Of(const sql::StateUse& use) const;
  Status Measure(const sql::StateUse& use, const TableSample::Found& found,
                 const std::vector<StateLoad>& loads, Forecast* forecast) const;
  // The sample's keys and entries; where there is none, or widths are declared, of such widths.
  void FillWidths(const sql::StateUse& use, TableSample::Found* found) const;
  double Width(const std::vector<sql::TracedColumn>& columns, bool key) const;
  std::optional<double> Declared(const char* kind, const sql::SourceColumn& column) const;
  std::optional<double> DeclaredKeys(const sql::StateUse& use) const;
  double RowsOf(const Table& table) const;
  std::string DiskLine(double memory, double records);
  std::string Line(const sql::StateUse& use, const Forecast& forecast) const;

  InputRows::Surroundings around_;
  const JobGraph& graph_;
  const Catalog& catalog_;
  const sql::Config& config_;
  FileSystem* files_;
  sql::StateUses uses_;
  std::map<std::string, Sampled> samples_;                // by table
  std::map<const sql::StateUse*, std::string> table_of_;  // of uses whose rows come from one
  StateForecasts likely_;
};

// "1.2 GB": powers of 1000, as disks and the sums of engineers.
std::string BytesText(double bytes);

}  // namespace penstock
