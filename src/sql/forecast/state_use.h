// StateUse: what the stateful operators of a job keep, read off their specs: keys, what lies under a key, and
// for how long; and where the columns come from, so that a sample of the tables can tell how many keys and
// how wide rows there are. The base of EXPLAIN STATE (docs/reference/statements/explain-state.md).
#pragma once

#include <string>
#include <vector>

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
};

struct StateUse {
  int vertex = -1;
  std::string what;                // "groups", "left rows", ..
  bool ordered = false;            // a MapState: elements under each key; else a fixed number of bytes a key
  std::vector<TracedColumn> keys;  // none: one key
  size_t fixed_bytes = 0;          // of the value, beside the row
  size_t element_bytes = 0;        // of an element's name, beside the row
  std::vector<TracedColumn> row;   // kept with each element
  bool row_is_element = false;     // the row itself names the element
  int64_t most_per_key = 1;        // elements; -1: one for each row
  int64_t ttl_ms = 0;              // 0: none
  // Of windows: entries live for so long in event time, in namespaces of `slice_ms`; 0: for ever.
  int64_t held_ms = 0, slice_ms = 0;
  bool timers = false;  // each key has one
  SourceColumn time;    // the event time, where there is one
  bool unbounded() const { return ttl_ms == 0 && held_ms == 0; }
};

struct StateUses {
  std::vector<StateUse> uses;
  std::vector<std::string> others;  // stateful operators that are not forecast
};

StateUses FindStateUses(const JobGraph& graph);
// Where a column of a vertex' rows comes from.
SourceColumn TraceColumn(const JobGraph& graph, int vertex, int column);

}  // namespace penstock::sql
