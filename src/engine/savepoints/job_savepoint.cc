// Savepoints of a job: copies of checkpoints that were decided, beside the job that goes on, or when it has
// ended. A copy is made when the sinks have committed what it stands behind, so that nobody who starts from
// it has to.
#include <fmt/format.h>

#include "checkpoint/savepoint_folder.h"
#include "engine/jobs/job.h"
#include "env/random.h"

namespace penstock {

namespace {
constexpr size_t kCopiesMax = 4;  // at a time
constexpr int64_t kCommitPauseMs = 5;
}  // namespace

void Job::Savepoint(const std::string& folder, std::function<void(Status)> done) {
  Status refused;
  {
    std::lock_guard lock(mutex_);
    if (!coordinator_ || outcome_)
      refused = Status(StatusCode::kUnavailable, "the job does not run");
    else if (copying_.size() >= kCopiesMax)
      refused = Status(StatusCode::kResourceExhausted, "other savepoints of the job are being written");
    else
      coordinator_->RequestCheckpoint([this, folder, done](const Result<uint64_t>& epoch) {
        if (!epoch) return done(epoch.error());
        std::lock_guard lock(mutex_);
        copying_.emplace_back("savepoint", [this, folder, done, epoch = *epoch] {
          Status copied = CopySavepoint(epoch, folder);
          pins_.Remove(epoch);
          done(std::move(copied));
        });
      });
  }
  if (!refused.ok()) done(std::move(refused));
}

Status Job::CopySavepoint(uint64_t epoch, const std::string& folder) {
  RETURN_IF_ERROR(AwaitCommits(epoch));
  CheckpointStore store(durability_->files, durability_->directory, 0);
  return CopyToSavepoint(store, epoch, environment_.files, folder, EntropySeed());
}

Status Job::AwaitCommits(uint64_t epoch) {
  while (true) {
    {
      std::lock_guard lock(mutex_);
      if (outcome_) return *outcome_;
      if (runners_.back()->committed_epoch() >= epoch) return Status::Ok();
    }
    PauseMillis(kCommitPauseMs);
  }
}

Status Job::WriteLastSavepoint(const std::string& folder) {
  if (!durability_) {
    Manifest manifest;
    manifest.identity.job = graph_.name;
    manifest.epoch = 1;
    manifest.finished = runner()->drained();
    manifest.created_micros = environment_.clock->NowMicros();
    ByteWriter graph;
    graph_.Write(graph);
    manifest.graph = graph.Take();
    return WriteSavepoint(environment_.files, runner()->savepoint(), std::move(manifest), folder,
                          EntropySeed());
  }
  ASSIGN_OR_RETURN(std::vector<uint64_t> epochs, store_->Epochs());
  if (epochs.empty()) return Status::Internal("a job has ended without a last checkpoint");
  return CopyToSavepoint(*store_, epochs.back(), environment_.files, folder, EntropySeed());
}

}  // namespace penstock
