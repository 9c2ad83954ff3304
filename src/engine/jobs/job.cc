// Attempts of a job.
#include "engine/jobs/job.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "env/files/disk_full.h"
#include "env/failpoint.h"
#include "env/thread.h"

namespace penstock {

namespace {

// Between looks whether there is room on a full disk, and between attempts that find none: doubled each time.
constexpr int64_t kRoomPauseMs = 500;
constexpr int64_t kLongestRoomPauseMs = 30'000;
constexpr int kMostMoves = 8;  // keys whose share goes up and down are not to stop a job again and again
constexpr size_t kProbeBytes = size_t{256} << 10;

Failpoint prepared("job.prepared", "the operators are open, what was decided is committed, nothing runs");
Failpoint restarting("job.restarting", "the job has failed, its tasks are gone");
Failpoint remains("job.remains-committed", "a job that had ended has committed what was left");

// A failure that the same input brings about again, or that nothing here can mend.
bool IsFinal(const Status& status) {
  switch (status.code()) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kUnsupported:
    case StatusCode::kInvalidData:
    case StatusCode::kCorruption:
    case StatusCode::kCancelled:
    case StatusCode::kFenced: return true;
    default: return false;
  }
}

std::string GraphBytes(const JobGraph& graph) {
  ByteWriter out;
  graph.Write(out);
  return out.Take();
}

}  // namespace

Job::Job(JobGraph graph, JobOptions options, JobEnvironment environment,
         std::optional<JobDurability> durability)
    : graph_(std::move(graph)),
      options_(std::move(options)),
      environment_(environment),
      durability_(std::move(durability)),
      strategy_(durability_ ? durability_->restart : RestartOptions{}) {
  if (!durability_) return;
  if (!durability_->files) durability_->files = std::make_shared<LocalFileStore>(environment_.files);
  options_.job = durability_->decisions.job;
  store_ = std::make_unique<CheckpointStore>(durability_->files, durability_->directory, durability_->claim,
                                             durability_->checkpoints.chains);
  store_->GuardByClaim(durability_->claim_path);
}

Job::~Job() = default;

Status Job::Prepare() {
  if (durability_) {
    ASSIGN_OR_RETURN(uint64_t touched, store_->LastEpochTouched());
    next_epoch_ = touched + 1;
    if (!durability_->resumed) first_epoch_ = next_epoch_;
    ASSIGN_OR_RETURN(decisions_, environment_.registry->NewDecisionLog(graph_, durability_->decisions));
    RETURN_IF_ERROR(FindCheckpoint());
  }
  return finished_before_ ? CommitRemains() : MakeRunner();
}

// The process may have died between the decision and the commit: opening the sinks commits what is left.
Status Job::CommitRemains() {
  bool any = std::any_of(options_.restore.begin(), options_.restore.end(),
                         [](const SubtaskSnapshot& part) { return !part.committables.empty(); });
  if (!any) return Status::Ok();
  RETURN_IF_ERROR(MakeRunner());
  Release();
  return remains.Hit();
}

void Job::Release() {
  std::lock_guard lock(mutex_);
  runner()->Release();
}

Status Job::MakeRunner() {
  JobOptions options = options_;
  std::unique_ptr<CheckpointCoordinator> coordinator;
  if (durability_) {
    coordinator = std::make_unique<CheckpointCoordinator>(durability_->checkpoints, durability_->identity,
                                                          GraphBytes(graph_), store_.get(), decisions_.get(),
                                                          environment_.clock);
    coordinator->set_pins(&pins_);
    coordinator->set_on_failure(
        [this](const std::string& text) { Tell("note: " + graph_.name + ": " + text + "\n"); });
    options.checkpoints = coordinator.get();
    options.moves_keys = moves_ < kMostMoves;
    options.decisions = decisions_.get();
  }
  auto runner = std::make_unique<JobRunner>(graph_, std::move(options), environment_);
  if (coordinator) {
    coordinator->set_background(
        [runner = runner.get()](const std::function<bool()>& step) { return runner->AddBackground(step); });
  }
  RETURN_IF_ERROR(runner->Prepare());
  if (coordinator) RETURN_IF_ERROR(coordinator->Attach(runner.get(), next_epoch_));
  RETURN_IF_ERROR(prepared.Hit());
  std::lock_guard lock(mutex_);
  coordinator_ = std::move(coordinator);
  runner_ = runner.get();
  runners_.push_back(std::move(runner));
  if (cancelled_) runners_.back()->Cancel();
  if (stopped_) runners_.back()->Stop(*stopped_ == StopMode::kDrain);
  return Status::Ok();
}

Status Job::RunOnce() {
  {
    std::lock_guard lock(mutex_);
    if (!cancelled_ && !stopped_) state_ = JobState::kRunning;
  }
  if (!coordinator_) return runner()->Run();
  Thread driver;
  if (!runner()->AddDriver([this] { return coordinator_->Step(); }))
    driver = Thread("checkpoints", [this] { coordinator_->Run(); });
  Status outcome = runner()->Run();
  coordinator_->Stop();
  driver.Join();
  coordinator_->Close();
  next_epoch_ = coordinator_->next_epoch();
  return outcome;
}

Status Job::Run() {
  Status outcome = RunAttempts();
  std::list<Copying> copying;  // joined behind the lock
  {
    std::lock_guard lock(mutex_);
    outcome_ = outcome;
    copying.swap(copying_);
  }
  copying.clear();
  return outcome;
}

