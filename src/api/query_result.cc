// Reading a query's rows.
#include "penstock/query_result.h"

#include "api/query_state.h"

namespace penstock::v1 {

QueryResult::QueryResult(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
QueryResult::QueryResult(QueryResult&&) noexcept = default;
QueryResult& QueryResult::operator=(QueryResult&&) noexcept = default;
QueryResult::~QueryResult() = default;

QueryResult Access::NewQuery(std::unique_ptr<QueryState> state) { return QueryResult(std::move(state)); }

QueryResult::Rep::~Rep() { session->engine->CancelJob(job); }

const std::vector<Column>& QueryResult::columns() const { return rep_->columns; }

Result<RowBatch> QueryResult::NextBatch(std::chrono::milliseconds wait) {
  Rep& rep = *rep_;
  bool driven = rep.session->manual_clock != nullptr;
  std::optional<penstock::Batch> batch = rep.queue->Take(driven ? std::chrono::milliseconds(0) : wait);
  if (!batch && driven && !rep.queue->ended()) {
    if (auto moved = rep.session->engine->RunUntilQuiet(); !moved) return FromEngine(moved.error());
    batch = rep.queue->Take(std::chrono::milliseconds(0));
  }
  rep.current = {};
  rep.row = -1;
  if (batch) return Access::Wrap(std::move(*batch), rep.types);
  if (penstock::Status error = rep.queue->error(); !error.ok() && !rep.cancelled) return FromEngine(error);
  return RowBatch();
}

Result<bool> QueryResult::Next(std::chrono::milliseconds wait) {
  Rep& rep = *rep_;
  if (++rep.row < rep.current.rows()) return true;
  Result<RowBatch> next = NextBatch(wait);
  if (!next) return next.error();
  rep.current = std::move(*next);
  rep.row = 0;
  return rep.current.rows() > 0;
}

Row QueryResult::row() const { return Row(rep_->current, rep_->row); }

bool QueryResult::ended() const { return rep_->row + 1 >= rep_->current.rows() && rep_->queue->ended(); }

void QueryResult::Cancel() {
  rep_->cancelled = true;
  rep_->session->engine->CancelJob(rep_->job);
  while (rep_->queue->Take(std::chrono::milliseconds(0))) {
  }
  rep_->current = {};
  rep_->row = -1;
}

}  // namespace penstock::v1
