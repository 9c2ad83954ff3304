// Locks by flock(2), which the kernel releases with the process.
#include "env/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace penstock {

Result<std::unique_ptr<FileLock>> FileLock::Take(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return Status::Io("cannot open '" + path + "': " + std::strerror(errno));
  std::unique_ptr<FileLock> lock(new FileLock(fd));
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK)
    return Status(StatusCode::kAlreadyExists, "'" + path + "' is locked by another process");
  return Status::Io("cannot lock '" + path + "': " + std::strerror(errno));
}

FileLock::~FileLock() { ::close(fd_); }

}  // namespace penstock
