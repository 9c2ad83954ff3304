// CheckpointStore: the checkpoints of one job as files of a directory. A checkpoint is a state file, then the
// manifest, which gets its name, one that must be new, when it is whole and durable: of two processes that
// try, one wins, and a manifest that does not match its checksum is damaged. Names of all other files carry
// the writer's claim, so that processes never touch each other's. Not thread-safe: one thread at a time.
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
  // The sealed epochs, ascending; empty where there is no directory.
  Result<std::vector<uint64_t>> Epochs() const;
  // The highest epoch that anything was written for, sealed or not; 0 where there is none.
  Result<uint64_t> LastEpochTouched() const;
  Result<Manifest> ReadManifest(uint64_t epoch) const;
  // Checks every byte against the manifest; kCorruption names the file.
  Result<std::vector<SubtaskSnapshot>> ReadParts(const Manifest& manifest) const;
  // Removes what belongs to earlier epochs, also what was never sealed, manifests first.
  Status RemoveBefore(uint64_t epoch);

 private:
  std::string ManifestPath(uint64_t epoch) const;
  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }
  Status WriteDurably(const std::string& path, std::string_view bytes);
  // Files of checkpoints: what their names tell.
  struct Entry {
    std::string path;
    uint64_t epoch = 0;
    bool manifest = false;  // under its final name
  };
  Result<std::vector<Entry>> Entries() const;

  FileSystem* files_;
  std::string directory_;
  uint64_t claim_;
};

}  // namespace penstock
