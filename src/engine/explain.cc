// EXPLAIN: the plans of a statement as text.
#include <algorithm>
#include <set>

#include "base/strings.h"
#include "engine/guarantee_text.h"
#include "engine/session.h"
#include "sql/guarantees/nondeterminism.h"
#include "sql/logical/rules.h"
#include "sql/binder/statement_binder.h"

namespace penstock {

namespace {

std::string Listed(const std::set<std::string>& names) {
  return Join(std::vector<std::string>(names.begin(), names.end()), ", ");
}

// Columns of the sink that are not the same when a row is computed again; "" where there are none.
std::string ReplayText(const sql::PlanPtr& plan, const Table& table) {
  std::vector<std::string> columns;
  std::vector<int> written = table.sink_columns();
  for (int i = 0; i < plan->schema.size(); ++i) {
    std::set<std::string> calls = sql::NondeterministicCalls(plan, i);
    if (calls.empty()) continue;
    bool named = static_cast<size_t>(i) < written.size();
    const std::string& name = named ? table.columns[static_cast<size_t>(written[static_cast<size_t>(i)])].name
                                    : plan->schema[i].name;
    columns.push_back(name + " (" + Listed(calls) + ")");
  }
  std::string text;
  if (!columns.empty())
    text += "Sink(" + table.path.object + "): a replay gives other values for " + Join(columns, ", ") + "\n";
  std::set<std::string> conditions = sql::NondeterministicConditions(plan);
  if (!conditions.empty())
    text += "Sink(" + table.path.object + "): a replay may give other rows: conditions use " +
            Listed(conditions) + "\n";
  return text;
}

}  // namespace

Status Session::BindForExplain(const sql::AstStatement& statement, std::vector<sql::PlanPtr>* plans,
                               std::vector<sql::SinkTarget>* sinks) {
  auto add_insert = [&](const sql::AstInsert& insert) -> Status {
    ASSIGN_OR_RETURN(sql::BoundInsert bound, sql::BindInsert(bind_context(), insert));
    plans->push_back(bound.plan);
    sinks->push_back(bound.sink);
    return Status::Ok();
  };
  if (const auto* select = std::get_if<sql::AstSelectStatement>(&statement.body)) {
    ASSIGN_OR_RETURN(sql::PlanPtr plan, sql::BindQuery(bind_context(), select->query));
    plans->push_back(plan);
    sinks->emplace_back();
  } else if (const auto* insert = std::get_if<sql::AstInsert>(&statement.body)) {
    RETURN_IF_ERROR(add_insert(*insert));
  } else if (const auto* set = std::get_if<sql::AstStatementSet>(&statement.body)) {
    for (const sql::AstInsert& one : set->inserts) RETURN_IF_ERROR(add_insert(one));
  } else {
    return SqlError(ErrorNumber::kUnsupported, statement.position,
                    "EXPLAIN takes a SELECT, an INSERT or a statement set");
  }
  return Status::Ok();
}

Result<JobGraph> Session::PlanForExplain(const sql::AstStatement& statement) {
  std::vector<sql::PlanPtr> plans;
  std::vector<sql::SinkTarget> sinks;
  RETURN_IF_ERROR(BindForExplain(statement, &plans, &sinks));
  RETURN_IF_ERROR(sql::OptimizePlans(bind_context(), connectors_, &plans));
  sql::PhysicalPlanner planner(bind_context(), connectors_);
  for (size_t i = 0; i < plans.size(); ++i) RETURN_IF_ERROR(planner.Add(plans[i], sinks[i]));
  return planner.Finish("EXPLAIN");
}

Result<std::string> Session::ExplainText(const sql::AstStatement& statement, bool changelog_mode) {
  std::vector<sql::PlanPtr> plans;
  std::vector<sql::SinkTarget> sinks;
  RETURN_IF_ERROR(BindForExplain(statement, &plans, &sinks));
  auto trees = [&] {
    std::string text;
    for (size_t i = 0; i < plans.size(); ++i) {
      text += (sinks[i].table ? "Sink(" + sinks[i].table->path.object + ")\n" : std::string("Collect\n")) +
              sql::PlanToString(plans[i]);
    }
    return text;
  };
  std::string text = "== Logical Plan ==\n" + trees();
  RETURN_IF_ERROR(sql::OptimizePlans(bind_context(), connectors_, &plans));
  text += "\n== Optimized Logical Plan ==\n" + trees();
  sql::PhysicalPlanner planner(bind_context(), connectors_);
  for (size_t i = 0; i < plans.size(); ++i) RETURN_IF_ERROR(planner.Add(plans[i], sinks[i]));
  text += "\n== Physical Plan ==\n" + planner.Explain(changelog_mode);
  std::vector<std::string> notices = planner.HotKeyNotices();
  if (!notices.empty()) text += "\n== Hot keys ==\n" + Join(notices, "\n") + "\n";
  ASSIGN_OR_RETURN(std::string guarantees, GuaranteesText(plans, sinks, &planner));
  return text + guarantees;
}

Result<std::string> Session::GuaranteesText(const std::vector<sql::PlanPtr>& plans,
                                            const std::vector<sql::SinkTarget>& sinks,
                                            sql::PhysicalPlanner* planner) {
  std::vector<sql::PhysicalPlanner::SinkGuarantee> given = planner->SinkGuarantees();
  bool bounded = planner->bounded();
  ASSIGN_OR_RETURN(CheckpointOptions checkpoints, CheckpointsOf(planner->Finish("EXPLAIN"), bounded));
  if (given.empty()) return std::string();
  std::string text = "\n== Guarantees ==\n";
  for (const auto& sink : given) {
    GuaranteeFacts facts{sink.table, sink.guarantee, false, TakesCheckpoints(checkpoints),
                         checkpoints.interval_ms};
    for (const sql::SinkTarget& target : sinks) {
      if (target.table && target.table->path.object == sink.table)
        facts.keyed = !target.table->primary_key.empty();
    }
    text += GuaranteeLine(facts) + "\n";
  }
  for (size_t i = 0; i < plans.size(); ++i) {
    if (sinks[i].table) text += ReplayText(plans[i], *sinks[i].table);
  }
  return text;
}

Status Session::ReportPlan(const sql::AstStatement& statement, const std::vector<std::string>& details,
                           int number, ResultHandler* handler) {
  bool changelog_mode = std::find(details.begin(), details.end(), "CHANGELOG_MODE") != details.end();
  bool state = std::find(details.begin(), details.end(), "STATE") != details.end();
  ASSIGN_OR_RETURN(std::string text,
                   state ? ExplainState(statement) : ExplainText(statement, changelog_mode));
  // On its own EXPLAIN has one row, as in Flink; a whole script is easier to read line by line.
  std::vector<std::string> rows = {text};
  if (options_.explain_only) rows = Split(text, '\n');
  ReportTexts(number, "result", rows, handler);
  return Status::Ok();
}

}  // namespace penstock
