// ProcessFileSystem: what one simulated process sees of a disk. When the process is killed none of its calls
// does anything any more, whoever still makes them, and its locks are free. Faults can be put in; files that
// are not on the simulated disk can be read from another file system, which is never written to. For the
// simulation, one thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "env/files/file_lock.h"
#include "env/files/memory_file_system.h"

namespace penstock {

class ProcessFileSystem;

// Outlives the processes that use it.
struct SimulatedDisk {
  MemoryFileSystem files;
  std::map<std::string, std::weak_ptr<const bool>> locks;  // by path: whether the holder lives
};

class ProcessFileSystem : public FileSystem, public FileLocks {
 public:
  // Asked before each operation; an error is what the operation gives, and it is not carried out.
  using Fault = std::function<Status(const std::string& path)>;

  // `below`: where files that are not on the disk are read; may be null.
  explicit ProcessFileSystem(SimulatedDisk* disk, FileSystem* below = nullptr)
      : disk_(disk), below_(below), alive_(std::make_shared<bool>(true)) {}
  ~ProcessFileSystem() override { Kill(); }

  void Kill() { *alive_ = false; }
  bool alive() const { return *alive_; }
  void SetFault(Fault fault) { fault_ = std::move(fault); }
  // Asked before whatever takes room: true, and there is none.
  void SetFull(std::function<bool()> full) { full_ = std::move(full); }
  int64_t operations() const { return operations_; }

  Result<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& path, WriteMode mode) override;
  Result<FileInfo> Stat(const std::string& path) override;
  Result<std::vector<FileInfo>> List(const std::string& directory) override;
  Status Rename(const std::string& from, const std::string& to, RenameMode mode) override;
  Status Remove(const std::string& path) override;
  Status CreateDirectories(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> TakeLock(const std::string& path) override;

 private:
  friend class ProcessWriter;
  Status Check(const std::string& path);
  Status CheckRoom(const std::string& path);

  SimulatedDisk* disk_;
  FileSystem* below_;
  std::shared_ptr<bool> alive_;
  Fault fault_;
  std::function<bool()> full_;
  int64_t operations_ = 0;
};

}  // namespace penstock
