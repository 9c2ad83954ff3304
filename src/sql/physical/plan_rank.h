// Patterns of ranking: a filter on a row number over an Over node, collapsed through the projections in
// between. Internal to the physical planner.
#pragma once

#include <functional>
#include <optional>

#include "operators/rank/rank_rows.h"
#include "sql/logical/logical_plan.h"

namespace penstock::sql {

struct RankPattern {
  PlanPtr over;                // ROW_NUMBER alone; the number is its last column
  std::vector<ExprPtr> exprs;  // the result over the columns of `over`
  std::vector<ExprPtr> rest;   // conditions beside the range of the number
  int64_t first = 1, last = 1;
  int last_column = -1;  // the number is at most this column
  bool constant() const { return first == last && last_column < 0; }
  int number_column() const { return over->schema.size() - 1; }
};

// Nullopt when the plan is no Top-N; an error where Flink refuses the range.
Result<std::optional<RankPattern>> MatchRank(const PlanPtr& plan);

// Tells whether a plan's stream has no updates and deletions.
using InsertOnlyTest = std::function<bool(const PlanPtr&)>;

// The columns by which rows of an updating input are told apart, when each of them can only ever move up in
// the order: Top-N then needs no rows beyond the last place. Nullopt where that is not known.
std::optional<std::vector<int>> MatchUpdateFast(const PlanPtr& input, const std::vector<int>& partition,
                                                const std::vector<SortKey>& order,
                                                const InsertOnlyTest& insert_only);

std::vector<SortColumn> SortColumnsOf(const std::vector<SortKey>& keys);

}  // namespace penstock::sql
