// SocketServer: answers requests of other processes of the same user on this machine. A Unix socket, mode
// 0600; one request and one answer a connection, each a frame: its length (uint32, little-endian), then so
// many bytes. What does not keep to that, is too long or too slow, is cut off: lengths are checked before
// anything is allocated, the number of connections is bounded. One thread of its own; calls the handler on
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "env/thread.h"

namespace penstock {

struct SocketLimits {
  uint32_t request_bytes = 64 << 10;
  size_t connections = 32;
  int64_t request_ms = 5000;  // within which a request must be there, and an answer taken
};

class SocketServer {
 public:
  // Sends the answer; once, from any thread, also after the server is gone (then nothing happens).
  using Reply = std::function<void(std::string answer)>;
  // Must not block: what takes long is answered later.
  using Handler = std::function<void(const std::string& request, Reply reply)>;

  // Makes the socket. One that is there is replaced: REQUIRES: no other process may listen at `path`, which
  // whoever calls knows by a lock. kIo where the file system has no sockets.
  static Result<std::unique_ptr<SocketServer>> Listen(const std::string& path, Handler handler,
                                                      SocketLimits limits = {});
  // Sends what has been answered, within SocketLimits::request_ms, and removes the socket.
  ~SocketServer();

 private:
  class Loop;
  explicit SocketServer(std::unique_ptr<Loop> loop);

  std::string path_;
  std::unique_ptr<Loop> loop_;
  Thread thread_;
};

}  // namespace penstock
