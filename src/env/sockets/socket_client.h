// Asks a SocketServer of another process; see socket_server.h for the frames. Blocks the calling thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace penstock {

struct SocketCallLimits {
  uint32_t answer_bytes = 64u << 20;
  int64_t send_ms = 5000;
  int64_t answer_ms = -1;  // how long the answer may take; -1: as long as the other process lives
};

// kNotFound where there is no socket; kUnavailable where nobody listens at it any more, or does not answer.
Result<std::string> CallSocket(const std::string& path, const std::string& request,
                               SocketCallLimits limits = {});

}  // namespace penstock
