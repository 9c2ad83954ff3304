// What an attempt of a job goes on from: the newest sealed checkpoint, or, where a log decides, exactly the
// one that it names. Called before each attempt, on the thread that runs the job.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "data/key_codec.h"
#include "engine/jobs/job.h"
#include "engine/jobs/restorable.h"
#include "env/failpoint.h"

namespace penstock {

namespace {
Failpoint looked("recovery.looked", "the sealed checkpoints are listed");
Failpoint log_read("recovery.log-read", "the decision log has said what was decided");
Failpoint state_read("recovery.state-read", "the parts of the checkpoint are in memory");

SeededBug newest("bug:recovery.newest", "the newest sealed checkpoint is restored, not the decided one");
SeededBug older("bug:recovery.older", "where there are several checkpoints the second newest is restored");
SeededBug no_watermarks("bug:recovery.no-watermarks", "watermarks are not restored");
SeededBug numbers_again("bug:recovery.numbers-again", "numbers of epochs start anew with each attempt");

constexpr const char* kFreshHint =
    "sinks may have committed this checkpoint, so an older one would double rows; --fresh starts a new run";
}  // namespace

Status Job::FindCheckpoint() {
  RETURN_IF_ERROR(store_->MakeDurable());
  ASSIGN_OR_RETURN(std::vector<uint64_t> epochs, store_->Epochs());
  if (numbers_again.On()) next_epoch_ = 1;
  // Whoever seals one that is not among them was not known of. A log outside tells processes apart itself.
  if (!decisions_) store_->ContendBehind(epochs.empty() ? 0 : epochs.back());
  if (!decisions_ && !epochs.empty()) RETURN_IF_ERROR(CheckStart(epochs.back()));
  std::erase_if(epochs, [this](uint64_t epoch) { return epoch < first_epoch_; });
  RETURN_IF_ERROR(looked.Hit());
  if (!decisions_) {
    durability_->savepoint.reset();
    return RestoreNewest(epochs);
  }
  ASSIGN_OR_RETURN(std::optional<Decision> decision, decisions_->Recover());
  RETURN_IF_ERROR(log_read.Hit());
  if (decision) next_epoch_ = std::max(next_epoch_, decision->epoch + 1);
  if (newest.On() && decision && !epochs.empty()) return RestoreNewest(epochs);
  if (decision) RETURN_IF_ERROR(CheckStart(decision->epoch));
  bool from_savepoint = std::exchange(durability_->savepoint, std::nullopt).has_value();
  bool fresh = std::exchange(durability_->fresh, false) || from_savepoint;
  if (fresh) passed_over_ = decision;
  if (decision) return decision == passed_over_ ? Status::Ok() : RestoreDecided(epochs, *decision);
  return fresh ? Status::Ok() : CheckUndecided(epochs);
}

// Whether the savepoint that this run starts from is as far as the sinks of the job are: `progress` is the
// last epoch that they have.
Status Job::CheckStart(std::optional<uint64_t> progress) {
  if (!durability_->savepoint || !progress) return Status::Ok();
  const SavepointStart& start = *durability_->savepoint;
  next_epoch_ = std::max(next_epoch_, start.epoch + 1);
  const std::vector<std::string>& sinks = durability_->exactly_once_sinks;
  bool same_job = start.job == durability_->identity.job;
  if (sinks.empty() || (same_job && start.epoch >= *progress)) return Status::Ok();
  if (start.rewind) {
    rewound_ = sinks;
    return Status::Ok();
  }
  std::string what = same_job ? fmt::format("is checkpoint {}", start.epoch)
                              : std::string("is of another job, or of none with checkpoints");
  return SqlError(
      ErrorNumber::kCheckpointMissing, {},
      fmt::format("the savepoint '{}' {}, but the exactly-once sinks of job '{}' ({}) have the rows up "
                  "to checkpoint {}",
                  start.path, what, durability_->identity.job, Join(sinks, ", "), *progress),
      "--rewind starts from it all the same, and these sinks get rows twice; a job with another "
      "'pipeline.uid' may start from it");
}

// The newest sealed checkpoint of this run: its sinks may have committed it, so nothing older will do. One
// that they did not reach before it was lost is not missed.
Status Job::RestoreNewest(const std::vector<uint64_t>& epochs) {
  if (Status lost = store_->CheckReached(durability_->identity.run); !lost.ok())
    return std::move(lost).WithHint(kFreshHint);
  if (epochs.empty()) return Status::Ok();
  bool second = older.On() && epochs.size() > 1;
  Result<Manifest> manifest = store_->ReadManifest(second ? epochs[epochs.size() - 2] : epochs.back());
  if (!manifest) return Status(manifest.error()).WithHint(kFreshHint);
  if (manifest->identity.run != durability_->identity.run) return Status::Ok();
  RETURN_IF_ERROR(CheckSameLog(*manifest));
  // Its process may have died before it did this, and opening the sinks commits.
  if (!decisions_) RETURN_IF_ERROR(store_->MarkReached(manifest->epoch, manifest->identity.run));
  return Restore(*manifest);
}

// Nothing was ever decided, so what is sealed does not count. Or was the log lost?
Status Job::CheckUndecided(const std::vector<uint64_t>& epochs) const {
  for (uint64_t epoch : epochs) {
    Result<Manifest> manifest = store_->ReadManifest(epoch);
    if (manifest && manifest->identity.run == durability_->identity.run)
      RETURN_IF_ERROR(CheckSameLog(*manifest));
  }
  ASSIGN_OR_RETURN(bool decided, store_->WasDecided());
  if (!decided) return Status::Ok();
  return SqlError(ErrorNumber::kCheckpointMissing, {},
                  fmt::format("checkpoints of job '{}' are in '{}', but the sinks know of none",
                              durability_->decisions.job, store_->directory()),
                  "--fresh starts a new run, which writes everything again");
}

// Rows of exactly this checkpoint are visible; those of later ones were taken back, whatever was sealed.
Status Job::RestoreDecided(const std::vector<uint64_t>& epochs, const Decision& decision) {
  // It may be of the run before, which has ended.
  Result<Manifest> manifest = store_->ReadManifest(decision.epoch);
  if (!manifest && manifest.error().code() != StatusCode::kNotFound)
    return Status(manifest.error()).WithHint(kFreshHint);
  bool same = manifest && manifest->identity.incarnation == decision.incarnation &&
              HashKey(manifest->Write()) == decision.manifest_hash;
  if (!same) {
    return SqlError(
        ErrorNumber::kCheckpointMissing, {},
        fmt::format("the sinks of job '{}' have the rows up to checkpoint {}, which is not in '{}'",
                    durability_->decisions.job, decision.epoch, store_->directory()),
        "set execution.checkpointing.dir to where it is; give another job a 'pipeline.uid' of its own; "
        "--fresh "
        "starts a new run, which writes everything again");
  }
  if (manifest->identity.run == durability_->identity.run) return Restore(*manifest);
  // This run has decided nothing in its log; nor may it have in another way.
  for (uint64_t epoch : epochs) {
    Result<Manifest> other = store_->ReadManifest(epoch);
    if (other && other->identity.run == durability_->identity.run) RETURN_IF_ERROR(CheckSameLog(*other));
  }
  return Status::Ok();
}

// A checkpoint that the manifest decides means nothing to a log, and the other way round.
Status Job::CheckSameLog(const Manifest& manifest) const {
  ByteReader in(manifest.graph);
  ASSIGN_OR_RETURN(JobGraph graph, JobGraph::Read(in));
  ASSIGN_OR_RETURN(std::optional<DecisionNeeds> needs, environment_.registry->DecisionNeedsOf(graph));
  if (needs.has_value() == (decisions_ != nullptr)) return Status::Ok();
  return SqlError(ErrorNumber::kStateNotRestorable, {},
                  "the delivery guarantee of a sink has changed since the last checkpoint",
                  "let the run end with the former guarantee, or start a new one with --fresh");
}

// What is restored must mean what it meant when it was written.
Status Job::Restore(const Manifest& manifest) {
  Result<std::vector<SubtaskSnapshot>> parts = store_->ReadParts(manifest);
  if (!parts) {
    return Status(parts.error())
        .WithContext(fmt::format("restoring checkpoint {}", manifest.epoch))
        .WithHint(kFreshHint);
  }
  RETURN_IF_ERROR(state_read.Hit());
  if (!manifest.finished) {
    ByteReader in(manifest.graph);
    ASSIGN_OR_RETURN(JobGraph before, JobGraph::Read(in));
    if (durability_->allow_non_restored_state)
      DropChanged(before, graph_, &*parts);
    else
      RETURN_IF_ERROR(CheckRestorable(&before, graph_, *parts, fmt::format("checkpoint {}", manifest.epoch)));
  }
  durability_->identity.incarnation = manifest.identity.incarnation;
  options_.restore = std::move(*parts);
  options_.restore_watermarks = !no_watermarks.On();
  store_->GoOnFrom(manifest);
  finished_before_ = manifest.finished;
  return Status::Ok();
}

}  // namespace penstock
