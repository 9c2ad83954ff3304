// Claims, and which run goes on.
#include "engine/jobs/run_directory.h"

#include <fmt/format.h>

#include <charconv>

#include "env/failpoint.h"

namespace penstock {

namespace {

Failpoint locked("run.locked", "the lock is held, there is no claim");
Failpoint claimed("run.claimed", "the claim is durable, nothing is known of a run");
Failpoint recorded("run.recorded", "the run is on record");
Failpoint finishing("run.finishing", "all jobs are done, the record of the run is there");

SeededBug run_forgotten("bug:run.forgotten", "a run is never found again: each execution starts anew");

constexpr std::string_view kClaimPrefix = "claim-";

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
                                                          const std::string& path, const RunStart& start) {
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
  const std::shared_ptr<FileStore>& stored_in = directory->files_;
  directory->records_ = directory->lock_ ? MakeFolderRunRecords(stored_in, path)
                                         : MakeBucketRunRecords(stored_in, path, directory->claim_);
  RETURN_IF_ERROR(directory->GoOnOrPlan(random, start));
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

Status RunDirectory::GoOnOrPlan(Random* random, const RunStart& start) {
  std::optional<RunRecord> found;
  if (!start.fresh && !run_forgotten.On()) {
    ASSIGN_OR_RETURN(found, records_->Read());
  }
  bool other = found && !start.savepoint.empty() && start.savepoint != found->savepoint;
  if (other && !found->stopped && !start.rewind) {
    return Status::InvalidArgument("an unfinished run of this script would be resumed, not the savepoint")
        .WithHint("drop --from-savepoint to go on with the run, or give --fresh to start anew from it");
  }
  resumed_ = begun_ = found && !other;
  if (!resumed_) {
    record_ = RunRecord{fmt::format("{:016x}", random->Next()), start.savepoint, start.rewind, false};
    return Status::Ok();
  }
  record_ = *found;
  bool changed = record_.stopped || (start.rewind && !record_.rewind);
  record_.rewind = record_.rewind || start.rewind;
  record_.stopped = false;
  return records_->GoOn(record_, changed);
}

Status RunDirectory::Begin() {
  if (begun_) return Status::Ok();
  begun_ = true;
  RETURN_IF_ERROR(records_->Begin(record_));
  return recorded.Hit();
}

Status RunDirectory::MarkStopped() {
  record_.savepoint.clear();  // it is behind it: to start from it again is a new run
  record_.rewind = false;
  record_.stopped = true;
  return records_->Change(record_);
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
  return records_->Finish(record_);
}

}  // namespace penstock
