// FileSystem: the only door to files. LocalFileSystem is the machine's; the simulation's loses unsynced
// writes and fails on demand. Errors name the path and the cause. Methods may be called from any thread; one
// open file is used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace penstock {

class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  // Reads up to `size` bytes at the current position; 0 at the end.
  virtual Result<size_t> Read(char* to, size_t size) = 0;
  virtual Status Seek(uint64_t offset) = 0;
};

class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Status Append(std::string_view bytes) = 0;
  // Makes what was appended durable.
  virtual Status Sync() = 0;
  // Ends writing; the destructor closes without reporting errors.
  virtual Status Close() = 0;
};

enum class WriteMode : uint8_t {
  kReplace,    // creates or truncates
  kAppend,     // creates or keeps what is there
  kCreateNew,  // kAlreadyExists where the name is taken: of several callers one wins
};

enum class RenameMode : uint8_t {
  kReplace,
  kCreateNew,  // kAlreadyExists where the new name is taken: of several callers one wins
};

struct FileInfo {
  std::string path;
  uint64_t size = 0;
  int64_t modified_micros = 0;
  bool directory = false;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) = 0;
  virtual Result<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& path, WriteMode mode) = 0;
  virtual Result<FileInfo> Stat(const std::string& path) = 0;
  // Entries of a directory, sorted by path; not recursive.
  virtual Result<std::vector<FileInfo>> List(const std::string& directory) = 0;
  virtual Status Rename(const std::string& from, const std::string& to, RenameMode mode) = 0;
  // A file, or an empty directory.
  virtual Status Remove(const std::string& path) = 0;
  // Creates the directory and its parents; fine when it exists.
  virtual Status CreateDirectories(const std::string& path) = 0;
  // Makes renames and creations inside the directory durable.
  virtual Status SyncDirectory(const std::string& path) = 0;
};

class LocalFileSystem : public FileSystem {
 public:
  Result<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& path, WriteMode mode) override;
  Result<FileInfo> Stat(const std::string& path) override;
  Result<std::vector<FileInfo>> List(const std::string& directory) override;
  Status Rename(const std::string& from, const std::string& to, RenameMode mode) override;
  Status Remove(const std::string& path) override;
  Status CreateDirectories(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
};

// Conveniences over any file system.
Result<std::string> ReadFile(FileSystem& files, const std::string& path);
// Writes to a temporary name, syncs, renames and syncs the directory: the file is there whole or not at all.
Status WriteFileAtomically(FileSystem& files, const std::string& path, std::string_view bytes);
// Removes a directory and everything in it; fine when it is not there.
Status RemoveTree(FileSystem& files, const std::string& directory);

}  // namespace penstock
