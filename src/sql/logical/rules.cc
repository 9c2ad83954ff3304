// The order of the rules, and the one that normalises sources.
#include "sql/logical/rules.h"

#include <algorithm>

#include "sql/logical/late_columns.h"

namespace penstock::sql {

namespace {

// The scan under a table's computed columns and watermark, null for anything else.
const ScanNode* SourceOf(const PlanPtr& plan) {
  if (const auto* scan = plan->As<ScanNode>()) return scan;
  const auto* project = plan->As<ProjectNode>();
  const auto* watermark = plan->As<WatermarkNode>();
  if (project == nullptr && watermark == nullptr) return nullptr;
  const ScanNode* scan = SourceOf(plan->input());
  if (scan == nullptr || watermark != nullptr) return scan;
  // Only the projection that adds the table's computed columns.
  bool computed = plan->schema.size() == static_cast<int>(scan->table->columns.size()) &&
                  scan->columns.size() < scan->table->columns.size() &&
                  plan->input()->As<ScanNode>() != nullptr;
  for (int i = 0; computed && i < plan->schema.size(); ++i)
    computed = plan->schema[i].name == scan->table->columns[static_cast<size_t>(i)].name;
  return computed ? scan : nullptr;
}

// Position of a table's column in the plan over it: of a scan alone only stored columns are there.
int PositionOf(const PlanPtr& plan, const ScanNode& scan, int column) {
  if (plan->schema.size() == static_cast<int>(scan.table->columns.size())) return column;
  auto at = std::find(scan.columns.begin(), scan.columns.end(), column);
  return at == scan.columns.end() ? -1 : static_cast<int>(at - scan.columns.begin());
}

Result<PlanPtr> NormalizeOne(const BindContext& context, const ConnectorCatalog& connectors,
                             const PlanPtr& plan, const ScanNode& scan) {
  ASSIGN_OR_RETURN(const ConnectorDescriptor* connector, connectors.Find(*scan.table));
  ASSIGN_OR_RETURN(SourceAbilities abilities, connector->DescribeSource(*scan.table));
  NormalizeNode node;
  node.duplicates = !abilities.changelog.insert_only() &&
                    context.config->GetBool("table.exec.source.cdc-events-duplicate", false);
  bool upsert =
      abilities.changelog.upsert() ||
      (abilities.changelog.has_deletes() && !abilities.changelog.has_updates() && abilities.deletes_by_key);
  if (!upsert && !node.duplicates) return plan;
  if (scan.table->primary_key.empty()) {
    if (upsert) {
      return SqlError(ErrorNumber::kInvalidPlan, {},
                      "Table '" + scan.table->path.ToString() +
                          "' produces a changelog stream contains UPDATE_AFTER, no UPDATE_BEFORE. This "
                          "requires defining primary key constraint on the table.");
    }
    return SqlError(ErrorNumber::kInvalidPlan, {},
                    "Configuration 'table.exec.source.cdc-events-duplicate' is enabled which requires the "
                    "changelog sources to define a PRIMARY KEY. However, table '" +
                        scan.table->path.ToString() + "' doesn't have a primary key.");
  }
  for (int key : scan.table->primary_key) node.keys.push_back(PositionOf(plan, scan, key));
  for (int column : scan.columns) {
    node.metadata = node.metadata ||
                    scan.table->columns[static_cast<size_t>(column)].kind == TableColumn::Kind::kMetadata;
  }
  Schema schema = plan->schema;
  return MakePlan(std::move(node), std::move(schema), {plan});
}

}  // namespace

Result<PlanPtr> NormalizeSources(const BindContext& context, const ConnectorCatalog& connectors,
                                 const PlanPtr& plan) {
  if (const ScanNode* scan = SourceOf(plan)) return NormalizeOne(context, connectors, plan, *scan);
  // A table that is looked up is not read as a stream.
  const auto* temporal = plan->As<TemporalJoinNode>();
  bool lookup = temporal != nullptr && temporal->time->type().is_proctime();
  std::vector<PlanPtr> inputs;
  bool changed = false;
  for (const PlanPtr& input : plan->inputs) {
    PlanPtr rewritten = input;
    if (!lookup || inputs.empty()) {
      ASSIGN_OR_RETURN(rewritten, NormalizeSources(context, connectors, input));
    }
    changed = changed || rewritten != input;
    inputs.push_back(std::move(rewritten));
  }
  return changed ? WithInputs(*plan, std::move(inputs)) : plan;
}

Status OptimizePlans(const BindContext& context, const ConnectorCatalog& connectors,
                     std::vector<PlanPtr>* plans) {
  bool late_rows = false;
  for (const auto& [key, value] : context.config->values())
    late_rows = late_rows || key.starts_with("penstock.late-rows.");
  for (PlanPtr& plan : *plans) {
    ASSIGN_OR_RETURN(plan, KeepQuarantinedColumns(context, plan));
    if (late_rows) {
      ASSIGN_OR_RETURN(plan, CarryLateColumns(context, plan));
    }
    ASSIGN_OR_RETURN(plan, NormalizeSources(context, connectors, plan));
    plan = MergeProjections(PushFilters(context, plan));
  }
  RETURN_IF_ERROR(PruneColumns(context, plans));
  return PruneFields(connectors, plans);
}

}  // namespace penstock::sql
