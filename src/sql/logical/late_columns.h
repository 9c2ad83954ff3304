// Late columns: what the late lane of a table is written with. A late row belongs to the table that its time
// attribute comes from (SET 'penstock.late-rows.<table>' names the sink). The sink's columns are found by
// name among the table's; where the query has dropped some of them before the operator, a rule carries them
// on to it, behind the columns that are there.
#pragma once

#include <vector>

#include "sql/binder/binder.h"
#include "sql/logical/logical_plan.h"

namespace penstock::sql {

// Where a column of a plan comes from: a column of a table with a watermark. `root` is the node that emits
// the table's rows; null when the column is computed, or belongs to no single table.
struct LateOrigin {
  const PlanNode* root = nullptr;
  int column = -1;
  const Table* table() const;
  const std::string& name() const { return root->schema[column].name; }
  bool operator==(const LateOrigin&) const = default;
};
LateOrigin TraceToTable(const PlanPtr& plan, int column);

// An input of a node that may leave out late rows, and the column that says when a row is late (of windowed
// inputs the window's end).
struct LateSide {
  size_t input = 0;
  int time_column = -1;
};
std::vector<LateSide> LateSidesOf(const PlanPtr& plan, const EvalContext& eval);

// The sink table that penstock.<kind>.<table> names, null when none.
Result<TablePtr> FindLaneSink(const BindContext& context, const std::string& kind, const Table& table);

// Columns of an input that late rows of that side are written with: nobody else may need them. Empty where
// the table has no late lane.
Result<std::vector<int>> LateLaneColumns(const BindContext& context, const PlanPtr& plan,
                                         const LateSide& side);

// The rule: every operator that may leave out rows of a table with a late lane gets the columns that its sink
// takes; what stands above sees the columns it saw before.
Result<PlanPtr> CarryLateColumns(const BindContext& context, const PlanPtr& plan);

// SET '<key>.<table>', with the table's own or its full name; "" where it is not set.
std::string TableSetting(const BindContext& context, const std::string& key, const Table& table);

// The rule: a table's bad-rows sink gets the columns it names also of rows that its watermark does not let
// through; with a guard against far-future times (penstock.max-future) and a column `raw`, all of them.
Result<PlanPtr> KeepQuarantinedColumns(const BindContext& context, const PlanPtr& plan);

}  // namespace penstock::sql
