// Savepoints of a job: copies of checkpoints that were decided, beside the job that goes on, or when it has
// ended. A copy is made when the sinks have committed what it stands behind, so that nobody who starts from
// it has to.
#include <fmt/format.h>

#include "checkpoint/savepoint_folder.h"
#include "connectors/filesystem/file_place.h"
#include "engine/jobs/job.h"
#include "env/random.h"

namespace penstock {

namespace {
constexpr size_t kCopiesMax = 4;  // at a time
constexpr int64_t kCommitPauseMs = 5;

Status NotRunning() { return {StatusCode::kUnavailable, "the job does not run"}; }
Status TooMany() { return {StatusCode::kResourceExhausted, "other savepoints of the job are being written"}; }
}  // namespace

bool Job::MayCopy() {
  std::erase_if(copying_, [](const Copying& copying) { return copying.ended->load(); });
  return copying_.size() < kCopiesMax;
}

bool Job::StartCopy(std::function<void()> work) {
  if (!MayCopy()) return false;
  auto ended = std::make_shared<std::atomic<bool>>(false);
  copying_.push_back({ended, Thread("savepoint", [ended, work = std::move(work)] {
                        work();
                        *ended = true;
                      })});
  return true;
}

void Job::Savepoint(const std::string& folder, std::function<void(Status)> done) {
  Status refused;
  {
    std::lock_guard lock(mutex_);
    if (!coordinator_ || outcome_)
      refused = NotRunning();
    else if (!MayCopy())
      refused = TooMany();
    else
      coordinator_->RequestCheckpoint([this, folder, done](const Result<uint64_t>& epoch) {
        if (!epoch) return done(epoch.error());
        if (Status refused = CopyBeside(*epoch, folder, done); !refused.ok()) {
          pins_.Remove(*epoch);
          done(std::move(refused));
        }
      });
  }
  if (!refused.ok()) done(std::move(refused));
}

Status Job::CopyBeside(uint64_t epoch, const std::string& folder, const std::function<void(Status)>& done) {
  std::lock_guard lock(mutex_);
  bool started = StartCopy([this, folder, done, epoch] {
    Status copied = CopySavepoint(epoch, folder);
    pins_.Remove(epoch);
    done(std::move(copied));
  });
  return started ? Status::Ok() : TooMany();
}

void Job::CheckSavepoint(const std::string& folder, const std::function<void(Status)>& done) {
  Status refused;
  {
    std::lock_guard lock(mutex_);
    if (outcome_)
      refused = NotRunning();
    else if (!StartCopy([this, folder, done] { done(CheckPlace(folder)); }))
      refused = TooMany();
  }
  if (!refused.ok()) done(std::move(refused));
}

Status Job::CheckPlace(const std::string& folder) const {
  ASSIGN_OR_RETURN(FilePlace place, PlaceOf(folder, environment_.files, environment_.objects));
  return CheckSavepointPlace(place.files.get(), place.path, EntropySeed());
}

Status Job::CopySavepoint(uint64_t epoch, const std::string& folder) {
  RETURN_IF_ERROR(AwaitCommits(epoch));
  CheckpointStore store(durability_->files, durability_->directory, 0);
  return CopyTo(folder, store, epoch);
}

Status Job::CopyTo(const std::string& folder, const CheckpointStore& store, uint64_t epoch) const {
  ASSIGN_OR_RETURN(FilePlace place, PlaceOf(folder, environment_.files, environment_.objects));
  return CopyToSavepoint(store, epoch, place.files.get(), place.path, EntropySeed(), [this] {
    std::lock_guard lock(mutex_);
    return cancelled_ ? Status(StatusCode::kCancelled, "the job was cancelled") : Status();
  });
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
    ASSIGN_OR_RETURN(FilePlace place, PlaceOf(folder, environment_.files, environment_.objects));
    return WriteSavepoint(place.files.get(), runner()->savepoint(), std::move(manifest), place.path,
                          EntropySeed());
  }
  ASSIGN_OR_RETURN(std::vector<uint64_t> epochs, store_->Epochs());
  if (epochs.empty()) return Status::Internal("a job has ended without a last checkpoint");
  return CopyTo(folder, *store_, epochs.back());
}

}  // namespace penstock
