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

#include "engine/forecast/state_report.h"
#include "engine/forecast/table_sample.h"
#include "env/clock.h"
#include "env/files/file_system.h"
#include "sql/config.h"
#include "table/catalog.h"

namespace penstock {

class StateForecast {
 public:
  // Runs a query and feeds its rows to the handler.
  using RunQuery = std::function<Status(const std::string& sql, ResultHandler* handler)>;

  StateForecast(const JobGraph& graph, const Catalog& catalog, const sql::Config& config, FileSystem* files,
                const Clock* clock)
      : graph_(graph), catalog_(catalog), config_(config), files_(files), clock_(clock) {}
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
    double entry_bytes = 0;  // key, elements and values under it
    double copies = 1;       // slices that are alive
    std::string origin;
  };
  Status SampleTables(const RunQuery& run);
  Result<Forecast> Of(const sql::StateUse& use) const;
  // Keys and the elements under each of them, in what is alive at once.
  struct Load {
    sql::Estimate keys;
    double elements = 1;
    double copies = 1;
    std::string origin;
  };
  Load LoadOf(const sql::StateUse& use, const Sampled* sampled) const;
  Load DeclaredLoad(const sql::StateUse& use, double keys, double rows) const;
  double Width(const std::vector<sql::TracedColumn>& columns, bool key) const;
  std::optional<double> Declared(const char* kind, const sql::SourceColumn& column) const;
  std::optional<double> DeclaredKeys(const sql::StateUse& use) const;
  double RowsOf(const Table& table) const;
  TablePtr TableOf(const sql::StateUse& use) const;
  std::string Line(const sql::StateUse& use, const Forecast& forecast) const;

  const JobGraph& graph_;
  const Catalog& catalog_;
  const sql::Config& config_;
  FileSystem* files_;
  const Clock* clock_;
  sql::StateUses uses_;
  std::map<std::string, Sampled> samples_;  // by table
  StateForecasts likely_;
};

// "1.2 GB": powers of 1000, as disks and the sums of engineers.
std::string BytesText(double bytes);

}  // namespace penstock
