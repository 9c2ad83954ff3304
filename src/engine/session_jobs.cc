// The jobs of a session: starting, running, ending them.
#include <unistd.h>

#include <algorithm>

#include "engine/job_counts.h"
#include "engine/job_options.h"
#include "engine/progress.h"
#include "engine/restorable.h"
#include "engine/running_job.h"
#include "engine/savepoint_file.h"
#include "state/ordered_store.h"

namespace penstock {

namespace {

void TellEnd(ResultHandler& handler, int statement, const Status& outcome) {
  if (outcome.ok())
    handler.OnOk(statement);
  else
    handler.OnError(statement, StatementPhase::kRuntime, outcome);
}

}  // namespace

Result<std::vector<SubtaskSnapshot>> Session::LoadSavepoint(int job) {
  std::string dir = options_.from_savepoint.empty() ? config_.GetString("execution.state-recovery.path")
                                                    : options_.from_savepoint;
  if (dir.empty()) return std::vector<SubtaskSnapshot>();
  return ReadSavepoint(*files_, dir + "/job-" + std::to_string(job));
}

Status Session::RunJob(JobPlan plan, bool wait, int number) {
  int job_number = ++jobs_;
  JobGraph& graph = plan.graph;
  if (config_.GetBool("penstock.job.round-trip", false)) {
    ASSIGN_OR_RETURN(graph, RoundTrip(graph));
  }
  at_run_time_ = true;
  ASSIGN_OR_RETURN(JobOptions options, ReadJobOptions(config_));
  memory_.set_limit(MemoryBudgetOf(config_));
  PlaceJob(config_, std::to_string(EntropySeed()) + "-" + std::to_string(job_number), &options);
  options.stop_when_idle = options_.stop_when_idle;
  options.savepoint = options_.stop_when_idle && !options_.savepoint_dir.empty();
  ASSIGN_OR_RETURN(options.restore, LoadSavepoint(job_number));
  bool drop_state = options_.allow_non_restored_state ||
                    config_.GetBool("execution.state-recovery.ignore-unclaimed-state", false);
  if (!drop_state) RETURN_IF_ERROR(CheckRestorable(nullptr, graph, options.restore, "the savepoint"));
  NoteUnknownTables(number);
  ASSIGN_OR_RETURN(std::optional<JobDurability> durability, DurabilityOf(graph, job_number, plan.bounded));
  if (durability) durability->allow_non_restored_state = drop_state;
  std::string uid = durability ? durability->identity.job : "";
  // A bucket has no place for a socket.
  std::string directory = durability && !IsObjectPath(durability->directory) ? durability->directory : "";
  auto made = std::make_unique<RunningJob>();
  made->number = job_number;
  made->statement = number;
  made->eval = eval_;
  made->handler = handler_;
  JobEnvironment environment{&registry_, clock_, files_, &made->eval, &memory_};
  environment.make_executor = options_.make_executor;
  environment.objects = objects();
  if (options_.driven) environment.make_store = MakeMemoryStore;  // one thread does everything
  made->job = std::make_unique<Job>(std::move(graph), std::move(options), std::move(environment),
                                    std::move(durability));
  RETURN_IF_ERROR(made->job->Prepare());
  if (made->job->finished_before()) return Status::Ok();
  RunningJob* running = made.get();
  if (options_.control && !directory.empty()) OpenControl(*running, uid, directory);
  {
    std::lock_guard lock(jobs_mutex_);
    running_.push_back(std::move(made));
    if (stopping_) running->job->Stop();
  }
  if (options_.driven) return Drive(*running).status();
  if (!wait) {
    running->thread = Thread("job-" + std::to_string(job_number), [this, running] {
      RunWatched(*running);
      if (running->handler) TellEnd(*running->handler, running->statement, running->outcome);
    });
    return Status::Ok();
  }
  RunWatched(*running);
  live_tables_->Clear();
  return FinishJob(*running);
}

void Session::RunWatched(RunningJob& job) {
  std::unique_ptr<JobProgress> progress;
  const std::vector<JobVertex>& vertices = job.job->runner()->graph().vertices;
  bool drawn = isatty(STDOUT_FILENO) != 0 &&  // its rows may be a table that is drawn over itself
               std::any_of(vertices.begin(), vertices.end(),
                           [](const JobVertex& vertex) { return vertex.factory == sql::kCollectSink; });
  if (!drawn && (options_.progress || !live_tables_->entries().empty()))
    progress = std::make_unique<JobProgress>(job.job->runner(), clock_, stderr, live_tables_.get(),
                                             options_.progress);
  job.outcome = job.job->Run();
  ConcludeJob(job);
}

void Session::OpenControl(RunningJob& job, const std::string& uid, const std::string& directory) {
  JobOverview known;
  known.job = uid;
  known.name = job.job->runner()->graph().name;
  known.script = options_.script_name;
  known.directory = directory;
  process_jobs_.Add(std::move(known), job.job.get());
  Status made = files_->CreateDirectories(directory);
  Result<std::unique_ptr<ControlEndpoint>> endpoint =
      made.ok() ? ControlEndpoint::Open(directory, &process_jobs_) : made;
  if (endpoint)
    job.control = std::move(*endpoint);
  else if (notices_ != nullptr)
    notices_->OnNotice(job.statement,
                       "the job cannot be controlled from outside: " + endpoint.error().message());
}

void Session::ConcludeJob(RunningJob& job) {
  std::string path;
  if (job.outcome.ok() && options_.stop_when_idle && !options_.savepoint_dir.empty()) {
    path = options_.savepoint_dir + "/job-" + std::to_string(job.number);
    job.outcome = WriteSavepoint(*files_, path, job.job->runner()->savepoint());
  }
  process_jobs_.Remove(job.job.get(), job.outcome.ok() ? Result<std::string>(path) : job.outcome);
  job.control.reset();
}

Status Session::FinishJob(RunningJob& job) {
  Status outcome = job.outcome;
  std::string losses = JobCounts::Of(*job.job->runner()).Losses();
  ResultHandler* told = job.handler ? job.handler.get() : notices_;
  if (!losses.empty() && told != nullptr) told->OnNotice(job.statement, losses);
  any_left_ = any_left_ || !job.job->runner()->drained();
  std::lock_guard lock(jobs_mutex_);
  running_.remove_if([&](const auto& other) { return other.get() == &job; });
  return outcome;
}

bool Session::WaitForJobs(ResultHandler* handler) {
  bool all_ok = true;
  while (true) {
    // Queries that someone reads end when he does.
    auto next = std::find_if(running_.begin(), running_.end(), [](const auto& job) { return !job->handler; });
    if (next == running_.end()) break;
    RunningJob& job = **next;
    int statement = job.statement;
    job.thread.Join();
    notices_ = handler;
    Status status = FinishJob(job);
    notices_ = nullptr;
    if (status.ok()) continue;
    all_ok = false;
    handler->OnError(statement, StatementPhase::kRuntime, status);
  }
  if (Status ended = EndRun(all_ok); !ended.ok()) {
    all_ok = false;
    handler->OnError(statements_, StatementPhase::kRuntime, ended);
  }
  return all_ok;
}

void Session::CancelJob(int number) {
  auto found = std::find_if(running_.begin(), running_.end(),
                            [number](const auto& job) { return job->number == number; });
  if (found == running_.end()) return;
  RunningJob& job = **found;
  job.job->Cancel();
  if (options_.driven) return (void)Drive(job);
  job.thread.Join();
  (void)FinishJob(job);
}

Result<JobRunner::Quiet> Session::Drive(RunningJob& job) {
  Result<JobRunner::Quiet> quiet = job.job->runner()->RunUntilQuiet();
  if (quiet && !quiet->finished) return quiet;
  job.outcome = quiet.status();
  ConcludeJob(job);
  int statement = job.statement;
  std::shared_ptr<ResultHandler> handler = job.handler;
  Status outcome = FinishJob(job);
  if (handler)
    TellEnd(*handler, statement, outcome);
  else
    RETURN_IF_ERROR(outcome);
  return JobRunner::Quiet{true, true, INT64_MAX};
}

Result<int64_t> Session::RunUntilQuiet() {
  int64_t wake_at_ms = INT64_MAX;
  for (bool moved = true; moved;) {
    moved = false;
    wake_at_ms = INT64_MAX;
    for (auto next = running_.begin(); next != running_.end();) {
      RunningJob& job = **next++;  // may be gone after Drive
      ASSIGN_OR_RETURN(JobRunner::Quiet quiet, Drive(job));
      moved = moved || quiet.moved;
      wake_at_ms = std::min(wake_at_ms, quiet.wake_at_ms);
    }
  }
  return wake_at_ms;
}

}  // namespace penstock
