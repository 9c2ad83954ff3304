// What a use of state holds at once: from the rows of a sample that reached its operator to keys and elements
// of the whole run, namespace by namespace. Pure arithmetic, any thread. Part of EXPLAIN STATE.
#pragma once

#include <vector>

#include "engine/forecast/table_sample.h"

namespace penstock {

// What lies in one namespace.
struct StateLoad {
  sql::Estimate keys;
  std::vector<sql::KeyClass> classes;  // of keys.likely, by the rows (of kDistinct: elements) of a key
  double copies = 1;                   // namespaces like it
};

// Of all that are alive at once when `rows` rows in all reach the operator, as the sample says.
std::vector<StateLoad> LoadsOf(const sql::StateUse& use, const TableSample::Found& found, double rows);

// Sessions of keys whose rows come by chance (Poisson), each at its rate: expected numbers at one moment of a
// stream that has run for `run_ms`. A session is there until the watermark, which is `delay_ms` behind, has
// passed its last row by the gap.
struct SessionFigures {
  double alive = 0;     // chance that the key has a session
  double sessions = 0;  // of a key
  double rows = 0;      // in them
};
SessionFigures SessionsOf(double rows_per_ms, double gap_ms, double delay_ms, double run_ms);

}  // namespace penstock
