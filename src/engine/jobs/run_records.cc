// Records of runs: their text, a folder's, a bucket's.
#include "engine/jobs/run_records.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "env/failpoint.h"

namespace penstock {

namespace {

Failpoint record_removed("run.record-removed", "the record of the run is gone, not yet durably");

constexpr std::string_view kRunHeader = "penstock-run 1\n";
constexpr std::string_view kStartHeader = "penstock-run-start 1";
constexpr std::string_view kSavepointLine = "savepoint ";
constexpr std::string_view kRewindLine = "rewind";
constexpr std::string_view kStoppedLine = "stopped";

std::string LinesOf(const RunRecord& record) {
  std::string text;
  if (!record.savepoint.empty()) text += fmt::format("{}{}\n", kSavepointLine, record.savepoint);
  if (record.rewind) text += fmt::format("{}\n", kRewindLine);
  if (record.stopped) text += fmt::format("{}\n", kStoppedLine);
  return text;
}

void ReadLine(const std::string& line, RunRecord* record) {
  if (line.starts_with(kSavepointLine)) record->savepoint = line.substr(kSavepointLine.size());
  record->rewind = record->rewind || line == kRewindLine;
  record->stopped = record->stopped || line == kStoppedLine;
}

// The id of a run, and in a bucket the lines behind it.
Result<RunRecord> ReadRun(FileStore& files, const std::string& path) {
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(files, path));
  if (!bytes.starts_with(kRunHeader) || bytes.back() != '\n') {
    return Status::Corruption("'" + path + "' is no record of a run")
        .WithHint("start a new run with --fresh");
  }
  std::vector<std::string> lines = Split(bytes.substr(kRunHeader.size()), '\n');
  RunRecord record;
  record.run = lines[0];
  for (size_t i = 1; i < lines.size(); ++i) ReadLine(lines[i], &record);
  return record;
}

// `run` has the id, `run-start` what else is known, where anything is.
class FolderRunRecords : public RunRecords {
 public:
  FolderRunRecords(std::shared_ptr<FileStore> files, std::string path)
      : files_(std::move(files)), path_(std::move(path)) {}

  Result<std::optional<RunRecord>> Read() override {
    Result<RunRecord> record = ReadRun(*files_, RunPath());
    if (!record && record.error().code() == StatusCode::kNotFound) return std::optional<RunRecord>();
    if (!record) return record.error();
    Result<std::string> start = ReadFile(*files_, StartPath());
    if (!start && start.error().code() != StatusCode::kNotFound) return start.error();
    std::vector<std::string> lines = start ? Split(*start, '\n') : std::vector<std::string>();
    if (lines.size() < 3 || lines[0] != kStartHeader || lines[1] != record->run)
      return std::optional(*record);
    for (size_t i = 2; i + 1 < lines.size(); ++i) ReadLine(lines[i], &*record);
    return std::optional(*record);
  }

  Status Begin(const RunRecord& record) override {
    if (!record.savepoint.empty()) RETURN_IF_ERROR(Change(record));
    return Replace(RunPath(), std::string(kRunHeader) + record.run + "\n");
  }
  Status GoOn(const RunRecord& record, bool changed) override {
    return changed ? Change(record) : Status::Ok();
  }
  // Should it be lost between the two steps: the run goes on without what it says.
  Status Change(const RunRecord& record) override {
    return Replace(StartPath(), fmt::format("{}\n{}\n{}", kStartHeader, record.run, LinesOf(record)));
  }

  Status Finish(const RunRecord&) override {
    RETURN_IF_ERROR(files_->Remove(RunPath()));
    // Whatever happens from here on, the run is over. A record that a power failure brings back is of a run
    // in which nothing is left to do.
    (void)record_removed.Hit();
    (void)files_->SyncNames(path_);
    return Status::Ok();
  }

 private:
  std::string RunPath() const { return path_ + "/run"; }
  std::string StartPath() const { return path_ + "/run-start"; }
  // Create does not replace: what is there goes first.
  Status Replace(const std::string& path, const std::string& text) {
    Status removed = files_->Remove(path);
    if (!removed.ok() && removed.code() != StatusCode::kNotFound) return removed;
    return files_->Create(path, path + ".tmp", text);
  }

