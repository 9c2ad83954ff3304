// EXPLAIN STATE: the forecast of a statement's state (engine/forecast), whose samples are queries of this
// session.
#include "engine/forecast/state_forecast.h"
#include "engine/session.h"
#include "sql/syntax/parser.h"

namespace penstock {

Result<std::string> Session::ExplainState(const sql::AstStatement& statement) {
  ASSIGN_OR_RETURN(JobGraph graph, PlanForExplain(statement));
  // Samples are read by one task, take no checkpoints and end when they are large enough.
  sql::Config config = config_;
  for (const char* option :
       {"execution.checkpointing.dir", "state.checkpoints.dir", "execution.checkpointing.interval",
        "execution.state-recovery.path", "execution.runtime-mode", "penstock.hot-keys"})
    config_.Reset(option);
  config_.Set("parallelism.default", "1");
  config_.Set("restart-strategy.type", "none");
  StateForecast forecast({&graph, &registry_, &eval_, clock_}, catalog_, config, files_);
  Result<std::string> text =
      forecast.Explain([this](const std::string& sql, ResultHandler* handler) -> Status {
        ASSIGN_OR_RETURN(sql::AstStatement query, sql::ParseStatement(sql));
        return ExecuteBody(std::get<sql::AstSelectStatement>(query.body), statements_, handler);
      });
  config_ = config;
  // For the summary of a run of the same statement.
  for (const auto& [uid, bytes] : forecast.likely()) state_forecasts_[uid] = bytes;
  return text;
}

}  // namespace penstock
