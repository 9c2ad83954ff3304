// Claims and the record of the run.
#include "engine/run_directory.h"

#include <fmt/format.h>

#include <charconv>

#include "env/failpoint.h"

namespace penstock {

namespace {

Failpoint locked("run.locked", "the lock is held, there is no claim");
Failpoint claim_written("run.claim-written", "the claim has its name, it is not durable");
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

Result<std::unique_ptr<RunDirectory>> RunDirectory::Claim(FileSystem* files, const Clock* clock,
                                                          Random* random, const std::string& path,
                                                          bool fresh) {
  RETURN_IF_ERROR(files->CreateDirectories(path));
  std::unique_ptr<RunDirectory> directory(new RunDirectory(files, path));
  Result<std::unique_ptr<FileLock>> lock = FileLock::TakeOn(files, path + "/lock");
  if (!lock) {
    return Status(lock.error())
        .WithHint(
            "another process runs this script; stop it, or give this one another "
            "execution.checkpointing.dir");
  }
  directory->lock_ = std::move(*lock);
  RETURN_IF_ERROR(locked.Hit());
  RETURN_IF_ERROR(directory->TakeClaim(clock));
  RETURN_IF_ERROR(claimed.Hit());
  RETURN_IF_ERROR(directory->ReadOrBeginRun(random, fresh));
  RETURN_IF_ERROR(recorded.Hit());
  return directory;
}

Status RunDirectory::TakeClaim(const Clock* clock) {
  ASSIGN_OR_RETURN(std::vector<FileInfo> entries, files_->List(path_));
  for (const FileInfo& entry : entries) claim_ = std::max(claim_, ClaimNumber(entry.path));
  ++claim_;
  std::string path = fmt::format("{}/{}{}", path_, kClaimPrefix, claim_);
  Result<std::unique_ptr<WritableFile>> file = files_->OpenForWrite(path, WriteMode::kCreateNew);
  if (!file && file.error().code() == StatusCode::kAlreadyExists)
    return Status(StatusCode::kFenced, "another process has just claimed '" + path_ + "'");
  if (!file) return file.error();
  RETURN_IF_ERROR((*file)->Append(fmt::format("claimed at {} us\n", clock->NowMicros())));
  RETURN_IF_ERROR((*file)->Sync());
  RETURN_IF_ERROR((*file)->Close());
  RETURN_IF_ERROR(claim_written.Hit());
  for (const FileInfo& entry : entries) {
    if (ClaimNumber(entry.path) > 0) RETURN_IF_ERROR(files_->Remove(entry.path));
  }
  return files_->SyncDirectory(path_);
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
    resumed_ = true;
    return Status::Ok();
  }
  run_ = fmt::format("{:016x}", random->Next());
  return WriteFileAtomically(*files_, path, std::string(kRunHeader) + run_ + "\n");
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
  RETURN_IF_ERROR(files_->Remove(path_ + "/run"));
  // Whatever happens from here on, the run is over: to say that this failed would have it done again. A
  // record that a power failure brings back is of a run in which nothing is left to do.
  (void)record_removed.Hit();
  (void)files_->SyncDirectory(path_);
  return Status::Ok();
}

}  // namespace penstock
