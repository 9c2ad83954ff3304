// The re-run, the read-back, and their comparison.
#include "engine/parity/parity.h"

#include <map>

#include "base/strings.h"
#include "data/datetime.h"
#include "engine/jobs/job_options.h"
#include "engine/parity/comparison.h"
#include "engine/session.h"
#include "env/random.h"
#include "sql/rerun/time_reach.h"

namespace penstock {

namespace {

// Of one sink: what it should have, and what it has.
struct SinkState {
  SinkState(SinkLayout made, OperatorContext* context)
      : layout(std::move(made)), batch(layout, context), stream(layout, context) {}
  SinkLayout layout;
  SortedRows batch, stream;
};

class ExpectedWriter : public SinkWriter {
 public:
  ExpectedWriter(SortedRows* rows, const sql::ReadRange& range) : rows_(rows), range_(range) {}
  // No rows: a lane's.
  Status Write(const Batch& batch) override {
    return rows_ == nullptr ? Status::Ok() : rows_->Add(batch, range_);
  }

 private:
  SortedRows* rows_;
  const sql::ReadRange& range_;
};

// What a table has, batch by batch.
class Reader : public ResultHandler {
 public:
  explicit Reader(std::function<Status(const Batch&)> take) : take_(std::move(take)) {}
  void OnColumns(int, const Schema&) override {}
  void OnRows(int, const Batch& batch) override {
    if (status_.ok()) status_ = take_(batch);
  }
  void OnOk(int) override {}
  void OnError(int, StatementPhase, const Status&) override {}
  Status status() const override { return status_; }

 private:
  std::function<Status(const Batch&)> take_;
  Status status_;
};

// Of the script: nothing is printed, the first error counts.
class ScriptHandler : public ResultHandler {
 public:
  void OnColumns(int, const Schema&) override {}
  void OnRows(int, const Batch&) override {}
  void OnOk(int) override {}
  void OnError(int statement, StatementPhase, const Status& status) override {
    if (error_.ok()) error_ = Status(status).WithContext("statement " + std::to_string(statement));
  }
  const Status& error() const { return error_; }

 private:
  Status error_;
};

class ParityRun : public Rerun {
 public:
  ParityRun(FileSystem* files, const Clock* clock, const ParityOptions& options);
  ~ParityRun() override;
  Result<ParityReport> Run();

 private:
  Result<sql::ReadRange> Begin(const Job& job) override;
  Result<std::unique_ptr<SinkWriter>> MakeWriter(const std::string& table) override;
  Status CheckReach(const sql::TimeReach& reach) const;
  Status CheckPlace(const SinkLayout& layout) const;
  Status OpenWorkspace(const Job& job);
  Status AddSink(SinkLayout layout);
  Status Compare(SinkState* sink, SinkParity* report);
  // What there is; nothing, with a note, where not even a folder is.
  Status Read(const Table& table, const std::vector<std::string>& columns, Reader* reader,
              SinkParity* report);
  Status ReadLanes(const SinkLayout& layout, std::deque<LateRowsIndex>* late, SinkParity* report);

