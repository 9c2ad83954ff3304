// EXPLAIN: the plans of a statement as text.
#include <algorithm>

#include "base/strings.h"
#include "engine/session.h"
#include "sql/rules.h"
#include "sql/statement_binder.h"

namespace penstock {

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
  bool bounded = planner.bounded();
  RETURN_IF_ERROR(CheckpointsOf(planner.Finish("EXPLAIN"), bounded).status());
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
