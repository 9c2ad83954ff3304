// The jobs of a session: starting, running, ending them.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/strings.h"
#include "checkpoint/savepoint_folder.h"
#include "connectors/filesystem/file_listing.h"
#include "engine/jobs/job_counts.h"
#include "engine/jobs/job_options.h"
#include "engine/output/progress.h"
#include "engine/jobs/restorable.h"
#include "engine/jobs/running_job.h"
#include "engine/savepoints/savepoint.h"
#include "env/random.h"
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

Status Session::LoadSavepoint(const JobGraph& graph, int job, JobOptions* options,
                              JobDurability* durability) {
  bool drop_state = options_.allow_non_restored_state ||
                    config_.GetBool("execution.state-recovery.ignore-unclaimed-state", false);
  if (durability != nullptr) durability->allow_non_restored_state = drop_state;
  std::string path = options_.from_savepoint.empty() ? config_.GetString("execution.state-recovery.path")
                                                     : options_.from_savepoint;
  if (run_directory_ && !run_directory_->savepoint().empty()) path = run_directory_->savepoint();
  if (path.empty()) return Status::Ok();
  if (durability != nullptr && durability->resumed) {
    // A run that has come to its own checkpoints needs the savepoint no more.
    CheckpointStore store(durability->files, durability->directory, 0);
    ASSIGN_OR_RETURN(std::vector<uint64_t> epochs, store.Epochs());
    Result<Manifest> newest = epochs.empty() ? Status::NotFound("") : store.ReadManifest(epochs.back());
    if (newest && newest->identity.run == durability->identity.run) return Status::Ok();
  }
  ASSIGN_OR_RETURN(FilePlace place, PlaceOf(path, files_, objects()));
  ASSIGN_OR_RETURN(std::optional<SavepointContent> savepoint, OpenSavepoint(place, job));
  if (!savepoint && drop_state) return Status::Ok();
  if (!savepoint) {
    return Status::NotFound(fmt::format("there is no savepoint of job {} in '{}'", job, place.path))
        .WithHint(
            "'penstock state inspect' shows what is there; --allow-non-restored-state starts the job "
            "without");
  }
  const JobGraph* before = savepoint->graph ? &*savepoint->graph : nullptr;
  if (!drop_state)
    RETURN_IF_ERROR(CheckRestorable(before, graph, savepoint->parts, "the savepoint"));
  else if (before != nullptr)
    DropChanged(*before, graph, &savepoint->parts);
  options->restore = std::move(savepoint->parts);
  options->restore_watermarks = config_.GetString("execution.state-recovery.watermarks") == "restore";
  if (durability == nullptr) return Status::Ok();
  durability->savepoint = SavepointStart{savepoint->path, "", 0, run_directory_ && run_directory_->rewind()};
  if (savepoint->manifest) {
    durability->savepoint->job = savepoint->manifest->identity.job;
    durability->savepoint->epoch = savepoint->manifest->epoch;
  }
  return Status::Ok();
}