  FileSystem* files_;
  const ParityOptions& options_;
  OperatorContext context_;
  Session session_;
  std::map<std::string, std::unique_ptr<SinkState>> sinks_;  // by table
  sql::ReadRange read_;                                      // the widest
  int64_t reach_ms_ = 0;
};

SessionOptions SessionFor(const ParityOptions& options, Rerun* rerun) {
  SessionOptions session;
  session.script_name = options.script_name;
  session.rerun = rerun;
  return session;
}

ParityRun::ParityRun(FileSystem* files, const Clock* clock, const ParityOptions& options)
    : files_(files), options_(options), session_(SessionFor(options, this), clock, files) {
  context_.clock = clock;
  context_.files = files;
  context_.memory = &session_.memory();
}

ParityRun::~ParityRun() {
  sinks_.clear();
  if (!context_.work_directory.empty()) (void)RemoveTree(*files_, context_.work_directory);
}

Status ParityRun::OpenWorkspace(const Job& job) {
  if (!context_.work_directory.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(JobOptions options, ReadJobOptions(*job.context.config));
  context_.memory->set_limit(MemoryBudgetOf(*job.context.config));
  context_.work_directory = options.work_directory + "-parity-" + std::to_string(EntropySeed());
  return Status::Ok();
}

Status ParityRun::CheckReach(const sql::TimeReach& reach) const {
  if (reach.unbounded.empty() || !options_.range.from_ms) return Status::Ok();
  return SqlError(ErrorNumber::kInvalidPlan, {},
                  "the statement keeps what it has read without a bound in event time (" + reach.unbounded +
                      "): its results in the range may depend on any row before it",
                  "--from earliest, or SET 'table.exec.state.ttl'");
}

Status ParityRun::CheckPlace(const SinkLayout& layout) const {
  bool placed = layout.place.kind != sql::RowPlace::Kind::kNone;
  if (placed || !options_.range.from_ms) return Status::Ok();
  return SqlError(ErrorNumber::kInvalidPlan, {},
                  "the rows of '" + layout.table->path.object +
                      "' have no column that tells which of them lie in the range",
                  "write window_start and window_end, or the time attribute; or --from earliest");
}

Result<sql::ReadRange> ParityRun::Begin(const Job& job) {
  RETURN_IF_ERROR(OpenWorkspace(job));
  int64_t reach_ms = 0;
  for (const sql::PlanPtr& plan : job.plans) {
    sql::TimeReach reach = sql::ReachOf(job.context, plan);
    RETURN_IF_ERROR(CheckReach(reach));
    reach_ms = std::max(reach_ms, reach.ms);
  }
  std::map<std::string, SinkLayout> layouts;
  for (size_t i = 0; i < job.plans.size(); ++i) {
    ASSIGN_OR_RETURN(SinkLayout layout, LayoutOf(job, i, reach_ms));
    auto [at, added] = layouts.try_emplace(layout.table->path.ToString(), layout);
    if (!added) MergeLayouts(&at->second, layout);
  }
  for (auto& [table, layout] : layouts) {
    if (layout.unseen.empty()) RETURN_IF_ERROR(CheckPlace(layout));
    RETURN_IF_ERROR(AddSink(std::move(layout)));
  }
  reach_ms_ = std::max(reach_ms_, reach_ms);
  sql::ReadRange read = options_.range;
  if (read.from_ms) *read.from_ms -= reach_ms;
  if (read.to_ms) *read.to_ms += reach_ms;
  return read;
}

Status ParityRun::AddSink(SinkLayout layout) {
  std::unique_ptr<SinkState>& sink = sinks_[layout.table->path.ToString()];
  if (!sink) {
    sink = std::make_unique<SinkState>(std::move(layout), &context_);
    return Status::Ok();
  }
  // Rows are there already, in the form of the first statement.
  SinkLayout merged = sink->layout;
  MergeLayouts(&merged, layout);
  if (!merged.SameForm(sink->layout)) {
    return SqlError(ErrorNumber::kUnsupported, {},
                    "several statements write to '" + layout.table->path.object + "'",
                    "put them into one: EXECUTE STATEMENT SET BEGIN .. END");
  }
  sink->layout = std::move(merged);
  return Status::Ok();
}

Result<std::unique_ptr<SinkWriter>> ParityRun::MakeWriter(const std::string& table) {
  auto sink = sinks_.find(table);
  bool counts = sink != sinks_.end() && sink->second->layout.unseen.empty();
  return std::unique_ptr<SinkWriter>(
      new ExpectedWriter(counts ? &sink->second->batch : nullptr, options_.range));
}

Status ParityRun::Read(const Table& table, const std::vector<std::string>& columns, Reader* reader,
                       SinkParity* report) {
  Status read = session_.ReadTable(table, columns, reader);
  if (read.ok()) return read;
  if (read.code() != StatusCode::kNotFound)
    return std::move(read).WithContext("reading '" + table.path.object + "'");
  report->notes.push_back("'" + table.path.object + "' has nothing yet: " + read.message());
  return Status::Ok();
}

Status ParityRun::ReadLanes(const SinkLayout& layout, std::deque<LateRowsIndex>* late, SinkParity* report) {
  for (const LateLane& lane : layout.lanes) {
    LateRowsIndex& index = late->emplace_back(layout, lane);
    if (lane.columns.empty() || (lane.time < 0 && lane.window_end < 0)) {
      report->notes.push_back("late rows in '" + lane.table->path.object +
                              "' explain nothing: they have no time");
      continue;
    }
    Reader reader([&](const Batch& batch) {
      index.Add(batch);
      return Status::Ok();
    });
    RETURN_IF_ERROR(Read(*lane.table, lane.columns, &reader, report));
    index.Finish();
  }
  return Status::Ok();
}

Status ParityRun::Compare(SinkState* sink, SinkParity* report) {
  const SinkLayout& layout = sink->layout;
  report->table = layout.table->path.object;
  report->connector = layout.table->option("connector");
  report->left_out = layout.nondeterministic;
  report->unseen = layout.unseen;
  if (!layout.unseen.empty()) return Status::Ok();
  if (!layout.conditions.empty())
    report->notes.push_back("conditions use " + layout.conditions + ": a replay gives other rows");
  if (layout.place.kind == sql::RowPlace::Kind::kNone && !options_.range.all())
    report->notes.push_back("its rows have no time: all of them are compared");
  Reader reader([&](const Batch& batch) { return sink->stream.Add(batch, options_.range); });
  RETURN_IF_ERROR(Read(*layout.table, layout.names, &reader, report));
  std::deque<LateRowsIndex> late;
  RETURN_IF_ERROR(ReadLanes(layout, &late, report));
  ASSIGN_OR_RETURN(std::unique_ptr<RowGroups> batch, sink->batch.Finish());
  ASSIGN_OR_RETURN(std::unique_ptr<RowGroups> stream, sink->stream.Finish());
  return Comparison(layout, late, sink->batch, options_.most_shown, report)
      .Compare(batch.get(), stream.get());
}

Result<ParityReport> ParityRun::Run() {
  for (const auto& [key, value] : options_.settings) RETURN_IF_ERROR(session_.SetOption(key, value));
  ScriptHandler handler;
  for (const std::string& script : options_.scripts) {
    if (!session_.ExecuteScript(script, &handler)) return handler.error();
  }
  ParityReport report;
  report.range = report.read = options_.range;
  if (report.read.from_ms) *report.read.from_ms -= reach_ms_;
  if (report.read.to_ms) *report.read.to_ms += reach_ms_;
  bool any = false;
  for (auto& [name, sink] : sinks_) {
    SinkParity one;
    Status compared = Compare(sink.get(), &one);
    if (!compared.ok()) return std::move(compared).WithContext("sink '" + one.table + "'");
    any = any || one.unseen.empty();
    report.sinks.push_back(std::move(one));
  }
  if (sinks_.empty()) return Status::InvalidArgument("the script has no INSERT: there is nothing to compare");
  if (!any) {
    return Status::InvalidArgument("none of the sinks can be read: " + report.sinks[0].table + ": " +
                                   report.sinks[0].unseen);
  }
  return report;
}

}  // namespace

Result<std::optional<int64_t>> ParseRangeEnd(const std::string& text, const std::string& word) {
  if (EqualsIgnoreCase(text, word)) return std::optional<int64_t>();
  std::optional<int128_t> nanos = ParseTimestamp(text);
  if (nanos) return std::optional<int64_t>(static_cast<int64_t>(FloorDiv(*nanos, int128_t{1'000'000})));
  return Status::InvalidArgument("'" + text + "' is no time, such as '2026-01-01 10:00:00', nor '" + word +
                                 "'");
}

int64_t ParityReport::unexplained() const {
  int64_t sum = 0;
  for (const SinkParity& sink : sinks) sum += sink.unexplained;
  return sum;
}

Result<ParityReport> CheckParity(FileSystem* files, const Clock* clock, const ParityOptions& options) {
  return ParityRun(files, clock, options).Run();
}

}  // namespace penstock
