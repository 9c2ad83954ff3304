// What a join is: its condition taken apart into keys and a rest, and the recognition of joins with bounds in
// time: interval joins (both sides' time attributes within bounds of each other) and window joins (equal
// windows on both sides). Everything else is a regular join, whose rows have no time attributes.
#pragma once

#include <optional>

#include "sql/logical/window_property.h"

namespace penstock::sql {

// An equality between the sides. `left` is over the left input, `right` over the right input.
struct EquiKey {
  ExprPtr left, right;
  bool null_safe = false;  // IS NOT DISTINCT FROM
};

struct JoinShape {
  std::vector<EquiKey> keys;
  std::vector<ExprPtr> rest;  // over left ++ right
};

JoinShape AnalyzeCondition(const std::vector<ExprPtr>& conjuncts, int left_width);

// left time BETWEEN right time + lower AND right time + upper.
struct IntervalBounds {
  bool proctime = false;
  int left_time = -1, right_time = -1;  // columns of the inputs
  int64_t lower_ms = 0, upper_ms = 0;
  std::vector<ExprPtr> rest;  // conjuncts beside the bounds
};

// nullopt where the condition does not bound the times on both sides.
std::optional<IntervalBounds> MatchInterval(const ExprPtr& condition, const Schema& left, const Schema& right,
                                            const EvalContext& eval);

struct WindowJoinMatch {
  WindowProperty left, right;
  JoinShape shape;  // without the equality of the windows
};

// For a Join node whose condition sets both start and end of its inputs' windows equal.
std::optional<WindowJoinMatch> MatchWindowJoin(const PlanPtr& join);

// Called on a FROM clause with its WHERE: conditions that relate the sides of an inner join move into the
// join; then the time attributes of every join's result are put right, and `hints` are attached to the joins.
PlanPtr ArrangeJoins(const PlanPtr& plan, const std::vector<AstHint>& hints, const EvalContext& eval);

}  // namespace penstock::sql
