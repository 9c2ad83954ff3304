// RunRecords: what the folder of a script says of its unfinished run, in a folder or in a bucket. A folder
// has one record, which is replaced. In a bucket a write that got no answer may land at any later time, so
// nothing is replaced there: each record is an object of its own, named by the claim of its writer, the
// highest name counts, and a run is finished by a mark. Format: docs/formats/checkpoint.md. Used by the
// session's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "env/files/file_store.h"

namespace penstock {

struct RunRecord {
  std::string run;        // its id
  std::string savepoint;  // that it began with; "": none
  bool rewind = false;    // although sinks have more than the savepoint
  bool stopped = false;   // all its jobs ended with savepoints
};

class RunRecords {
 public:
  virtual ~RunRecords() = default;
  // Of the unfinished run; none where there is none.
  virtual Result<std::optional<RunRecord>> Read() = 0;
  // A run begins; what it replaces is forgotten.
  virtual Status Begin(const RunRecord& record) = 0;
  // This process goes on with the run that was read, which may have been rewound.
  virtual Status GoOn(const RunRecord& record, bool changed) = 0;
  // The run of this process has another savepoint, is rewound, stopped.
  virtual Status Change(const RunRecord& record) = 0;
  // Everything of the run is done. An error means that the next execution goes on with it; where that is not
  // known there is none: to say that a run failed which is on record as finished would have it done again.
  virtual Status Finish(const RunRecord& record) = 0;
};

std::unique_ptr<RunRecords> MakeFolderRunRecords(std::shared_ptr<FileStore> files, const std::string& path);
// `claim`: of this process.
std::unique_ptr<RunRecords> MakeBucketRunRecords(std::shared_ptr<FileStore> files, const std::string& path,
                                                 uint64_t claim);

}  // namespace penstock
