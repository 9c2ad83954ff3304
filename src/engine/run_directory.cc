// Claims and the record of the run.
#include "engine/run_directory.h"

#include <fmt/format.h>

#include <charconv>

#include "env/failpoint.h"

namespace penstock {

namespace {

Failpoint locked("run.locked", "the lock is held, there is no claim");
Failpoint claimed("run.claimed", "the claim is durable, nothing is known of a run");
Failpoint recorded("run.recorded", "the run is on record");
Failpoint finishing("run.finishing", "all jobs are done, the record of the run is there");
Failpoint record_removed("run.record-removed", "the record of the run is gone, not yet durably");

SeededBug run_forgotten("bug:run.forgotten", "a run is never found again: each execution starts anew");

constexpr std::string_view kClaimPrefix = "claim-";
constexpr std::string_view kRunHeader = "penstock-run 1\n";

// The number in "claim-17"; 0 for other names.
uint64_t ClaimNumber(std::string_view path) {
  std::string_view name = path.substr(path.rfind('/') + 1);
  if (!name.starts_with(kClaimPrefix)) return 0;
  name.remove_prefix(kClaimPrefix.size());
  uint64_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number;
}

}  // namespace

Result<std::unique_ptr<RunDirectory>> RunDirectory::Claim(std::shared_ptr<FileStore> files,
                                                          const Clock* clock, Random* random,
                                                          const std::string& path, bool fresh) {
  std::unique_ptr<RunDirectory> directory(new RunDirectory(std::move(files), path));
  Result<std::unique_ptr<FileLock>> lock = directory->files_->Lock(path);
  if (!lock && lock.error().code() != StatusCode::kAlreadyExists) return lock.error();
  if (!lock) {
    return Status(lock.error())
        .WithHint(
            "another process runs this script; stop it, or give this one another "
            "execution.checkpointing.dir");
  }
  directory->lock_ = std::move(*lock);
  RETURN_IF_ERROR(locked.Hit());
  RETURN_IF_ERROR(directory->TakeClaim(clock, random));
  RETURN_IF_ERROR(claimed.Hit());
  RETURN_IF_ERROR(directory->ReadOrBeginRun(random, fresh));
  RETURN_IF_ERROR(recorded.Hit());
  return directory;
}

Status RunDirectory::TakeClaim(const Clock* clock, Random* random) {
  ASSIGN_OR_RETURN(std::vector<FileInfo> entries, files_->List(path_));
  for (const FileInfo& entry : entries) claim_ = std::max(claim_, ClaimNumber(entry.path));
  ++claim_;
  std::string path = fmt::format("{}/{}{}", path_, kClaimPrefix, claim_);
  std::string content = fmt::format("claimed at {} us by {:016x}\n", clock->NowMicros(), random->Next());
  Status created = files_->Create(path, path + ".tmp", content);
  if (created.code() == StatusCode::kAlreadyExists)
    return Status(StatusCode::kFenced, "another process has just claimed '" + path_ + "'");
  RETURN_IF_ERROR(created);
  if (!lock_) RETURN_IF_ERROR(CheckCreatesOnce(path));
  for (const FileInfo& entry : entries) {
    if (ClaimNumber(entry.path) > 0) RETURN_IF_ERROR(files_->Remove(entry.path));
  }
  return files_->SyncNames(path_);
}

// Without locks everything stands on this: what exists is not created again.
Status RunDirectory::CheckCreatesOnce(const std::string& path) const {
  Status again = files_->Create(path, path + ".tmp", "claimed by nobody\n");
  if (again.code() == StatusCode::kAlreadyExists) return Status::Ok();
  if (!again.ok()) return again;
  return SqlError(ErrorNumber::kUnsupported, {},
                  "the object store of '" + path_ +
                      "' overwrites objects that are to be created: two processes could not be told apart",
                  "checkpoints need a store that knows conditional PUT (If-None-Match: *)");
}

Status RunDirectory::ReadOrBeginRun(Random* random, bool fresh) {
  std::string path = path_ + "/run";
  Result<std::string> bytes = ReadFile(*files_, path);
  if (!bytes && bytes.error().code() != StatusCode::kNotFound) return bytes.error();
  if (bytes && !fresh && !run_forgotten.On()) {
    if (!bytes->starts_with(kRunHeader) || bytes->back() != '\n')
      return Status::Corruption("'" + path + "' is no record of a run")
          .WithHint("start a new run with --fresh");
    run_ = bytes->substr(kRunHeader.size(), bytes->size() - kRunHeader.size() - 1);
    ASSIGN_OR_RETURN(resumed_, IsUnderWay());
    if (resumed_) return Status::Ok();
  }
  run_ = fmt::format("{:016x}", random->Next());
  return WriteRun(path, std::string(kRunHeader) + run_ + "\n");
}

// A bucket may have carried out the writing of the record once more, after the run had finished.
Result<bool> RunDirectory::IsUnderWay() const {
  if (lock_) return true;
  Result<FileInfo> finished = files_->Stat(FinishedPath());
  if (finished) return false;
  if (finished.error().code() == StatusCode::kNotFound) return true;
  return finished.error();
}

Status RunDirectory::WriteRun(const std::string& path, const std::string& record) {
  if (lock_) {
    // Create does not replace: that of a run that --fresh forgets goes first.
    Status removed = files_->Remove(path);
    if (!removed.ok() && removed.code() != StatusCode::kNotFound) return removed;
    return files_->Create(path, path + ".tmp", record);
  }
  ASSIGN_OR_RETURN(std::vector<FileInfo> entries, files_->List(path_));
  for (const FileInfo& entry : entries) {
    if (entry.path.starts_with(path_ + "/finished-")) RETURN_IF_ERROR(files_->Remove(entry.path));
  }
  return WriteFile(*files_, path, record);
}

std::string RunDirectory::claim_path() const {
  return lock_ ? "" : fmt::format("{}/{}{}", path_, kClaimPrefix, claim_);
}

std::string RunDirectory::JobDirectory(const std::string& uid) const {
  std::string name;
  for (char c : uid) {
    bool plain =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
    name += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  return path_ + "/jobs/" + name;
}

Status RunDirectory::Finish() {
  RETURN_IF_ERROR(finishing.Hit());
  if (!lock_) RETURN_IF_ERROR(WriteFile(*files_, FinishedPath(), "finished\n"));
  RETURN_IF_ERROR(files_->Remove(path_ + "/run"));
  // Whatever happens from here on, the run is over: to say that this failed would have it done again. A
  // record that a power failure brings back is of a run in which nothing is left to do.
  (void)record_removed.Hit();
  (void)files_->SyncNames(path_);
  return Status::Ok();
}

}  // namespace penstock
