// ReadRange: a plan as it reads its tables over a range of event time, and to an end: what a bounded re-run
// of a job is planned from.
#pragma once

#include <functional>
#include <optional>

#include "sql/binder/binder.h"
#include "sql/logical/logical_plan.h"

namespace penstock::sql {

// [from, to) of event time: milliseconds since 1970 on the wall clock of the session's zone; nullopt: no end
// on that side.
struct ReadRange {
  std::optional<int64_t> from_ms, to_ms;
  bool all() const { return !from_ms && !to_ms; }
};

// The table as it is read to what is there now, with other options.
using BoundTable = std::function<TablePtr(const TablePtr& table)>;

// The plan over `bound` tables, with a filter on the time attribute above each of them. Versioned tables are
// read whole, what rows are looked up in is left as it is. kInvalidPlan where a table has no event time that
// a part of it could be read by.
Result<PlanPtr> ReadWithin(const BindContext& context, const PlanPtr& plan, const ReadRange& range,
                           const BoundTable& bound);

}  // namespace penstock::sql
