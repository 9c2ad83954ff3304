// FileLock: an exclusive, advisory lock on a file of this machine, held until it is destroyed or the process
// ends, however it ends: how one process at a time owns a directory. May be made and released on any thread.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"

namespace penstock {

class FileLock {
 public:
  // Creates the file where it is missing; kAlreadyExists when another process (or another lock of this one)
  // holds it. Never waits.
  static Result<std::unique_ptr<FileLock>> Take(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace penstock
