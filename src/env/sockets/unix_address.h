// UnixAddress: the path of a Unix socket as bind and connect want it. Their field holds 107 bytes; a longer
// path is reached through its open directory, so that any folder will do. Lives as long as it is used.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <memory>
#include <string>

#include "base/status.h"

namespace penstock {

class UnixAddress {
 public:
  // kNotFound where the directory of `path` does not exist.
  static Result<std::unique_ptr<UnixAddress>> Of(const std::string& path);
  ~UnixAddress();
  UnixAddress(const UnixAddress&) = delete;
  UnixAddress& operator=(const UnixAddress&) = delete;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t size() const { return sizeof(address_); }

 private:
  UnixAddress() = default;
  sockaddr_un address_ = {};
  int directory_ = -1;
};

}  // namespace penstock
