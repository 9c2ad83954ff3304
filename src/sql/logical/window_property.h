// WindowProperty: which columns of a plan carry the start, end and time of the window its rows belong to.
// Derived through projections, filters, windowed aggregations and window joins; it decides whether a GROUP
// BY, a join or a ranking is a windowed one.
#pragma once

#include <optional>

#include "sql/logical/logical_plan.h"

namespace penstock::sql {

struct WindowProperty {
  int start = -1;
  int end = -1;
  int time = -1;
  WindowSpec window;
  DataType time_type;  // of the time attribute the windows were cut on
  bool complete() const { return start >= 0 && end >= 0; }
};

std::optional<WindowProperty> DeriveWindow(const PlanPtr& plan);

// For a GROUP BY over rows with a window: the positions of start and end among the groups, nullopt when
// either is missing (then it is a plain aggregation).
struct WindowGroups {
  WindowProperty input;
  int start = -1, end = -1, time = -1;  // positions in AggregateNode::groups
};
std::optional<WindowGroups> MatchWindowGroups(const PlanPtr& aggregate);

}  // namespace penstock::sql
