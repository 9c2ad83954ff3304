// Rules: what is rewritten in a logical plan before it becomes a job, in this order: columns of late and
// quarantined rows are carried to where those may be left out (late_columns.h), sources that need it are
// normalised, conditions are folded and moved down to where they cut most, projections and filters next to
// each other become one, and columns (and fields of ROW columns) nobody reads are not read at all. The
// meaning of a plan never changes.
#pragma once

#include "sql/binder/binder.h"
#include "sql/logical/logical_plan.h"
#include "table/connector_descriptor.h"

namespace penstock::sql {

// Rewrites the plans of the statements of one job together: scans they share read the columns of both.
Status OptimizePlans(const BindContext& context, const ConnectorCatalog& connectors,
                     std::vector<PlanPtr>* plans);

// Single rules.
// A NormalizeNode above each source that sends upserts or duplicates, behind its computed columns and its
// watermark.
Result<PlanPtr> NormalizeSources(const BindContext& context, const ConnectorCatalog& connectors,
                                 const PlanPtr& plan);
PlanPtr PushFilters(const BindContext& context, const PlanPtr& plan);
PlanPtr MergeProjections(const PlanPtr& plan);
// No columns that none of the plans reads, neither in scans nor in what operators keep.
Status PruneColumns(const BindContext& context, std::vector<PlanPtr>* plans);
// Fields of their ROW columns likewise, where the connector can leave some out.
Status PruneFields(const ConnectorCatalog& connectors, std::vector<PlanPtr>* plans);

}  // namespace penstock::sql
