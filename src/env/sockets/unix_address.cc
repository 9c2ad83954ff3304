// Addresses of Unix sockets.
#include "env/sockets/unix_address.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace penstock {

Result<std::unique_ptr<UnixAddress>> UnixAddress::Of(const std::string& path) {
  std::unique_ptr<UnixAddress> made(new UnixAddress());
  made->address_.sun_family = AF_UNIX;
  std::string name = path;
  if (name.size() >= sizeof(made->address_.sun_path)) {
    size_t slash = path.rfind('/');
    std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    made->directory_ = ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (made->directory_ < 0) {
      std::string text = "cannot open '" + directory + "': " + std::strerror(errno);
      return errno == ENOENT ? Status::NotFound(text) : Status::Io(text);
    }
    name = "/proc/self/fd/" + std::to_string(made->directory_) + "/" + path.substr(slash + 1);
  }
  if (name.size() >= sizeof(made->address_.sun_path))
    return Status::InvalidArgument("the name of the socket '" + path + "' is too long");
  std::memcpy(made->address_.sun_path, name.c_str(), name.size() + 1);
  return made;
}

UnixAddress::~UnixAddress() {
  if (directory_ >= 0) ::close(directory_);
}

}  // namespace penstock
