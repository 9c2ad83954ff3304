// Locks by flock(2), which the kernel releases with the process.
#include "env/files/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace penstock {

namespace {

class MachineLock : public FileLock {
 public:
  explicit MachineLock(int fd) : fd_(fd) {}
  ~MachineLock() override { ::close(fd_); }

 private:
  int fd_;
};

}  // namespace

Result<std::unique_ptr<FileLock>> FileLock::Take(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return Status::Io("cannot open '" + path + "': " + std::strerror(errno));
  std::unique_ptr<FileLock> lock(new MachineLock(fd));
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK)
    return Status(StatusCode::kAlreadyExists, "'" + path + "' is locked by another process");
  return Status::Io("cannot lock '" + path + "': " + std::strerror(errno));
}

Result<std::unique_ptr<FileLock>> FileLock::TakeOn(FileSystem* files, const std::string& path) {
  if (auto* locks = dynamic_cast<FileLocks*>(files)) return locks->TakeLock(path);
  return Take(path);
}

}  // namespace penstock
