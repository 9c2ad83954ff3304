// RunDirectory: where one script keeps what it must know after a crash: which run is under way and the
// checkpoints of its jobs. Owned by one process at a time: a lock keeps others out while the owner lives, and
// a claim (a file that must be new, named by a rising number) marks everything the owner writes. In a bucket
// there is no lock: who claims it takes it over, and the one before is fenced (docs/design/objects.md).
//
// A run is one execution of the script. While its record is there the run is unfinished, and executing the
// script again goes on with it. Format: docs/formats/checkpoint.md. Used by the session's thread.
#pragma once

#include <memory>
#include <string>

#include "engine/jobs/run_records.h"
#include "env/clock.h"
#include "env/files/file_lock.h"
#include "env/files/file_store.h"
#include "env/random.h"

namespace penstock {

// How a script is to start.
struct RunStart {
  bool fresh = false;     // an unfinished run is forgotten
  std::string savepoint;  // that a new run starts from; "": none
  bool rewind = false;    // although sinks have more than the savepoint
};

class RunDirectory {
 public:
  // Takes ownership; kAlreadyExists while another process has it. An unfinished run goes on, unless `start`
  // is fresh, or names a savepoint that is not the one it began with: then a new run starts where the old one
  // was stopped with a savepoint, or it is to rewind, and else that is refused (kInvalidArgument).
  static Result<std::unique_ptr<RunDirectory>> Claim(std::shared_ptr<FileStore> files, const Clock* clock,
                                                     Random* random, const std::string& path,
                                                     const RunStart& start);
  // The first of its jobs is about to run: from here on the run is the unfinished one, and what it replaces
  // is forgotten. Does nothing again.
  Status Begin();

  uint64_t claim() const { return claim_; }
  const std::string& run() const { return record_.run; }
  const std::shared_ptr<FileStore>& files() const { return files_; }
  // The file that is there as long as no other process has taken over; "" where there is a lock.
  std::string claim_path() const;
  // Whether the run was begun by an earlier process.
  bool resumed() const { return resumed_; }
  // The savepoint that the run began with, "" for none, and whether it may rewind.
  const std::string& savepoint() const { return record_.savepoint; }
  bool rewind() const { return record_.rewind; }
  std::string JobDirectory(const std::string& uid) const;
  // Everything of the run is done: the next execution is a run of its own.
  Status Finish();
  // All of it ended with savepoints: the next execution goes on with it, or starts from one of these.
  Status MarkStopped();

 private:
  RunDirectory(std::shared_ptr<FileStore> files, std::string path)
      : files_(std::move(files)), path_(std::move(path)) {}
  Status TakeClaim(const Clock* clock, Random* random);
  Status CheckCreatesOnce(const std::string& path) const;
  Status GoOnOrPlan(Random* random, const RunStart& start);

  std::shared_ptr<FileStore> files_;
  std::string path_;
  std::unique_ptr<FileLock> lock_;
  uint64_t claim_ = 0;
  std::unique_ptr<RunRecords> records_;
  RunRecord record_;
  bool begun_ = false;  // it is on record
  bool resumed_ = false;
};

}  // namespace penstock