Status Job::RunAttempts() {
  while (true) {
    Status outcome = RunOnce();
    if (outcome.ok()) {
      Result<bool> goes_on = GoOnWithKeys();
      if (goes_on && *goes_on) continue;
      outcome = goes_on.status();
    }
    if (outcome.ok() || IsFinal(outcome)) return outcome;
    while (true) {
      if (!AwaitRestart(&outcome)) return outcome;
      Release();
      Status restarted = restarting.Hit();
      if (restarted.ok()) restarted = FindCheckpoint();
      // The last checkpoint was decided, and the failure came behind it.
      if (restarted.ok() && finished_before_) return CommitRemains();
      if (restarted.ok()) restarted = MakeRunner();
      {
        std::lock_guard lock(mutex_);
        counted_from_ = runners_.size() - 1;
      }
      if (restarted.ok()) break;
      if (IsFinal(restarted)) return restarted;
      outcome = std::move(restarted);
    }
  }
}

Result<bool> Job::GoOnWithKeys() {
  {
    std::lock_guard lock(mutex_);
    if (!durability_ || !runner()->moves_keys() || runner()->drained() || cancelled_ || stopped_)
      return false;
  }
  ++moves_;
  Release();
  RETURN_IF_ERROR(FindCheckpoint());
  if (finished_before_) {
    RETURN_IF_ERROR(CommitRemains());
    return false;
  }
  RETURN_IF_ERROR(MakeRunner());
  return true;
}

std::vector<const JobRunner*> Job::attempts() const {
  std::lock_guard lock(mutex_);
  std::vector<const JobRunner*> attempts;
  for (size_t i = counted_from_; i < runners_.size(); ++i) attempts.push_back(runners_[i].get());
  return attempts;
}

// Whoever watches must see it: a job that keeps failing looks alive otherwise. Nobody watches a simulation.
void Job::TellRestart(const Status& failure, int64_t pause_ms) {
  {
    std::lock_guard lock(mutex_);
    last_failure_ = failure.ToString();
    restarts_ = strategy_.restarts();
    if (!cancelled_ && !stopped_) state_ = JobState::kRestarting;
  }
  Tell(fmt::format("note: {} failed and starts again in {} ms: {}\n", graph_.name, pause_ms,
                   failure.ToString()));
}

void Job::Tell(const std::string& text) const {
  if (!environment_.make_executor) std::fputs(text.c_str(), stderr);
}

bool Job::AwaitRestart(Status* failure) {
  bool restarts = durability_ && durability_->restart.kind != RestartOptions::Kind::kNone;
  if (restarts && IsDiskFull(*failure)) return AwaitRoom(*failure);
  std::optional<int64_t> pause = strategy_.OnFailure(environment_.clock->MonotonicMillis());
  if (!pause) {
    if (strategy_.restarts() > 0)
      *failure = std::move(*failure).WithContext(
          fmt::format("the job failed again after {} restarts", strategy_.restarts()));
    return false;
  }
  TellRestart(*failure, *pause);
  return WaitBeforeRestart(*pause);
}

// The job stands still, so its sources are not read; a full disk is no reason to count failures. The disk may
// be that of a sink: what is looked at is the place that had no room. Where there is some, but not enough for
// the job to get any further, the attempts become rare.
bool Job::AwaitRoom(const Status& failure) {
  {
    std::lock_guard lock(mutex_);
    last_failure_ = failure.ToString();
    if (!cancelled_ && !stopped_) state_ = JobState::kRestarting;
  }
  // Once, where it does not get any further in between.
  std::optional<CheckpointStatistics> done = checkpoint_statistics();
  bool first = !std::exchange(paused_, true) || (done && done->completed > 0);
  room_pause_ms_ = first ? kRoomPauseMs : std::min(2 * room_pause_ms_, kLongestRoomPauseMs);
  if (first)
    Tell(fmt::format("alarm: {} is paused until there is room: {}\n", graph_.name, failure.ToString()));
  const std::string full = FullPath(failure);
  const std::string probe = full.substr(0, full.rfind('/') + 1) + ".penstock-room";
  const std::string bytes(kProbeBytes, 'x');
  LocalFileStore files(environment_.files);
  while (WaitBeforeRestart(room_pause_ms_)) {
    Status written = WriteFile(files, probe, bytes);
    (void)files.Remove(probe);
    if (IsDiskFull(written)) {
      room_pause_ms_ = kRoomPauseMs;
      continue;
    }
    if (first) Tell(fmt::format("note: {} tries to go on from its last checkpoint\n", graph_.name));
    return true;
  }
  return false;
}

bool Job::WaitBeforeRestart(int64_t pause_ms) {
  if (environment_.pause) environment_.pause(pause_ms);
  std::unique_lock lock(mutex_);
  if (environment_.pause) return !cancelled_ && !stopped_;
  cancel_requested_.wait_for(lock, std::chrono::milliseconds(pause_ms),
                             [this] { return cancelled_ || stopped_.has_value(); });
  return !cancelled_ && !stopped_;
}

void Job::Cancel() {
  std::lock_guard lock(mutex_);
  cancelled_ = true;
  state_ = JobState::kCancelling;
  cancel_requested_.notify_all();
  if (!runners_.empty()) runners_.back()->Cancel();
}

void Job::Stop(StopMode mode) {
  std::lock_guard lock(mutex_);
  stopped_ = mode;
  if (!cancelled_) state_ = JobState::kStopping;
  cancel_requested_.notify_all();
  if (!runners_.empty()) runners_.back()->Stop(mode == StopMode::kDrain);
}

std::string Job::last_failure() const {
  std::lock_guard lock(mutex_);
  return last_failure_;
}

std::optional<CheckpointStatistics> Job::checkpoint_statistics() const {
  std::lock_guard lock(mutex_);
  if (!coordinator_) return std::nullopt;
  return coordinator_->statistics();
}

}  // namespace penstock
