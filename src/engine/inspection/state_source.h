// Where state lies: the checkpoints and savepoints in a folder or a bucket, and what one of them holds, read
// without running anything. First half of `penstock state`; the other is state_report.h. Used on one thread;
// a job that is running meanwhile is not disturbed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint_store.h"
#include "connectors/filesystem/file_place.h"
#include "stream/job_graph.h"

namespace penstock {

// The state of one job.
struct StateLocation {
  FilePlace place;  // the folder of a job's checkpoints, or of a savepoint, or its file of version 1
  bool savepoint = false;
};

// All that lie in `place`: it is a savepoint, a folder of them, the folder of a job, of a script, or of
// several scripts. kNotFound where there is none.
Result<std::vector<StateLocation>> FindState(const FilePlace& place);

// One checkpoint or savepoint, every byte of it checked; keyed state is whole.
struct StateContent {
  std::string path;                  // of the manifest, or of the savepoint
  std::optional<Manifest> manifest;  // of a checkpoint
  std::optional<JobGraph> graph;     // a savepoint has none
  std::vector<SubtaskSnapshot> parts;

  const JobVertex* VertexOf(const std::string& uid) const;
  // The types of the keys of an operator: those by which its input is divided. Empty where it is not known.
  std::vector<Field> KeyFieldsOf(const std::string& uid) const;
};

// `epoch` 0: the newest checkpoint. kCorruption names the file.
Result<StateContent> ReadState(const StateLocation& location, uint64_t epoch);
// The sealed checkpoints of a location, ascending; {0} of a savepoint.
Result<std::vector<uint64_t>> EpochsOf(const StateLocation& location);

}  // namespace penstock
