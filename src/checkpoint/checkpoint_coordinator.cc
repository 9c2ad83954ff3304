// One checkpoint after the other. Step 11 of a record's way.
#include "checkpoint/checkpoint_coordinator.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "data/key_codec.h"
#include "env/failpoint.h"

namespace penstock {

namespace {
Failpoint collected("checkpoint.collected", "every task has handed in its snapshot, nothing is written");
Failpoint sealed_point("checkpoint.sealed", "the manifest has its name for good, nothing is decided");
Failpoint logged("checkpoint.logged", "the log has decided, the directory does not say that it ever did");
Failpoint decided_point("checkpoint.decided", "the epoch counts, no task knows");
Failpoint told("checkpoint.told", "the tasks may commit, the checkpoints before are still there");
Failpoint abandoned("checkpoint.abandoned", "an epoch has failed, its output is about to go with the next");

SeededBug commit_first("bug:checkpoint.commit-before-seal", "sinks commit before the checkpoint is sealed");
SeededBug decide_first("bug:checkpoint.decide-before-seal",
                       "the log decides before the checkpoint is sealed");
SeededBug one_missing("bug:checkpoint.one-missing",
                      "a checkpoint is sealed without the last task's snapshot");
SeededBug ended_missing("bug:checkpoint.ended-missing", "tasks that have ended are left out of checkpoints");
SeededBug number_again("bug:checkpoint.number-again", "the number of an abandoned epoch is used again");
SeededBug removed_early("bug:checkpoint.removed-early", "older checkpoints go before the new one is decided");

constexpr int64_t kRetryPauseMs = 500;  // after a checkpoint that failed
}  // namespace

CheckpointCoordinator::CheckpointCoordinator(CheckpointOptions options, JobIdentity identity,
                                             std::string graph, CheckpointStore* store, DecisionLog* log,
                                             const Clock* clock)
    : options_(options),
      identity_(std::move(identity)),
      graph_(std::move(graph)),
      store_(store),
      log_(log),
      clock_(clock),
      folder_(store, clock) {}

Status CheckpointCoordinator::Attach(CheckpointedJob* job, uint64_t first_epoch) {
  std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(retained_, store_->Epochs());
  job_ = job;
  epoch_ = first_epoch;
  if (options_.interval_ms > 0) due_ms_ = clock_->MonotonicMillis() + options_.interval_ms;
  return Status::Ok();
}

void CheckpointCoordinator::OnSnapshot(size_t task, uint64_t epoch, std::vector<SubtaskSnapshot> parts) {
  std::lock_guard lock(mutex_);
  if (state_ != State::kCollecting || epoch != epoch_) return;  // abandoned meanwhile
  collected_[task] = std::make_shared<const std::vector<SubtaskSnapshot>>(std::move(parts));
  if (Complete()) changed_.notify_all();
}

void CheckpointCoordinator::OnEnded(size_t task, bool drained, std::vector<SubtaskSnapshot> parts) {
  std::lock_guard lock(mutex_);
  drained_ = drained_ && drained;
  ended_[task] = std::make_shared<const std::vector<SubtaskSnapshot>>(std::move(parts));
  if (AllEnded() || Complete()) changed_.notify_all();
}

// A task counts once, whether it passed the barrier before it ended or not.
bool CheckpointCoordinator::Complete() const {
  if (state_ != State::kCollecting) return false;
  size_t both = static_cast<size_t>(std::count_if(
      collected_.begin(), collected_.end(), [&](const auto& entry) { return ended_.contains(entry.first); }));
  return collected_.size() + ended_.size() - both + (one_missing.On() ? 1 : 0) >= job_->task_count();
}

void CheckpointCoordinator::Begin(int64_t now) {
  state_ = State::kCollecting;
  begun_ms_ = now;
  collected_.clear();
  asked_.swap(requested_);
  job_->StartCheckpoint(epoch_);
}

void CheckpointCoordinator::RequestCheckpoint(Requested done) {
  std::lock_guard lock(mutex_);
  requested_.push_back(std::move(done));
  changed_.notify_all();
}

void CheckpointCoordinator::Answer(std::vector<Requested>* asked, const Result<uint64_t>& epoch) {
  for (Requested& one : *asked) {
    if (epoch && pins_ != nullptr) pins_->Add(*epoch);
    answers_.emplace_back(std::move(one), epoch);
  }
  asked->clear();
}

void CheckpointCoordinator::TellAnswers(std::unique_lock<std::mutex>& lock) {
  auto answers = std::exchange(answers_, {});
  if (answers.empty()) return;
  lock.unlock();
  for (auto& [done, epoch] : answers) done(epoch);
  lock.lock();
}

int64_t CheckpointCoordinator::Step() {
  std::unique_lock lock(mutex_);
  int64_t now = clock_->MonotonicMillis();
  switch (state_) {
    case State::kWaiting:
      if (AllEnded() && now >= not_before_ms_)
        Conclude(lock, true);
      else if (!AllEnded() && IsDue(now))
        Begin(now);
      break;
    case State::kCollecting:
      if (Complete())
        Conclude(lock, AllEnded() && collected_.empty());
      else if (now - begun_ms_ >= options_.timeout_ms)
        Abandon(Status(StatusCode::kUnavailable,
                       fmt::format("checkpoint {} was not complete after {} ms", epoch_, options_.timeout_ms))
                    .WithHint("raise execution.checkpointing.timeout, or find the slow operator"));
      break;
    case State::kFinished: Answer(&requested_, Status(StatusCode::kUnavailable, "the job is ending")); break;
  }
  TellAnswers(lock);
  if (state_ == State::kCollecting) return Complete() ? now : begun_ms_ + options_.timeout_ms;
  if (state_ == State::kFinished) return INT64_MAX;
  return AllEnded() || !requested_.empty() ? std::min(not_before_ms_, due_ms_) : due_ms_;
}

// The parts of tasks that passed the barrier, and of those that had ended before it came.
void CheckpointCoordinator::Conclude(std::unique_lock<std::mutex>& lock, bool last) {
  std::vector<Parts> parts;
  for (const auto& [task, snapshots] : ended_) {
    if (ended_missing.On() && !last) continue;
    if (!collected_.contains(task)) parts.push_back(snapshots);
  }
  for (const auto& [task, snapshots] : collected_) parts.push_back(snapshots);
  uint64_t epoch = epoch_;
  if (last) begun_ms_ = clock_->MonotonicMillis();
  if (commit_first.On()) job_->CheckpointDecided(last ? kLastEpoch : epoch);
  lock.unlock();
  Result<Decision> sealed = Seal(epoch, last, parts);
  if (removed_early.On() && sealed) (void)store_->RemoveBefore(epoch);
  Status decided = sealed ? Decide(*sealed) : Status::Ok();
  if (sealed && decided.ok()) decided = decided_point.Hit();
  lock.lock();
  if (!sealed) return Abandon(sealed.error());
  // Nobody knows whether it counts: only the log, or the manifest, can tell after a restart.
  if (!decided.ok()) return GiveUp(std::move(decided));
  int64_t now = clock_->MonotonicMillis();
  statistics_.last_epoch = epoch;
  statistics_.last_duration_ms = now - begun_ms_;
  ++statistics_.completed;
  failures_ = 0;
  ++epoch_;
  state_ = last ? State::kFinished : State::kWaiting;
  due_ms_ = options_.interval_ms > 0 ? std::max(begun_ms_ + options_.interval_ms, now + options_.min_pause_ms)
                                     : INT64_MAX;
  collected_.clear();
  if (last) Answer(&requested_, epoch);
  Answer(&asked_, epoch);
  job_->CheckpointDecided(last ? kLastEpoch : epoch);
  lock.unlock();
  RemoveOld(epoch);
  if (!last) folder_.Start(epoch);
  lock.lock();
}

Result<Decision> CheckpointCoordinator::Seal(uint64_t epoch, bool last, const std::vector<Parts>& parts) {
  RETURN_IF_ERROR(collected.Hit());
  Manifest manifest;
  manifest.identity = identity_;
  manifest.epoch = epoch;
  manifest.finished = last && drained_;
  manifest.created_micros = clock_->NowMicros();
  manifest.graph = graph_;
  if (decide_first.On() && log_ != nullptr) {
    manifest.parts.clear();
    RETURN_IF_ERROR(log_->Decide(Decision{identity_.incarnation, epoch, 0}));
  }
  std::vector<const SubtaskSnapshot*> all;
  for (const Parts& of_task : parts) {
    for (const SubtaskSnapshot& part : *of_task) all.push_back(&part);
  }
  RETURN_IF_ERROR(folder_.Prepare(all));
  RETURN_IF_ERROR(store_->SealParts(all, &manifest));
  RETURN_IF_ERROR(sealed_point.Hit());
  std::lock_guard lock(mutex_);
  statistics_.last_bytes = static_cast<int64_t>(manifest.written_bytes);
  statistics_.longest_chain = static_cast<int64_t>(store_->longest_chain());
  return Decision{identity_.incarnation, epoch, HashKey(manifest.Write())};
}

// Should the log ever lose this, the directory tells; without a log the manifest is the decision, and should
// that be lost, another file tells.
Status CheckpointCoordinator::Decide(const Decision& decision) {
  if (log_ == nullptr) return store_->MarkReached(decision.epoch, identity_.run);
  RETURN_IF_ERROR(log_->Decide(decision));
  RETURN_IF_ERROR(logged.Hit());
  if (marked_) return Status::Ok();
  marked_ = true;
  return store_->MarkDecided();
}

void CheckpointCoordinator::Abandon(Status reason) {
  bool tolerated = ++failures_ <= options_.tolerable_failures && reason.code() != StatusCode::kFenced;
  if (!tolerated) return GiveUp(std::move(reason));
  if (Status hit = abandoned.Hit(); !hit.ok()) return GiveUp(std::move(hit));
  if (log_ != nullptr) {
    if (Status goes_on = log_->Abandon(epoch_); !goes_on.ok()) return GiveUp(std::move(goes_on));
  }
  ++statistics_.failed;
  Answer(&asked_, reason);
  if (tell_failure_)
    tell_failure_(fmt::format("checkpoint {} failed ({} of {} in a row that are tolerated): {}", epoch_,
                              failures_, options_.tolerable_failures, reason.ToString()));
  if (!number_again.On()) ++epoch_;
  collected_.clear();
  state_ = State::kWaiting;
  not_before_ms_ = clock_->MonotonicMillis() + std::max(kRetryPauseMs, options_.min_pause_ms);
  if (options_.interval_ms > 0) due_ms_ = std::max(not_before_ms_, begun_ms_ + options_.interval_ms);
}

void CheckpointCoordinator::GiveUp(Status reason) {
  ++statistics_.failed;
  Answer(&asked_, reason);
  state_ = State::kFinished;
  job_->Fail(std::move(reason).WithContext(fmt::format("checkpoint {}", epoch_++)));
}

// None is removed before a later one was decided; what cannot be removed stays.
void CheckpointCoordinator::RemoveOld(uint64_t epoch) {
  if (!told.Hit().ok()) return;
  retained_.push_back(epoch);
  auto keep = static_cast<ptrdiff_t>(std::max(1, options_.retained));
  if (std::ssize(retained_) <= keep) return;
  uint64_t from = *(retained_.end() - keep);
  if (pins_ != nullptr) from = pins_->Limit(from);
  if (from <= retained_.front() || !store_->RemoveBefore(from).ok()) return;
  std::erase_if(retained_, [from](uint64_t kept) { return kept < from; });
}

void CheckpointCoordinator::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    int64_t next = Step();
    lock.lock();
    int64_t wait = std::min<int64_t>(next - clock_->MonotonicMillis(), 1000);
    bool ready = Complete() || (state_ == State::kWaiting && IsDue(clock_->MonotonicMillis()));
    if (!stopping_ && !ready && wait > 0) changed_.wait_for(lock, std::chrono::milliseconds(wait));
  }
  Answer(&asked_, Status(StatusCode::kUnavailable, "the job has ended, or failed"));
  Answer(&requested_, Status(StatusCode::kUnavailable, "the job has ended, or failed"));
  TellAnswers(lock);
}

void CheckpointCoordinator::Stop() {
  folder_.Cancel();
  std::lock_guard lock(mutex_);
  stopping_ = true;
  // Snapshots may keep the stores of their backends open.
  collected_.clear();
  ended_.clear();
  changed_.notify_all();
}

uint64_t CheckpointCoordinator::next_epoch() const {
  std::lock_guard lock(mutex_);
  return epoch_;
}

CheckpointStatistics CheckpointCoordinator::statistics() const {
  std::lock_guard lock(mutex_);
  CheckpointStatistics statistics = statistics_;
  statistics.folds = folder_.statistics();
  return statistics;
}

}  // namespace penstock
