// CheckpointStore: the checkpoints of one job as files of a directory. A checkpoint is a state file, then the
// manifest, created under a name that must be new: of two processes that try, one wins, and a file that
// exists but does not match its checksum was never sealed. File names carry the writer's claim, so that
// processes never touch each other's. Not thread-safe: one thread at a time.
#pragma once

#include <string>
#include <vector>

#include "checkpoint/manifest.h"
#include "env/file_system.h"

namespace penstock {

class CheckpointStore {
 public:
  CheckpointStore(FileSystem* files, std::string directory, uint64_t claim)
      : files_(files), directory_(std::move(directory)), claim_(claim) {}

  const std::string& directory() const { return directory_; }

  // Makes the parts durable, then seals; fills in manifest->claim and ->parts. Nothing is left sealed when it
  // fails; kFenced when another process has sealed that epoch.
  Status Seal(const std::vector<SubtaskSnapshot>& parts, Manifest* manifest);
  // Epochs that have a manifest, sealed or not, ascending; empty where there is no directory.
  Result<std::vector<uint64_t>> Epochs() const;
  Result<Manifest> ReadManifest(uint64_t epoch) const;
  // Checks every byte against the manifest; kCorruption names the file.
  Result<std::vector<SubtaskSnapshot>> ReadParts(const Manifest& manifest) const;
  // Removes an epoch, its manifest first; what is not there is fine.
  Status Remove(uint64_t epoch);

 private:
  std::string ManifestPath(uint64_t epoch) const;
  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }
  Status WriteDurably(const std::string& path, std::string_view bytes);

  FileSystem* files_;
  std::string directory_;
  uint64_t claim_;
};

}  // namespace penstock
