// `penstock list|metrics|savepoint|stop|cancel`: asks the processes that run jobs. On the main thread; runs
// no job.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "engine/control/job_client.h"

class JobCommand {
 public:
  // Adds the commands with their options.
  explicit JobCommand(CLI::App* app);
  bool parsed() const;
  // The exit code: 1 where there is no such job, or it could not do what was asked.
  int Run();

 private:
  CLI::App* Add(CLI::App* app, const char* name, const char* what);
  penstock::Status List(penstock::FileSystem& files) const;
  penstock::Result<std::string> SavepointDirectory() const;
  penstock::Status Ask(const penstock::FoundJob& job) const;

  CLI::App *list_, *metrics_, *savepoint_, *stop_, *cancel_;
  std::string root_ = ".", job_, directory_, format_ = "text";
  bool all_ = false, drain_ = false;
};
