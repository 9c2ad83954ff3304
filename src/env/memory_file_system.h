// MemoryFileSystem: files in memory, for tests and the simulation. Behaves as a disk: what was appended but
// not synced is lost by LosePower, and every operation can be made to fail. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "env/file_system.h"

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

  // Files fall back to what was synced of them last.
  void LosePower();
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
  Status Operate(const std::string& path);  // the fault, if one is due

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<File>> files_;
  std::set<std::string> directories_;
  int64_t operations_left_ = -1;
};

}  // namespace penstock
