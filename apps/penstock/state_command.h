// `penstock state inspect|verify|dump DIR`: looks into checkpoints and savepoints. On the main thread; runs
// no job.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "connectors/filesystem/file_place.h"
#include "engine/inspection/state_report.h"
#include "engine/object_access.h"

class StateCommand {
 public:
  // Adds the command with its sub-commands and options.
  explicit StateCommand(CLI::App* app);
  bool parsed() const { return state_->parsed(); }
  // The exit code: 1 where something is damaged or not there.
  int Run();

 private:
  penstock::Result<std::vector<penstock::StateLocation>> Find(penstock::FileSystem& files,
                                                              penstock::SessionObjectStores* objects) const;
  penstock::Status Show(const penstock::StateLocation& location);

  CLI::App* state_;
  CLI::App* inspect_;
  CLI::App* verify_;
  CLI::App* dump_;
  std::string path_;
  std::vector<std::string> options_;
  uint64_t epoch_ = 0;
  penstock::DumpFilter filter_;
};
