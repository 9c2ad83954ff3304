// `penstock state inspect|verify|dump DIR`: looks into checkpoints and savepoints. On the main thread; runs
// no job.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "engine/inspection/state_report.h"

class StateCommand {
 public:
  // Adds the command with its sub-commands and options.
  explicit StateCommand(CLI::App* app);
  bool parsed() const { return state_->parsed(); }
  // The exit code: 1 where something is damaged or not there.
  int Run();

 private:
  penstock::Status Show(penstock::FileSystem& files, const penstock::StateLocation& location);

  CLI::App* state_;
  CLI::App* inspect_;
  CLI::App* verify_;
  CLI::App* dump_;
  std::string path_;
  uint64_t epoch_ = 0;
  penstock::DumpFilter filter_;
};
