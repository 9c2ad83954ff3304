// Job: one dataflow of a session, over restarts: runs it, takes its checkpoints, and after a failure starts
// it again from the last one that was decided. Run is called on one thread; Cancel and Stop from any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint_coordinator.h"
#include "engine/control/job_service.h"
#include "engine/jobs/restart_strategy.h"
#include "env/thread.h"
#include "runtime/job_runner.h"

namespace penstock {

// The savepoint that a new run of a job starts from.
struct SavepointStart {
  std::string path;
  std::string job;     // uid of the one that wrote it; "" where that is not known
  uint64_t epoch = 0;  // the checkpoint that it is a copy of
  bool rewind = false;
};

// What a job with checkpoints must know.
struct JobDurability {
  CheckpointOptions checkpoints;
  RestartOptions restart;
  JobIdentity identity;
  std::shared_ptr<FileStore> files;  // null: the job's own
  std::string directory;             // in `files`
  uint64_t claim = 0;
  std::string claim_path;  // where there are no locks, see CheckpointStore::GuardByClaim
  bool resumed = false;    // an earlier process may have written checkpoints of this run
  bool allow_non_restored_state = false;
  bool fresh = false;         // what an earlier run has done does not matter
  DecisionContext decisions;  // for a log, where the sinks need one
  std::optional<SavepointStart> savepoint;
  std::vector<std::string> exactly_once_sinks;  // tables
  std::string savepoint_root;                   // execution.checkpointing.savepoint-dir
};

class Job {
 public:
  Job(JobGraph graph, JobOptions options, JobEnvironment environment,
      std::optional<JobDurability> durability);
  ~Job();

  // Finds what to go on from and makes the first runner; an error leaves nothing behind.
  Status Prepare();
  // Whether an earlier process of this run has done all of it: nothing is left to run.
  bool finished_before() const { return finished_before_; }
  // Returns when the job has ended and will not start again.
  Status Run();
  void Cancel();
  // Ends it in order: what was read is written, and with checkpoints a last one is taken to go on from.
  void Stop(StopMode mode = StopMode::kSuspend);

  // Copies a checkpoint taken now into `folder`, a path or s3://bucket/prefix; any thread. `done` is called
  // once; the job goes on, whatever became of the copy.
  void Savepoint(const std::string& folder, std::function<void(Status)> done);
  // Whether one could be written there: before the job is stopped for it. Any thread; `done` is called once.
  void CheckSavepoint(const std::string& folder, const std::function<void(Status)>& done);
  // After Run: its last state as a savepoint.
  Status WriteLastSavepoint(const std::string& folder);
  // After Prepare: sinks that get rows again, because the run starts from an older savepoint.
  const std::vector<std::string>& rewound() const { return rewound_; }

  // The runner of the present attempt; those before it live as long as the job, for who still reads them.
  JobRunner* runner() const { return runner_.load(); }
  // The runners whose counts together are the job's: the present one, and those that it went on from without
  // reading anything again.
  std::vector<const JobRunner*> attempts() const;
  int64_t restarts() const { return restarts_; }
  // Brings the times in the runner's metrics up to now.
  void RefreshLoads() const {
    std::lock_guard lock(mutex_);
    if (!runners_.empty()) runners_.back()->RefreshLoads();
  }
  int64_t state_disk_bytes() const {
    std::lock_guard lock(mutex_);
    return runners_.empty() ? 0 : runners_.back()->state_disk_bytes();
  }
  JobState state() const { return state_; }
  // Of the last attempt that failed; "" where none has.
  std::string last_failure() const;
  std::optional<CheckpointStatistics> checkpoint_statistics() const;

 private:
  // What to go on from (job_recovery.cc).
  Status FindCheckpoint();
  Status RestoreNewest(const std::vector<uint64_t>& epochs);
  Status RestoreDecided(const std::vector<uint64_t>& epochs, const Decision& decision);
  Status CheckUndecided(const std::vector<uint64_t>& epochs) const;
  Status CheckSameLog(const Manifest& manifest) const;
  Status CheckStart(std::optional<uint64_t> progress);
  Status Restore(const Manifest& manifest);
  Status Reconcile(const Manifest& manifest, std::vector<SubtaskSnapshot>* parts) const;
  Status MakeRunner();
  Status CommitRemains();
  Status RunOnce();
  Status RunAttempts();
  // Whether one more thread may copy, and one that runs `work`. REQUIRES: mutex_ is held.
  bool MayCopy();
  bool StartCopy(std::function<void()> work);
  Status CopyBeside(uint64_t epoch, const std::string& folder, const std::function<void(Status)>& done);
  // Of these threads.
  Status CheckPlace(const std::string& folder) const;
  Status CopySavepoint(uint64_t epoch, const std::string& folder);
  Status CopyTo(const std::string& folder, const CheckpointStore& store, uint64_t epoch) const;
  Status AwaitCommits(uint64_t epoch);
  // The job was stopped so that keys get subtasks of their own: goes on from its last checkpoint; false when
  // it is not to.
  Result<bool> GoOnWithKeys();
  void Release();
  void TellRestart(const Status& failure, int64_t pause_ms);
  // After a failure: waits as long as the restart strategy says, or for room on a full disk; false when the
  // job is not to start again, `failure` then says why.
  bool AwaitRestart(Status* failure);
  bool AwaitRoom(const Status& failure);
  void Tell(const std::string& text) const;
  bool WaitBeforeRestart(int64_t pause_ms);

  JobGraph graph_;
  JobOptions options_;
  JobEnvironment environment_;
  std::optional<JobDurability> durability_;
  RestartStrategy strategy_;
  std::unique_ptr<CheckpointStore> store_;
  uint64_t first_epoch_ = 0;  // checkpoints before it are of other runs
  uint64_t next_epoch_ = 1;
  bool finished_before_ = false;
  std::optional<Decision> passed_over_;  // of the run that --fresh has replaced

  mutable std::mutex mutex_;
  std::condition_variable cancel_requested_;
  bool cancelled_ = false;
  std::optional<StopMode> stopped_;
  std::optional<Status> outcome_;  // of Run
  CheckpointPins pins_;
  struct Copying {
    std::shared_ptr<std::atomic<bool>> ended;
    Thread thread;
  };
  std::list<Copying> copying_;
  std::vector<std::string> rewound_;
  bool paused_ = false;  // for want of room, at least once
  int64_t room_pause_ms_ = 0;
  std::string last_failure_;
  std::atomic<JobState> state_{JobState::kCreated};
  std::atomic<int64_t> restarts_{0};
  std::unique_ptr<DecisionLog> decisions_;  // null where sealed manifests decide
  std::unique_ptr<CheckpointCoordinator> coordinator_;
  std::vector<std::unique_ptr<JobRunner>> runners_;
  size_t counted_from_ = 0;  // of runners_: the first of attempts()
  int moves_ = 0;            // of keys to subtasks of their own
  std::atomic<JobRunner*> runner_{nullptr};
};

}  // namespace penstock
