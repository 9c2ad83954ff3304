// ControlEndpoint: a JobService at the control socket in a job's directory. Its thread is the socket
// server's; see env/sockets/socket_server.h for limits and docs/formats/control.md for the messages.
#pragma once

#include <memory>
#include <string>

#include "engine/control/job_service.h"
#include "env/sockets/socket_server.h"

namespace penstock {

inline constexpr const char* kControlSocket = "control";  // its name in the directory of a job

class ControlEndpoint {
 public:
  // REQUIRES: this process owns `directory`, which exists; the service outlives the endpoint.
  static Result<std::unique_ptr<ControlEndpoint>> Open(const std::string& directory, JobService* service);

 private:
  ControlEndpoint() = default;
  std::unique_ptr<SocketServer> server_;
};

// One request of the socket: calls the service and writes its answer.
void AnswerControlRequest(const std::string& request, JobService* service,
                          const std::function<void(std::string)>& reply);

}  // namespace penstock