// All that a job does is in vain where its last savepoint cannot be written.
Status Session::CheckSavepointDir(int job) {
  if (!options_.stop_when_idle || options_.savepoint_dir.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(FilePlace place, PlaceOf(SavepointOfJob(options_.savepoint_dir, job), files_, objects()));
  return CheckSavepointPlace(place.files.get(), place.path, EntropySeed());
}

void Session::NoteHotKeys(const JobPlan& plan, bool checkpoints, int number) {
  if (notices_ == nullptr) return;
  for (const std::string& notice : plan.notices) notices_->OnNotice(number, notice);
  bool watched = std::any_of(plan.graph.edges.begin(), plan.graph.edges.end(), [](const JobEdge& edge) {
    return edge.partitioning == Partitioning::kDedicated;
  });
  if (!watched || checkpoints) return;
  notices_->OnNotice(
      number,
      "'penstock.hot-keys' = 'dedicated' chooses keys when a job goes on from a checkpoint, and "
      "this one takes none: SET 'execution.checkpointing.interval'");
}

Status Session::RunJob(JobPlan plan, bool wait, int number) {
  int job_number = ++jobs_;
  JobGraph& graph = plan.graph;
  if (config_.GetBool("penstock.job.round-trip", false)) {
    ASSIGN_OR_RETURN(graph, RoundTrip(graph));
  }
  at_run_time_ = true;
  RETURN_IF_ERROR(CheckSavepointDir(job_number));
  ASSIGN_OR_RETURN(JobOptions options, ReadJobOptions(config_));
  memory_.set_limit(MemoryBudgetOf(config_));
  PlaceJob(config_, std::to_string(EntropySeed()) + "-" + std::to_string(job_number), &options);
  options.stop_when_idle = options_.stop_when_idle;
  NoteUnknownTables(number);
  ASSIGN_OR_RETURN(std::optional<JobDurability> durability, DurabilityOf(graph, job_number, plan.bounded));
  if (durability) durability->exactly_once_sinks = plan.exactly_once_sinks;
  // With checkpoints the last of them is copied.
  options.savepoint = options_.stop_when_idle && !options_.savepoint_dir.empty() && !durability;
  RETURN_IF_ERROR(LoadSavepoint(graph, job_number, &options, durability ? &*durability : nullptr));
  std::optional<JobDurability> known = durability;
  NoteHotKeys(plan, durability && durability->checkpoints.interval_ms > 0, number);
  auto made = std::make_unique<RunningJob>();
  made->number = job_number;
  made->statement = number;
  made->eval = eval_;
  made->handler = handler_;
  JobEnvironment environment{&registry_, clock_, files_, &made->eval, &memory_};
  environment.make_executor = options_.make_executor;
  environment.pause = options_.pause;
  environment.objects = objects();
  if (options_.driven) environment.make_store = MakeMemoryStore;  // one thread does everything
  made->job = std::make_unique<Job>(std::move(graph), std::move(options), std::move(environment),
                                    std::move(durability));
  RETURN_IF_ERROR(made->job->Prepare());
  if (run_directory_) RETURN_IF_ERROR(run_directory_->Begin());
  if (made->job->finished_before()) return Status::Ok();
  RunningJob* running = made.get();
  if (!running->job->rewound().empty() && notices_ != nullptr)
    notices_->OnNotice(number, "rewound: these sinks get rows again: " + Join(running->job->rewound(), ", "));
  if (options_.control && known && run_directory_) OpenControl(*running, *known);
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
    progress = std::make_unique<JobProgress>([&job] { return job.job->attempts(); }, state_forecasts_, clock_,
                                             stderr, live_tables_.get(), options_.progress);
  job.outcome = job.job->Run();
  ConcludeJob(job);
}

// Where checkpoints are in a bucket no lock keeps others out of the folder of the socket.
Result<std::string> Session::TakeControlFolder(RunningJob& job, const std::string& directory) {
  if (!IsObjectPath(directory)) {
    RETURN_IF_ERROR(files_->CreateDirectories(directory));
    return directory;
  }
  ASSIGN_OR_RETURN(std::string root, NormalPath(config_.GetString("penstock.control.dir")));
  std::string folder = root + "/" + options_.script_name + "/jobs/" + FileName(directory);
  RETURN_IF_ERROR(files_->CreateDirectories(folder));
  ASSIGN_OR_RETURN(job.control_lock, FileLock::TakeOn(files_, folder + "/control.lock"));
  return folder;
}

void Session::OpenControl(RunningJob& job, const JobDurability& durability) {
  if (IsObjectPath(durability.directory) && config_.GetString("penstock.control.dir").empty()) return;
  JobOverview overview;
  overview.job = durability.identity.job;
  overview.name = job.job->runner()->graph().name;
  overview.script = options_.script_name;
  overview.directory = durability.directory;
  process_jobs_.Add(std::move(overview), job.job.get(), job.number, durability.savepoint_root,
                    state_forecasts_);
  Result<std::string> folder = TakeControlFolder(job, durability.directory);
  Result<std::unique_ptr<ControlEndpoint>> endpoint =
      folder ? ControlEndpoint::Open(*folder, &process_jobs_) : folder.error();
  if (endpoint)
    job.control = std::move(*endpoint);
  else if (notices_ != nullptr)
    notices_->OnNotice(job.statement,
                       "the job cannot be controlled from outside: " + endpoint.error().message());
}

void Session::ConcludeJob(RunningJob& job) {
  std::optional<SavepointPlace> place = process_jobs_.SavepointOf(job.job.get());
  if (!place && options_.stop_when_idle && !options_.savepoint_dir.empty())
    place = SavepointPlace{options_.savepoint_dir, SavepointOfJob(options_.savepoint_dir, job.number)};
  if (place && job.outcome.ok()) {
    job.outcome = job.job->WriteLastSavepoint(place->folder);
    if (job.outcome.ok()) ++stopped_with_savepoint_;
  }
  std::string path = place ? place->path : "";
  process_jobs_.Remove(job.job.get(), job.outcome.ok() ? Result<std::string>(path) : job.outcome);
  job.control.reset();
}

Status Session::FinishJob(RunningJob& job) {
  Status outcome = job.outcome;
  std::string losses = JobCounts::Of(job.job->attempts()).Losses();
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