  std::shared_ptr<FileStore> files_;
  const std::string path_;
};

// run-<claim>-<n> has the n-th record that the process with this claim wrote; finished-<id> ends a run. Both
// stay until a later run has begun: a record of an earlier claim that lands meanwhile counts for nothing.
class BucketRunRecords : public RunRecords {
 public:
  BucketRunRecords(std::shared_ptr<FileStore> files, std::string path, uint64_t claim)
      : files_(std::move(files)), path_(std::move(path)), claim_(claim) {}

  Result<std::optional<RunRecord>> Read() override {
    ASSIGN_OR_RETURN(std::vector<FileInfo> entries, files_->List(path_));
    const FileInfo* newest = nullptr;
    for (const FileInfo& entry : entries) {
      if (NumbersOf(entry.path) && (newest == nullptr || *NumbersOf(newest->path) < *NumbersOf(entry.path)))
        newest = &entry;
    }
    if (newest == nullptr) return std::optional<RunRecord>();
    ASSIGN_OR_RETURN(RunRecord record, ReadRun(*files_, newest->path));
    for (const FileInfo& entry : entries) {
      if (entry.path == FinishedPath(record)) return std::optional<RunRecord>();
    }
    return std::optional(std::move(record));
  }

  Status Begin(const RunRecord& record) override { return Supersede(record, "/finished-"); }
  Status GoOn(const RunRecord& record, bool) override { return Supersede(record, ""); }
  // Nobody else writes under this name, and no two texts go there: one that is there already is this one.
  Status Change(const RunRecord& record) override {
    std::string path = fmt::format("{}/run-{}-{}", path_, claim_, ++written_);
    return files_->Create(path, path + ".tmp", std::string(kRunHeader) + record.run + "\n" + LinesOf(record));
  }

  // Without an answer the mark may be there, or come; if it never comes, the next execution finds a run in
  // which nothing is left to do.
  Status Finish(const RunRecord& record) override {
    Status marked = WriteFile(*files_, FinishedPath(record), "finished\n");
    if (marked.code() != StatusCode::kUnavailable) RETURN_IF_ERROR(marked);
    (void)record_removed.Hit();
    return Status::Ok();
  }

 private:
  using Numbers = std::pair<uint64_t, uint64_t>;  // claim, record

  // Writes a record, then removes those before it, and `more`.
  Status Supersede(const RunRecord& record, const std::string& more) {
    ASSIGN_OR_RETURN(std::vector<FileInfo> entries, files_->List(path_));
    RETURN_IF_ERROR(Change(record));
    for (const FileInfo& entry : entries) {
      if (NumbersOf(entry.path) || (!more.empty() && entry.path.starts_with(path_ + more)))
        RETURN_IF_ERROR(files_->Remove(entry.path));
    }
    return Status::Ok();
  }

  // Of "run-3-1"; (0, 0) of "run", as records were named before. None of other names.
  std::optional<Numbers> NumbersOf(const std::string& path) const {
    if (path == path_ + "/run") return Numbers(0, 0);
    std::string prefix = path_ + "/run-";
    if (!path.starts_with(prefix)) return std::nullopt;
    Numbers numbers;
    const char *at = path.data() + prefix.size(), *end = path.data() + path.size();
    auto [dash, first_error] = std::from_chars(at, end, numbers.first);
    if (first_error != std::errc() || dash == end || *dash != '-') return std::nullopt;
    auto [rest, second_error] = std::from_chars(dash + 1, end, numbers.second);
    return second_error == std::errc() && rest == end ? std::optional(numbers) : std::nullopt;
  }
  std::string FinishedPath(const RunRecord& record) const { return path_ + "/finished-" + record.run; }

  std::shared_ptr<FileStore> files_;
  const std::string path_;
  const uint64_t claim_;
  uint64_t written_ = 0;
};

}  // namespace

std::unique_ptr<RunRecords> MakeFolderRunRecords(std::shared_ptr<FileStore> files, const std::string& path) {
  return std::make_unique<FolderRunRecords>(std::move(files), path);
}

std::unique_ptr<RunRecords> MakeBucketRunRecords(std::shared_ptr<FileStore> files, const std::string& path,
                                                 uint64_t claim) {
  return std::make_unique<BucketRunRecords>(std::move(files), path, claim);
}

}  // namespace penstock
