// Options of `penstock parity`.
#include "parity_command.h"

#include <cstdio>
#include <filesystem>

#include "engine/parity/parity.h"

namespace {

int Fail(const std::string& message, int code) {
  std::fputs(("penstock: " + message + "\n").c_str(), stderr);
  return code;
}

}  // namespace

ParityCommand::ParityCommand(CLI::App* app)
    : parity_(app->add_subcommand(
          "parity", "run a script once more, in batch over a range, and compare what its sinks have")) {
  parity_->add_option("file", script_, "the script")->required();
  parity_->add_option("--from", from_, "where the range begins: '2026-01-01 10:00:00', or earliest")
      ->required();
  parity_->add_option("--to", to_, "where it ends; latest by default");
  parity_->add_option("-i", init_files_, "a script to execute first, such as tables.sql")
      ->allow_extra_args(false);
  parity_->add_option("-p,--parallelism", parallelism_, "default parallelism")->check(CLI::Range(1, 128));
  parity_->add_option("-D", definitions_, "an option, as SET 'key' = 'value'")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  parity_->add_option("--rows", rows_, "the most differences of a sink that are printed")
      ->check(CLI::Range(0, 1000000));
  parity_->add_option("--format", format_, "how the report is printed")
      ->check(CLI::IsMember({"text", "json"}));
}

int ParityCommand::Run() {
  penstock::SystemClock clock;
  penstock::LocalFileSystem files;
  penstock::ParityOptions options;
  init_files_.push_back(script_);
  for (const std::string& path : init_files_) {
    penstock::Result<std::string> text = penstock::ReadFile(files, path);
    if (!text) return Fail(text.error().ToString(), 2);
    options.scripts.push_back(std::move(*text));
  }
  for (const std::string& definition : definitions_) {
    size_t equals = definition.find('=');
    if (equals == std::string::npos || equals == 0)
      return Fail("-D takes KEY=VALUE, not '" + definition + "'", 2);
    options.settings.emplace_back(definition.substr(0, equals), definition.substr(equals + 1));
  }
  if (parallelism_ > 0) options.settings.emplace_back("parallelism.default", std::to_string(parallelism_));
  penstock::Result<std::optional<int64_t>> from = penstock::ParseRangeEnd(from_, "earliest");
  penstock::Result<std::optional<int64_t>> to = penstock::ParseRangeEnd(to_, "latest");
  if (!from) return Fail("--from: " + from.error().message(), 2);
  if (!to) return Fail("--to: " + to.error().message(), 2);
  if (*from && *to && **from >= **to) return Fail("--from must be before --to", 2);
  options.range = {*from, *to};
  options.script_name = std::filesystem::path(script_).stem().string();
  options.most_shown = rows_;
  penstock::Result<penstock::ParityReport> report = penstock::CheckParity(&files, &clock, options);
  if (!report) return Fail(report.error().ToString(), 1);
  auto print = [](const std::string& line) { std::puts(line.c_str()); };
  if (format_ == "json")
    penstock::PrintParityJson(*report, print);
  else
    penstock::PrintParity(*report, print);
  return report->unexplained() == 0 ? 0 : 1;
}
