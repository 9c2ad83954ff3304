// From a folder to the process that owns it.
#include "engine/control/job_client.h"

#include <algorithm>

#include "base/strings.h"
#include "checkpoint/checkpoint_store.h"
#include "engine/control/control_endpoint.h"
#include "env/sockets/socket_client.h"

namespace penstock {

namespace {

constexpr int kDepth = 6;              // <up to four levels>/<script>/jobs/<uid>
constexpr size_t kFoldersMax = 20000;  // looked into
constexpr int64_t kListMillis = 5000;

std::string LastPart(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// The uid in the name of a job's directory (RunDirectory::JobDirectory).
std::string Unescaped(const std::string& name) {
  std::string text;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '%' && i + 2 < name.size()) {
      text += static_cast<char>(std::stoi(name.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      text += name[i];
    }
  }
  return text;
}

bool IsHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool IsEscaped(const std::string& name) {
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '%' && (i + 2 >= name.size() || !IsHex(name[i + 1]) || !IsHex(name[i + 2]))) return false;
  }
  return true;
}

// What the folder tells of a job that no process has.
std::string StateOfFolder(FileSystem& files, const std::string& directory) {
  CheckpointStore store(&files, directory, 0);
  Result<std::vector<uint64_t>> epochs = store.Epochs();
  if (!epochs || epochs->empty()) return "SUSPENDED";
  Result<Manifest> manifest = store.ReadManifest(epochs->back());
  return manifest && manifest->finished ? "FINISHED" : "SUSPENDED";
}

FoundJob Look(FileSystem& files, const std::string& script, const std::string& directory) {
  FoundJob job{script, Unescaped(LastPart(directory)), directory, {}, {}};
  SocketCallLimits limits;
  limits.answer_ms = kListMillis;
  ControlRequest request;
  request.call = "list";
  Result<std::string> answer = CallSocket(directory + "/" + kControlSocket, request.Write(), limits);
  Result<std::vector<JobOverview>> jobs = answer ? ReadOverviews(*answer) : answer.error();
  if (jobs) {
    auto mine = std::find_if(jobs->begin(), jobs->end(), [&](const auto& one) { return one.job == job.uid; });
    if (mine != jobs->end()) job.running = *mine;
  }
  job.state = job.running ? JobStateName(job.running->state) : StateOfFolder(files, directory);
  return job;
}

class Search {
 public:
  explicit Search(FileSystem& files) : files_(files) {}

  Status In(const std::string& folder, int depth) {
    if (++folders_ > kFoldersMax)
      return Status::InvalidArgument("there are too many folders to look for jobs")
          .WithHint("name one with --dir");
    Result<std::vector<FileInfo>> entries = files_.List(folder);
    if (!entries) return Status::Ok();  // not readable, or gone meanwhile
    for (const FileInfo& entry : *entries) {
      std::string name = LastPart(entry.path);
      if (!entry.directory || name.starts_with(".")) continue;
      if (LastPart(folder) == "jobs" && IsJob(entry.path) && IsEscaped(name))
        found_.push_back(Look(files_, LastPart(folder.substr(0, folder.rfind('/'))), entry.path));
      else if (depth > 1)
        RETURN_IF_ERROR(In(entry.path, depth - 1));
    }
    return Status::Ok();
  }
  std::vector<FoundJob> Take() { return std::move(found_); }

 private:
  bool IsJob(const std::string& directory) const {
    Result<std::vector<FileInfo>> entries = files_.List(directory);
    return entries && std::any_of(entries->begin(), entries->end(), [](const FileInfo& entry) {
             std::string name = LastPart(entry.path);
             return name.starts_with("manifest-") || name == kControlSocket;
           });
  }

  FileSystem& files_;
  size_t folders_ = 0;
  std::vector<FoundJob> found_;
};

std::string Trimmed(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

bool Means(const FoundJob& job, const std::string& name) {
  return name == job.uid || name == job.script + "/" + job.uid || Trimmed(name) == job.directory ||
         name == job.script || (job.running && name == job.running->name);
}

std::string ListOf(const std::vector<FoundJob>& jobs) {
  std::vector<std::string> names;
  for (const FoundJob& job : jobs) names.push_back(job.script + "/" + job.uid);
  return Join(names, ", ");
}

}  // namespace

Result<std::vector<FoundJob>> FindJobs(FileSystem& files, const std::string& root) {
  std::string folder = Trimmed(root);
  RETURN_IF_ERROR(files.Stat(folder).status());
  Search search(files);
  RETURN_IF_ERROR(search.In(folder, kDepth));
  std::vector<FoundJob> jobs = search.Take();
  std::sort(jobs.begin(), jobs.end(), [](const FoundJob& a, const FoundJob& b) {
    return std::tie(a.script, a.uid, a.directory) < std::tie(b.script, b.uid, b.directory);
  });
  return jobs;
}

Result<FoundJob> FindJob(FileSystem& files, const std::string& root, const std::string& name) {
  ASSIGN_OR_RETURN(std::vector<FoundJob> jobs, FindJobs(files, root));
  std::vector<FoundJob> meant;
  std::copy_if(jobs.begin(), jobs.end(), std::back_inserter(meant),
               [&](const FoundJob& job) { return Means(job, name); });
  // Those that run go before those that have ended.
  bool any_runs =
      std::any_of(meant.begin(), meant.end(), [](const FoundJob& job) { return job.running.has_value(); });
  if (any_runs) std::erase_if(meant, [](const FoundJob& job) { return !job.running; });
  if (meant.size() == 1) return meant.front();
  if (meant.size() > 1)
    return Status::InvalidArgument("'" + name + "' may be several jobs: " + ListOf(meant))
        .WithHint("name one as SCRIPT/JOB, or its folder with --dir");
  return Status::NotFound("there is no job '" + name + "' below '" + root + "'")
      .WithHint(
          jobs.empty()
              ? "--dir names the folder of execution.checkpointing.dir, or of penstock.control.dir where "
                "that is in a bucket"
              : "there is " + ListOf(jobs));
}

Result<std::string> AskJob(const FoundJob& job, ControlRequest request) {
  if (!job.running) {
    return Status(StatusCode::kUnavailable,
                  "no process runs the job '" + job.uid + "' (" + job.directory + "): it is " + job.state)
        .WithHint("executing its script again goes on with an unfinished run");
  }
  request.job = job.uid;
  ASSIGN_OR_RETURN(std::string answer, CallSocket(job.directory + "/" + kControlSocket, request.Write()));
  return ReadText(answer);
}

}  // namespace penstock
