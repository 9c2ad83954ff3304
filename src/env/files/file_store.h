// FileStore: the few things that checkpoints need of the place where they lie, and which a folder and a
// bucket can both promise. LocalFileStore has files of a FileSystem, ObjectFileStore (objects/) objects;
// paths are whole ("/data/run", "s3://bucket/run"). docs/design/objects.md. Thread-safe; an open file is not.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "env/files/file_lock.h"
#include "env/files/file_system.h"

namespace penstock {

class FileStore {
 public:
  virtual ~FileStore() = default;
  virtual Result<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) = 0;
  // A file to be written from its start to its end, in the place of one of this name; folders that are
  // missing are made, durably. Whole and durable when Close has returned Ok and SyncNames after it; nobody
  // may look at it before.
  virtual Result<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& path) = 0;
  // Makes the names of files durable that were written in this directory.
  virtual Status SyncNames(const std::string& directory) = 0;
  // A file that is there whole and durable or not at all; kAlreadyExists where the name is taken: of several
  // callers one wins. After any other error it may be there, or come later. `draft`: a name of the caller's
  // own beside it, used meanwhile where that is needed. The content names its writer: that is how an outcome
  // that was not heard of is found out.
  Status Create(const std::string& path, const std::string& draft, std::string_view bytes) {
    return Create(path, draft, bytes, RenameMode::kCreateNew);
  }
  // With kReplace it takes the place of one of this name, at one moment. Only a folder can do that: in a
  // bucket a write that comes late would bring the old one back, so there the name stays taken.
  virtual Status Create(const std::string& path, const std::string& draft, std::string_view bytes,
                        RenameMode mode) = 0;
  virtual Result<FileInfo> Stat(const std::string& path) = 0;
  // The files and folders in a directory, sorted; none where nothing was ever written.
  virtual Result<std::vector<FileInfo>> List(const std::string& directory) = 0;
  virtual Status Remove(const std::string& path) = 0;
  // Keeps other processes out of a directory while this one lives; kAlreadyExists where one has it. Null
  // where the place knows no locks: then a process that has lost it may still write.
  virtual Result<std::unique_ptr<FileLock>> Lock(const std::string& directory) = 0;
};

class LocalFileStore : public FileStore {
 public:
  explicit LocalFileStore(FileSystem* files) : files_(files) {}
  Result<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& path) override;
  Status SyncNames(const std::string& directory) override;
  using FileStore::Create;
  Status Create(const std::string& path, const std::string& draft, std::string_view bytes,
                RenameMode mode) override;
  Result<FileInfo> Stat(const std::string& path) override;
  Result<std::vector<FileInfo>> List(const std::string& directory) override;
  Status Remove(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> Lock(const std::string& directory) override;

 private:
  FileSystem* files_;
};

Result<std::string> ReadFile(FileStore& files, const std::string& path);
// Durable under its name once SyncNames was called.
Status WriteFile(FileStore& files, const std::string& path, std::string_view bytes);

}  // namespace penstock
