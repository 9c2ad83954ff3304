// Claims and the record of the run.
#include "engine/jobs/run_directory.h"

#include <fmt/format.h>

#include <charconv>

#include "base/strings.h"
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
constexpr std::string_view kStartHeader = "penstock-run-start 1";
constexpr std::string_view kSavepointLine = "savepoint ";
constexpr std::string_view kRewindLine = "rewind";
constexpr std::string_view kStoppedLine = "stopped";

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

Result<RunDirectory::Record> RunDirectory::Read() const {
  std::string path = path_ + "/run";
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(*files_, path));
  if (!bytes.starts_with(kRunHeader) || bytes.back() != '\n')
    return Status::Corruption("'" + path + "' is no record of a run")
        .WithHint("start a new run with --fresh");
  Record record;
  record.run = bytes.substr(kRunHeader.size(), bytes.size() - kRunHeader.size() - 1);
  Result<std::string> start = ReadFile(*files_, StartPath());
  if (!start && start.error().code() != StatusCode::kNotFound) return start.error();
  std::vector<std::string> lines = start ? Split(*start, '\n') : std::vector<std::string>();
  if (lines.size() < 3 || lines[0] != kStartHeader || lines[1] != record.run) return record;
  for (size_t i = 2; i + 1 < lines.size(); ++i) {
    if (lines[i].starts_with(kSavepointLine)) record.savepoint = lines[i].substr(kSavepointLine.size());
    record.rewind = record.rewind || lines[i] == kRewindLine;
    record.stopped = record.stopped || lines[i] == kStoppedLine;
  }
  return record;
}

// Should it be lost between the two steps: the run goes on without what it says.
Status RunDirectory::WriteStart() const {
  std::string text = fmt::format("{}\n{}\n", kStartHeader, record_.run);
  if (!record_.savepoint.empty()) text += fmt::format("{}{}\n", kSavepointLine, record_.savepoint);
  if (record_.rewind) text += fmt::format("{}\n", kRewindLine);
  if (record_.stopped) text += fmt::format("{}\n", kStoppedLine);
  Status removed = files_->Remove(StartPath());
  if (!removed.ok() && removed.code() != StatusCode::kNotFound) return removed;
  return files_->Create(StartPath(), StartPath() + ".tmp", text);
}

Status RunDirectory::GoOnOrPlan(Random* random, const RunStart& start) {
  Result<Record> found = start.fresh || run_forgotten.On() ? Status::NotFound("") : Read();
  if (!found && found.error().code() != StatusCode::kNotFound) return found.error();
  if (found) {
    record_ = *found;
    ASSIGN_OR_RETURN(bool under_way, IsUnderWay());
    bool other = !start.savepoint.empty() && start.savepoint != found->savepoint;
    if (under_way && other && !found->stopped && !start.rewind) {
      return Status::InvalidArgument("an unfinished run of this script would be resumed, not the savepoint")
          .WithHint("drop --from-savepoint to go on with the run, or give --fresh to start anew from it");
    }
    resumed_ = begun_ = under_way && !other;
    if (resumed_) {
      bool rewinds = start.rewind && !record_.rewind;
      if (!record_.stopped && !rewinds) return Status::Ok();
      record_.rewind = record_.rewind || rewinds;
      record_.stopped = false;
      return WriteStart();
    }
  }
  record_ = Record{fmt::format("{:016x}", random->Next()), start.savepoint, start.rewind, false};
  return Status::Ok();
}

Status RunDirectory::Begin() {
  if (begun_) return Status::Ok();
  begun_ = true;
  if (!record_.savepoint.empty()) RETURN_IF_ERROR(WriteStart());
  RETURN_IF_ERROR(WriteRun(path_ + "/run", std::string(kRunHeader) + record_.run + "\n"));
  return recorded.Hit();
}

Status RunDirectory::MarkStopped() {
  record_.savepoint.clear();  // it is behind it: to start from it again is a new run
  record_.rewind = false;
  record_.stopped = true;
  return WriteStart();
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
