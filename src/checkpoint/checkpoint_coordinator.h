// CheckpointCoordinator: decides when a job takes a checkpoint, gathers what its tasks hand in, has it
// sealed, and tells the job once it counts. Step 11 of a record's way.
//
// Tasks call the listener's methods; one thread (the driver) calls Run, or Step in a simulation, and does all
// the writing, but for that of new bases of chains (ChainFolder). At most one checkpoint is under way. An
// epoch that is abandoned (too slow, or it could not be written) is never tried again under its number: what
// sinks prepared in it goes into the next.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "checkpoint/chains/chain_folder.h"
#include "checkpoint/checkpoint_pins.h"
#include "checkpoint/checkpoint_store.h"
#include "env/clock.h"
#include "stream/checkpoint.h"
#include "stream/decision_log.h"

namespace penstock {

// Flink's options execution.checkpointing.*; docs/reference/options.md.
struct CheckpointOptions {
  int64_t interval_ms = 0;  // 0: only the last one, at the end of the input
  int64_t timeout_ms = 10 * 60 * 1000;
  int64_t min_pause_ms = 0;
  int tolerable_failures = 0;  // in a row
  int retained = 1;
  ChainLimits chains;  // of the store
};

struct CheckpointStatistics {
  uint64_t last_epoch = 0;  // decided
  int64_t completed = 0, failed = 0;
  int64_t last_duration_ms = 0, last_bytes = 0;
  int64_t longest_chain = 0;  // links, of the last one
  FoldStatistics folds;
};

class CheckpointCoordinator : public CheckpointListener {
 public:
  // `graph` is stored in every manifest. `log` may be null. All outlive the coordinator.
  CheckpointCoordinator(CheckpointOptions options, JobIdentity identity, std::string graph,
                        CheckpointStore* store, DecisionLog* log, const Clock* clock);

  // Before the job runs; the first checkpoint is `first_epoch`. Fails where the store cannot be read.
  Status Attach(CheckpointedJob* job, uint64_t first_epoch);
  void OnSnapshot(size_t task, uint64_t epoch, std::vector<SubtaskSnapshot> parts) override;
  void OnEnded(size_t task, bool drained, std::vector<SubtaskSnapshot> parts) override;

  // Takes a checkpoint as soon as none is under way, whatever the interval says; from any thread. `done` is
  // called once, on the driver's thread and without a lock: with the epoch that was decided, pinned for who
  // asked, or with why there is none.
  using Requested = std::function<void(Result<uint64_t> epoch)>;
  void RequestCheckpoint(Requested done);
  // Checkpoints that must stay; outlives the coordinator. REQUIRES: called before Attach where any is asked
  // for.
  void set_pins(CheckpointPins* pins) { pins_ = pins; }

  // Is told of every checkpoint that failed and is tolerated, and what there is to say of chains; on the
  // driver's thread, maybe under its lock.
  void set_on_failure(std::function<void(const std::string& text)> tell) {
    tell_failure_ = tell;
    folder_.set_tell(std::move(tell));
  }
  // Who folds chains where there are to be no threads; before Attach.
  void set_background(ChainFolder::Background background) { folder_.set_background(std::move(background)); }

  // Does what is due; returns the monotonic time at which it wants to be called again, earlier when a task
  // hands something in.
  int64_t Step();
  // Steps until Stop, waiting between them; any thread may call Stop.
  void Run();
  void Stop();
  // When Run has returned, or no Step will come any more: nothing goes on beside it from now on.
  void Close() { folder_.Close(); }
  CheckpointStatistics statistics() const;
  // Epochs below were used, whatever became of them.
  uint64_t next_epoch() const;

 private:
  enum class State : uint8_t {
    kWaiting,     // for the next checkpoint to be due
    kCollecting,  // the barrier is under way
    kFinished,    // the last checkpoint was decided, or the job was failed
  };

  // A snapshot is kept as long as its task has no newer one: nothing of it is copied.
  using Parts = std::shared_ptr<const std::vector<SubtaskSnapshot>>;

  bool Complete() const;
  bool IsDue(int64_t now) const { return now >= due_ms_ || (!requested_.empty() && now >= not_before_ms_); }
  bool AllEnded() const { return job_ != nullptr && ended_.size() == job_->task_count(); }
  void Begin(int64_t now);
  // Makes the epoch durable; without the lock.
  Result<Decision> Seal(uint64_t epoch, bool last, const std::vector<Parts>& parts);
  Status Decide(const Decision& decision);
  void Conclude(std::unique_lock<std::mutex>& lock, bool last);
  void Abandon(Status reason);
  void GiveUp(Status reason);
  // What becomes of those who asked for the epoch that has just been concluded, or given up.
  void Answer(std::vector<Requested>* asked, const Result<uint64_t>& epoch);
  void TellAnswers(std::unique_lock<std::mutex>& lock);
  // Removes what `epoch`, just decided, makes superfluous; without the lock.
  void RemoveOld(uint64_t epoch);

  const CheckpointOptions options_;
  const JobIdentity identity_;
  const std::string graph_;
  CheckpointStore* const store_;
  DecisionLog* const log_;
  const Clock* const clock_;
  ChainFolder folder_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  CheckpointedJob* job_ = nullptr;
  State state_ = State::kWaiting;
  bool stopping_ = false;
  uint64_t epoch_ = 0;  // under way, or the next one
  int64_t begun_ms_ = 0;
  int64_t due_ms_ = INT64_MAX;
  int64_t not_before_ms_ = 0;  // after a failure
  bool marked_ = false;        // of Decide
  bool drained_ = true;        // every task that has ended was
  int failures_ = 0;           // in a row
  std::map<size_t, Parts> collected_;
  std::map<size_t, Parts> ended_;
  CheckpointPins* pins_ = nullptr;
  std::function<void(const std::string&)> tell_failure_;
  std::vector<Requested> requested_;                             // of the next epoch
  std::vector<Requested> asked_;                                 // of the one under way
  std::vector<std::pair<Requested, Result<uint64_t>>> answers_;  // to be told without the lock
  std::vector<uint64_t> retained_;                               // of the driver
  CheckpointStatistics statistics_;
};

}  // namespace penstock
