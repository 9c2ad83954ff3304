// MemoryFileSystem: files in memory, for tests and the simulation. Behaves as a disk: LosePower takes back
// what was appended but not synced, and names that were given, moved or removed in a directory that was not
// synced since; every operation can be made to fail. Directories themselves stay (FileSystem makes them
// durably). Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "env/files/file_system.h"
#include "env/random.h"

namespace penstock {

class MemoryFileSystem : public FileSystem {
 public:
  Result<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& path, WriteMode mode) override;
  Result<FileInfo> Stat(const std::string& path) override;
  Result<std::vector<FileInfo>> List(const std::string& directory) override;
  Status Rename(const std::string& from, const std::string& to, RenameMode mode) override;
  Status Remove(const std::string& path) override;
  Status CreateDirectories(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;

  // Nothing survives that need not. With `luck` some of it does, as on a real disk: of each file a part of
  // what was not synced, and its end may be garbage; of each directory the first of its changes.
  void LosePower(Random* luck = nullptr);
  // The operation after so many further ones fails, and all behind it; -1: none.
  void FailAfter(int64_t operations);

 private:
  friend class MemoryReader;
  friend class MemoryWriter;
  struct File {
    std::mutex mutex;
    std::string bytes;
    size_t synced = 0;
  };
  // Of names in a directory, all at once: null where the name is gone.
  using Change = std::vector<std::pair<std::string, std::shared_ptr<File>>>;
  Status Operate(const std::string& path);  // the fault, if one is due
  void Apply(const std::string& directory, Change change);

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<File>> files_;
  std::map<std::string, std::shared_ptr<File>> durable_;  // the names that survive
  std::map<std::string, std::vector<Change>> unsynced_;   // by directory
  std::set<std::string> directories_;
  int64_t operations_left_ = -1;
};

}  // namespace penstock
