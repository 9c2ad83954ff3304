// Requests of the control socket.
#include "engine/control/control_endpoint.h"

#include "engine/control/job_messages.h"
#include "engine/control/metrics_text.h"

namespace penstock {

namespace {

std::string TextOrError(const Result<std::string>& result) {
  return result ? WriteText(*result) : WriteError(result.error());
}

std::string AnswerOfMetrics(const ControlRequest& request, JobService* service) {
  Result<JobMetrics> metrics = service->Metrics(request.job);
  if (!metrics) return WriteError(metrics.error());
  return TextOrError(MetricsText(*metrics, request.format));
}

}  // namespace

void AnswerControlRequest(const std::string& bytes, JobService* service,
                          const std::function<void(std::string)>& reply) {
  Result<ControlRequest> request = ControlRequest::Read(bytes);
  if (!request) return reply(WriteError(request.error()));
  auto done = [reply](const Result<std::string>& path) { reply(TextOrError(path)); };
  if (request->call == "list") return reply(WriteOverviews(service->List()));
  if (request->call == "metrics") return reply(AnswerOfMetrics(*request, service));
  if (request->call == "savepoint") return service->Savepoint(request->job, request->directory, done);
  if (request->call == "stop") {
    StopMode mode = request->drain ? StopMode::kDrain : StopMode::kSuspend;
    return service->Stop(request->job, mode, request->savepoint, request->directory, done);
  }
  if (request->call == "cancel") {
    Status cancelled = service->Cancel(request->job);
    return reply(cancelled.ok() ? WriteText("") : WriteError(cancelled));
  }
  reply(WriteError(Status::Unsupported("the process knows no call '" + request->call + "'")));
}

Result<std::unique_ptr<ControlEndpoint>> ControlEndpoint::Open(const std::string& directory,
                                                               JobService* service) {
  std::unique_ptr<ControlEndpoint> endpoint(new ControlEndpoint());
  ASSIGN_OR_RETURN(endpoint->server_, SocketServer::Listen(directory + "/" + kControlSocket,
                                                           [service](const std::string& request,
                                                                     const SocketServer::Reply& reply) {
                                                             AnswerControlRequest(request, service, reply);
                                                           }));
  return endpoint;
}

}  // namespace penstock
