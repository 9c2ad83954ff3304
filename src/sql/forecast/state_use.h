// StateUse: what the stateful operators of a job keep, read off their specs: keys, what lies under a key, and
// for how long; and where the columns come from, so that a sample of the tables can tell how many keys and
// how wide rows there are. The base of EXPLAIN STATE (docs/reference/statements/explain-state.md).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "expr/aggregate.h"
#include "stream/job_graph.h"

namespace penstock::sql {

// A column of a source table; empty where a column is computed on the way.
struct SourceColumn {
  std::string table, column;
  bool known() const { return !table.empty(); }
  bool operator==(const SourceColumn&) const = default;
};

struct TracedColumn {
  DataType type;
  SourceColumn source;
  int column = -1;  // of the input's rows
};

// What becomes of the rows of a key, in an ordered state.
enum class Keeping : uint8_t {
  kNewest,    // one entry, which every row replaces
  kFirst,     // one entry, which stays
  kTop,       // the first `most_per_key` in an order
  kEach,      // an entry a row, named in their order
  kDistinct,  // an entry for each row with another name
  kViews,     // what an aggregate keeps beside its group
};

struct StateUse {
  int vertex = -1, input = 0;
  std::string what;                // "groups", "left rows", ..
  bool ordered = false;            // a MapState: elements under each key; else a fixed number of bytes a key
  std::vector<TracedColumn> keys;  // none: one key
  size_t group_columns = 0;        // of a state with sub-keys: the first of `keys`, the keys they belong to
  size_t fixed_bytes = 0;          // of the value, beside the row
  Keeping keeping = Keeping::kNewest;
  size_t element_bytes = 0;           // of an element's name, beside the columns
  std::vector<TracedColumn> name;     // columns that name an element; of kViews: what the aggregate reads
  std::vector<TracedColumn> row;      // kept with each element
  int64_t most_per_key = 1;           // elements, of kTop
  std::optional<AggregateCall> call;  // of kViews
  bool retracts = false;              // of kViews
  int filter = -1;                    // a BOOLEAN column: rows for which it is true
  int64_t ttl_ms = 0;                 // 0: none
  // Entries live for so long in event time; 0: for ever. They lie in namespaces of `slice_ms` each, 0: in
  // one. With `step_ms` namespaces overlap: one begins every so often, and has all rows of its stretch.
  int64_t held_ms = 0, slice_ms = 0, step_ms = 0;
  int64_t gap_ms = 0;        // of sessions: a key without rows for so long is gone
  bool per_session = false;  // of sessions: an entry a session, not a row
  bool timers = false;       // each key has one
  bool unbounded() const { return ttl_ms == 0 && held_ms == 0 && gap_ms == 0; }
};

struct StateUses {
  std::vector<StateUse> uses;
  std::vector<std::string> others;  // stateful operators that are not forecast
};

StateUses FindStateUses(const JobGraph& graph);
// The table that a source reads; empty where it is none.
std::string TableOfSource(const JobVertex& source);
// Where a column of a vertex' rows comes from.
SourceColumn TraceColumn(const JobGraph& graph, int vertex, int column);

}  // namespace penstock::sql
