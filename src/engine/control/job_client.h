// Finds the jobs below a folder of checkpoints, and asks the processes that run them. What `penstock
// list|metrics|savepoint|stop|cancel` stand on. Blocks the calling thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/control/job_messages.h"
#include "env/files/file_system.h"

namespace penstock {

// A job as its folder shows it.
struct FoundJob {
  std::string script, uid;
  std::string directory;
  std::optional<JobOverview> running;  // as its process tells
  std::string state;                   // "RUNNING", ...; "FINISHED" or "SUSPENDED" where no process has it
};

// All jobs below `root` (a folder of execution.checkpointing.dir, or of penstock.control.dir, or one up to
// four levels above), by script and uid.
Result<std::vector<FoundJob>> FindJobs(FileSystem& files, const std::string& root);

// The one that `name` means: its uid, SCRIPT/UID, its folder, the name of the job, or the script that has
// only this one. kNotFound, or kInvalidArgument where several are meant; the messages list them.
Result<FoundJob> FindJob(FileSystem& files, const std::string& root, const std::string& name);

// Asks the process of the job; its text. kUnavailable where no process runs it.
Result<std::string> AskJob(const FoundJob& job, ControlRequest request);

}  // namespace penstock
