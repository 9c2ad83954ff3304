// Savepoints of the jobs of a script: where each lies in the folder, or below the prefix of a bucket, that
// the user names, and what one of them holds, whatever its version. Used on one thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checkpoint/manifest.h"
#include "connectors/filesystem/file_place.h"
#include "stream/job_graph.h"

namespace penstock {

struct SavepointContent {
  std::string path;                  // of the folder; of the file of version 1
  std::optional<Manifest> manifest;  // not of version 1
  std::optional<JobGraph> graph;     // of the job that wrote it
  std::vector<SubtaskSnapshot> parts;
};

// Where job `number` of a script has its savepoint in the one of the script: `path`/job-<number>.
std::string SavepointOfJob(std::string path, int number);

// Job `number` of a script in the savepoint at `place`: SavepointOfJob, or what lies there itself, where that
// is of one job. Every byte is checked. Nullopt where there are savepoints, and none of this job; kNotFound
// where there is nothing, kCorruption where the only thing there is damaged or was never completed: names the
// file.
Result<std::optional<SavepointContent>> OpenSavepoint(const FilePlace& place, int number);
// Whether a savepoint lies right there: its folder, or its file of version 1.
Result<bool> HasSavepoint(const FilePlace& place);
// REQUIRES: HasSavepoint.
Result<SavepointContent> ReadSavepointAt(const FilePlace& place);

}  // namespace penstock
