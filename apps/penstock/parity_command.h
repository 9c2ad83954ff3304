// `penstock parity JOB.sql --from .. --to ..`: does what the job wrote equal a batch run over the same range?
// On the main thread; changes nothing outside.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

class ParityCommand {
 public:
  // Adds the command with its options.
  explicit ParityCommand(CLI::App* app);
  bool parsed() const { return parity_->parsed(); }
  // The exit code: 0 where no difference is unexplained, 1 where one is, or the script fails or is refused, 2
  // for wrong usage.
  int Run();

 private:
  CLI::App* parity_;
  std::string script_, from_, to_ = "latest", format_ = "text";
  std::vector<std::string> init_files_, definitions_;
  int parallelism_ = 0, rows_ = 10;
};
