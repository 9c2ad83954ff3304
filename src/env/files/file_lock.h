// FileLock: an exclusive, advisory lock on a file, held until it is destroyed or the process ends, however it
// ends: how one process at a time owns a directory. May be made and released on any thread.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "env/files/file_system.h"

namespace penstock {

class FileLock {
 public:
  FileLock() = default;
  virtual ~FileLock() = default;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  // On a file of this machine. Creates it where it is missing; kAlreadyExists when another process (or
  // another lock of this one) holds it. Never waits.
  static Result<std::unique_ptr<FileLock>> Take(const std::string& path);
  // The same on `files`: by its own locks where it has them (FileLocks), else as on this machine.
  static Result<std::unique_ptr<FileLock>> TakeOn(FileSystem* files, const std::string& path);
};

// A file system that keeps its own locks.
class FileLocks {
 public:
  virtual ~FileLocks() = default;
  virtual Result<std::unique_ptr<FileLock>> TakeLock(const std::string& path) = 0;
};

}  // namespace penstock
