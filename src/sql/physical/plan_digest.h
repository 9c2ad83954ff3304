// PlanDigest: the identity of a logical plan as bytes: two plans with the same digest give the same rows and
// watermarks, so that the statements of a set share one operator for both (Flink's sub-plan reuse).
#pragma once

#include <optional>
#include <string>

#include "sql/logical/logical_plan.h"

namespace penstock::sql {

// Nullopt for plans that may not be shared: with a function whose calls differ (RAND, NOW), with hints, or
// with nodes whose identity is not worked out. Scans are the same when they read the same columns of the same
// table object.
std::optional<std::string> PlanDigest(const PlanPtr& plan);

}  // namespace penstock::sql
