// What a session does for a Rerun.
#include <map>

#include "base/strings.h"
#include "engine/rerun/rerun.h"
#include "engine/session.h"
#include "sql/logical/rules.h"
#include "sql/binder/statement_binder.h"

namespace penstock {

namespace {

// Options that say how the stream runs, recovers and keeps its lanes. Lanes of bad rows stay: without one a
// bad record fails the job.
void EnterBatch(sql::Config* config) {
  for (const char* option :
       {"execution.checkpointing.dir", "state.checkpoints.dir", "execution.checkpointing.interval",
        "execution.state-recovery.path", "penstock.hot-keys", "table.exec.mini-batch.enabled"})
    config->Reset(option);
  const std::map<std::string, std::string> values = config->values();
  for (const auto& [key, value] : values) {
    if (key.starts_with("penstock.late-rows.") || key.starts_with("penstock.early-results."))
      config->Reset(key);
  }
  config->Set("execution.runtime-mode", "batch");
  config->Set("restart-strategy.type", "none");
}

// One bounded table for each, so that scans of a statement set stay shared.
sql::BoundTable EachOnce() {
  return [known = std::map<TablePtr, TablePtr>()](const TablePtr& table) mutable {
    TablePtr& bounded = known[table];
    if (!bounded) bounded = BoundedTable(*table);
    return bounded;
  };
}

}  // namespace

Status Session::RerunInserts(const std::vector<sql::AstInsert>& inserts, int number) {
  std::vector<sql::PlanPtr> plans;
  std::vector<sql::SinkTarget> targets;
  for (const sql::AstInsert& insert : inserts) {
    ASSIGN_OR_RETURN(sql::BoundInsert bound, sql::BindInsert(bind_context(), insert));
    plans.push_back(bound.plan);
    targets.push_back(bound.sink);
  }
  ASSIGN_OR_RETURN(sql::ReadRange range,
                   options_.rerun->Begin({bind_context(), &connectors_, plans, targets}));
  const sql::Config config = config_;
  EnterBatch(&config_);
  Status outcome = RunBounded(std::move(plans), targets, range, number);
  config_ = config;
  return outcome;
}

Status Session::RunBounded(std::vector<sql::PlanPtr> plans, const std::vector<sql::SinkTarget>& targets,
                           const sql::ReadRange& range, int number) {
  sql::BoundTable bounded = EachOnce();
  for (sql::PlanPtr& plan : plans) {
    ASSIGN_OR_RETURN(plan, sql::ReadWithin(bind_context(), plan, range, bounded));
  }
  RETURN_IF_ERROR(sql::OptimizePlans(bind_context(), connectors_, &plans));
  sql::PhysicalPlanner planner(bind_context(), connectors_);
  for (size_t i = 0; i < plans.size(); ++i) RETURN_IF_ERROR(planner.Add(plans[i], targets[i]));
  JobGraph graph = planner.Finish("re-run");
  ReplaceSinks(&graph);
  return RunJob({std::move(graph), true, {}}, true, number);
}

Status Session::ReadTable(const Table& table, const std::vector<std::string>& columns,
                          ResultHandler* handler) {
  std::vector<std::string> quoted;
  for (const std::string& column : columns) quoted.push_back(QuoteIdentifier(column));
  std::string text = "SELECT " + Join(quoted, ", ") + " FROM " + QuoteIdentifier(table.path.catalog) + "." +
                     QuoteIdentifier(table.path.database) + "." + QuoteIdentifier(table.path.object);
  ASSIGN_OR_RETURN(sql::AstStatement parsed, sql::ParseStatement(text));
  ASSIGN_OR_RETURN(sql::PlanPtr plan,
                   sql::BindQuery(bind_context(), std::get<sql::AstSelectStatement>(parsed.body).query));
  handler->OnColumns(statements_, plan->schema);
  CollectFor(statements_, handler);
  const sql::Config config = config_;
  EnterBatch(&config_);
  Status outcome = RunBounded({plan}, {sql::SinkTarget{}}, {}, statements_);
  config_ = config;
  return outcome;
}

}  // namespace penstock
