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

#include "env/clock.h"
#include "env/file_lock.h"
#include "env/file_store.h"
#include "env/random.h"

namespace penstock {

class RunDirectory {
 public:
  // Takes ownership; kAlreadyExists while another process has it. With `fresh` an unfinished run is forgotten
  // and a new one starts.
  static Result<std::unique_ptr<RunDirectory>> Claim(std::shared_ptr<FileStore> files, const Clock* clock,
                                                     Random* random, const std::string& path, bool fresh);

  uint64_t claim() const { return claim_; }
  const std::string& run() const { return run_; }
  const std::shared_ptr<FileStore>& files() const { return files_; }
  // The file that is there as long as no other process has taken over; "" where there is a lock.
  std::string claim_path() const;
  // Whether the run was begun by an earlier process.
  bool resumed() const { return resumed_; }
  std::string JobDirectory(const std::string& uid) const;
  // Everything of the run is done: the next execution is a run of its own.
  Status Finish();

 private:
  RunDirectory(std::shared_ptr<FileStore> files, std::string path)
      : files_(std::move(files)), path_(std::move(path)) {}
  Status TakeClaim(const Clock* clock, Random* random);
  Status CheckCreatesOnce(const std::string& path) const;
  Status ReadOrBeginRun(Random* random, bool fresh);
  Result<bool> IsUnderWay() const;
  Status WriteRun(const std::string& path, const std::string& record);

  std::string FinishedPath() const { return path_ + "/finished-" + run_; }

  std::shared_ptr<FileStore> files_;
  std::string path_;
  std::unique_ptr<FileLock> lock_;
  uint64_t claim_ = 0;
  std::string run_;
  bool resumed_ = false;
};

}  // namespace penstock
