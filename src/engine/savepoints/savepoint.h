// Savepoints of the jobs of a script: where each lies in the folder that the user names, and what one of them
// holds, whatever its version. Used on one thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checkpoint/manifest.h"
#include "env/files/file_system.h"
#include "stream/job_graph.h"

namespace penstock {

struct SavepointContent {
  std::string path;                  // of the folder; of the file of version 1
  std::optional<Manifest> manifest;  // not of version 1
  std::optional<JobGraph> graph;     // of the job that wrote it
  std::vector<SubtaskSnapshot> parts;
};

// Job `number` of a script in the savepoint `path`: `path`/job-<number>, or `path` itself where it is the
// folder (or file) of one job. Every byte is checked. kNotFound where there is none, kCorruption names the
// file.
Result<SavepointContent> OpenSavepoint(FileSystem* files, const std::string& path, int number);
// What lies at `path`, a folder or a file of version 1.
Result<SavepointContent> ReadSavepointAt(FileSystem* files, const std::string& path);

}  // namespace penstock
