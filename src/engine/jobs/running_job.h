// Session::RunningJob: what a session knows of a job that it runs. Of the session's sources only.
#pragma once

#include <memory>

#include "engine/control/control_endpoint.h"
#include "engine/session.h"
#include "env/files/file_lock.h"

namespace penstock {

struct Session::RunningJob {
  int number = 0;  // of the job in this session
  int statement = 0;
  EvalContext eval;                        // as it was when the job started
  std::shared_ptr<ResultHandler> handler;  // is told the job's end; null: RunJob's caller is
  std::unique_ptr<Job> job;
  std::unique_ptr<FileLock> control_lock;    // of the folder of the socket, where it owns no other there
  std::unique_ptr<ControlEndpoint> control;  // null where it has no folder on this machine
  Thread thread;
  Status outcome;
};

}  // namespace penstock
