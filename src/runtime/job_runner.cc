// The life of a job: prepare, run, be idle, take a savepoint, stop.
// Step 11 of a record's way (docs/ARCHITECTURE.md).
#include "runtime/job_runner.h"

#include <algorithm>

#include "state/ordered_store.h"

namespace penstock {

namespace {
std::unique_ptr<Executor> DefaultExecutor(const JobGraph& graph, const JobOptions& options,
                                          const Clock* clock) {
  if (graph.lock_step)
    return std::make_unique<LockStepExecutor>(ExecutorOptions{clock, 1, options.turn_rows});
  return MakeThreadedExecutor({clock, options.threads, options.batch_rows});
}
}  // namespace

JobRunner::JobRunner(JobGraph graph, JobOptions options, JobEnvironment environment)
    : graph_(std::move(graph)),
      options_(std::move(options)),
      environment_(std::move(environment)),
      executor_(environment_.make_executor ? environment_.make_executor()
                                           : DefaultExecutor(graph_, options_, environment_.clock)),
      driver_({environment_.clock, 1, graph_.lock_step ? options_.turn_rows : options_.batch_rows}) {}

// Clients' threads may wake tasks until the readers and writers are gone, so these go first.
JobRunner::~JobRunner() { Release(); }

Status JobRunner::Prepare() {
  RETURN_IF_ERROR(BuildTasks());
  snapshots_.Start(tasks_.size());
  for (auto& task : tasks_) RETURN_IF_ERROR(task->Open());
  // First splits, once every reader stands.
  size_t index = 0;
  for (const JobVertex& vertex : graph_.vertices) {
    if (!HeadsTask(vertex)) continue;
    for (int subtask = 0; subtask < vertex.parallelism; ++subtask, ++index) {
      if (vertex.kind != VertexKind::kSource) continue;
      ASSIGN_OR_RETURN(std::vector<SourceSplit> splits, DiscoverFor(vertex.id, subtask));
      tasks_[index]->AddSplits(std::move(splits));
    }
  }
  return Status::Ok();
}

Result<std::vector<SourceSplit>> JobRunner::DiscoverFor(int vertex, int subtask) {
  std::lock_guard lock(enumeration_mutex_);
  Enumeration& e = enumerations_[vertex];
  ASSIGN_OR_RETURN(std::vector<SourceSplit> found, e.enumerator->Discover());
  for (SourceSplit& split : found) {
    if (std::find(e.known.begin(), e.known.end(), split.id) != e.known.end()) continue;
    e.known.push_back(split.id);
    e.assigned[e.next++ % e.assigned.size()].push_back(std::move(split));
  }
  std::vector<SourceSplit> mine;
  mine.swap(e.assigned[static_cast<size_t>(subtask)]);
  return mine;
}

Status JobRunner::Run() {
  Status status = executor_->Run(this);
  if (std::lock_guard lock(failure_mutex_); !failure_.ok()) status = failure_;
  return CloseTasks(std::move(status));
}

Result<JobRunner::Quiet> JobRunner::RunUntilQuiet() {
  Result<Quiet> quiet = driver_.RunUntilQuiet(this);
  if (!quiet) return CloseTasks(quiet.error());
  if (quiet->finished) RETURN_IF_ERROR(CloseTasks(Status::Ok()));
  return quiet;
}

Status JobRunner::CloseTasks(Status status) {
  for (auto& task : tasks_) {
    Status closed = task->Close(status.ok());
    if (status.ok() && !closed.ok()) status = closed;
  }
  // A job that came to its end before it was idle: what its tasks had last is what there is to go on from.
  if (options_.savepoint)
    savepoint_ = snapshots_.Collect(snapshots_.IsComplete(kSavepointEpoch) ? kSavepointEpoch : 0);
  // They are committed by now; whoever starts from the savepoint has nothing to do with them.
  for (SubtaskSnapshot& part : savepoint_) part.committables.clear();
  return status;
}

void JobRunner::Cancel() {
  executor_->Cancel();
  driver_.Cancel();
}

template <typename F>
void JobRunner::ForSources(F tell) {
  for (size_t i = 0; i < tasks_.size(); ++i) {
    if (!tasks_[i]->is_source()) continue;
    tell(*tasks_[i]);
    Wake(i);
  }
}

void JobRunner::Stop(bool drain) {
  ForSources([drain](Task& task) { task.RequestStop(drain); });
}

void JobRunner::Release() {
  tasks_.clear();
  channels_.clear();
  enumerations_.clear();
  sources_.clear();
  state_disk_bytes_ = state_disk_bytes();
  store_.reset();
  if (!options_.work_directory.empty() && environment_.files != nullptr)
    (void)RemoveTree(*environment_.files, options_.work_directory);
}

int64_t JobRunner::state_disk_bytes() const { return store_ ? store_->DiskBytes() : state_disk_bytes_; }

void JobRunner::StartCheckpoint(uint64_t epoch) {
  ForSources([epoch](Task& task) { task.RequestBarrier(epoch); });
}

void JobRunner::CheckpointDecided(uint64_t epoch) {
  for (size_t i = 0; i < tasks_.size(); ++i) {
    tasks_[i]->NoteDecided(epoch);
    Wake(i);
  }
  if (!options_.moves_keys || epoch == kLastEpoch || moves_keys_ || !WantsOtherKeys()) return;
  moves_keys_ = true;
  Stop();
}

uint64_t JobRunner::committed_epoch() const {
  if (tasks_.empty()) return 0;
  uint64_t least = kLastEpoch;
  for (const auto& task : tasks_) {
    if (task->has_sinks()) least = std::min(least, task->committed());
  }
  return least;
}

void JobRunner::Fail(Status status) {
  {
    std::lock_guard lock(failure_mutex_);
    if (failure_.ok()) failure_ = std::move(status);
  }
  Cancel();
}

void JobRunner::OnQuiet(bool exhausted, bool moved) {
  if (!options_.stop_when_idle || stop_requested_) return;
  int64_t now = environment_.clock->MonotonicMillis();
  if (!exhausted || moved) quiet_since_ = -1;
  if (!exhausted) return;
  if (quiet_since_ < 0) quiet_since_ = now;
  if (moved || now - quiet_since_ < options_.idle_ms) return;
  stop_requested_ = true;
  // Together: a source that went on behind the barrier would write rows that are not in the savepoint.
  if (options_.savepoint) StartCheckpoint(kSavepointEpoch);
  Stop();
}

}  // namespace penstock
