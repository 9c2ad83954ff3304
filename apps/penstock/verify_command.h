// `penstock verify JOB.sql`: does the script give its results exactly once, whatever happens to the process?
// On the main thread, in a simulation: changes nothing outside.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

class VerifyCommand {
 public:
  // Adds the command with its options.
  explicit VerifyCommand(CLI::App* app);
  bool parsed() const { return verify_->parsed(); }
  // The exit code: 0 where every sink gives at least what is accepted, 1 where one does not or the script
  // fails, 2 for wrong usage.
  int Run();

 private:
  CLI::App* verify_;
  std::string script_;
  std::vector<std::string> init_files_, inputs_;
  std::string accept_ = "exactly-once";
  int runs_ = 200;
  int parallelism_ = 0;
  uint64_t seed_ = 1;
};
