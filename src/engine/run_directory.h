// RunDirectory: where one script keeps what it must know after a crash: which run is under way and the
// checkpoints of its jobs. Owned by one process at a time: a lock keeps others out while the owner lives, and
// a claim (a file that must be new, named by a rising number) marks everything the owner writes.
//
// A run is one execution of the script. While its record is there the run is unfinished, and executing the
// script again goes on with it. Format: docs/formats/checkpoint.md. Used by the session's thread.
#pragma once

#include <memory>
#include <string>

#include "env/clock.h"
#include "env/file_lock.h"
#include "env/file_system.h"
#include "env/random.h"

namespace penstock {

class RunDirectory {
 public:
  // Takes ownership; kAlreadyExists while another process has it. With `fresh` an unfinished run is forgotten
  // and a new one starts.
  static Result<std::unique_ptr<RunDirectory>> Claim(FileSystem* files, const Clock* clock, Random* random,
                                                     const std::string& path, bool fresh);

  uint64_t claim() const { return claim_; }
  const std::string& run() const { return run_; }
  // Whether the run was begun by an earlier process.
  bool resumed() const { return resumed_; }
  std::string JobDirectory(const std::string& uid) const;
  // Everything of the run is done: the next execution is a run of its own.
  Status Finish();

 private:
  RunDirectory(FileSystem* files, std::string path) : files_(files), path_(std::move(path)) {}
  Status TakeClaim(const Clock* clock);
  Status ReadOrBeginRun(Random* random, bool fresh);

  FileSystem* files_;
  std::string path_;
  std::unique_ptr<FileLock> lock_;
  uint64_t claim_ = 0;
  std::string run_;
  bool resumed_ = false;
};

}  // namespace penstock
