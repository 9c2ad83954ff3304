// TimeReach: how far in event time the rows that a result is computed from may lie from it. A re-run over a
// range of event time reads so much more on both sides: then every result inside the range is complete. A
// plan that keeps what it has seen for ever (a regular join, GROUP BY without a window) has no such bound.
#pragma once

#include <cstdint>
#include <string>

#include "sql/binder/binder.h"
#include "sql/logical/logical_plan.h"

namespace penstock::sql {

struct TimeReach {
  int64_t ms = 0;         // of windows their size, of sessions the gap, of state its TTL; added up on the way
  std::string unbounded;  // what has no bound, for people: "a regular join"; "": nothing
};

// Of a bound plan, optimised or not.
TimeReach ReachOf(const BindContext& context, const PlanPtr& plan);

}  // namespace penstock::sql
