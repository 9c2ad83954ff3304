// UpsertKeys: which sets of columns identify a row in the changelog of a plan, so that its changes can be
// applied by key (Flink's FlinkRelMdUpsertKeys). A key is lost where rows of one key may travel through
// different tasks: behind an exchange on other columns.
#pragma once

#include <vector>

#include "sql/logical/logical_plan.h"

namespace penstock::sql {

// Ascending column indices.
using ColumnSet = std::vector<int>;

// All known keys, smallest first; an empty set among them: there is at most one row. None known: empty.
std::vector<ColumnSet> UpsertKeys(const PlanPtr& plan);

bool IsSubset(const ColumnSet& part, const ColumnSet& whole);
// Whether some key is contained in `columns`.
bool ContainsKey(const std::vector<ColumnSet>& keys, const ColumnSet& columns);

// Pairs of columns that an inner part of a join condition sets equal: left column, right column (of the
// right input's schema). Other parts of the condition are added to `rest` where asked for.
std::vector<std::pair<int, int>> EquiPairs(const ExprPtr& condition, int left_width,
                                           std::vector<ExprPtr>* rest = nullptr);

}  // namespace penstock::sql
