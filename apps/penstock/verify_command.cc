// Options of `penstock verify`.
#include "verify_command.h"

#include <cstdio>
#include <filesystem>

#include "engine/verify/verify.h"

namespace {

int Fail(const std::string& message, int code) {
  std::fputs(("penstock: " + message + "\n").c_str(), stderr);
  return code;
}

}  // namespace

VerifyCommand::VerifyCommand(CLI::App* app)
    : verify_(app->add_subcommand(
          "verify", "run a script with deaths of its process, simulated, and compare what its sinks have")) {
  verify_->add_option("file", script_, "the script")->required();
  verify_->add_option("-i", init_files_, "a script to execute first, such as tables.sql")
      ->allow_extra_args(false);
  verify_->add_option("--input", inputs_, "records of a Kafka topic that is read: a file, one record a line")
      ->type_name("TOPIC=FILE")
      ->allow_extra_args(false);
  verify_->add_option("--runs", runs_, "the most runs with a death")->check(CLI::Range(1, 100000));
  verify_->add_option("--seed", seed_, "another order of everything")->check(CLI::Range(1, 1 << 30));
  verify_->add_option("-p,--parallelism", parallelism_, "default parallelism")->check(CLI::Range(1, 128));
  verify_->add_option("--accept", accept_, "the least that is a success")
      ->check(CLI::IsMember({"exactly-once", "at-least-once"}));
}

int VerifyCommand::Run() {
  penstock::LocalFileSystem files;
  penstock::VerifyOptions options;
  init_files_.push_back(script_);
  for (const std::string& path : init_files_) {
    penstock::Result<std::string> text = penstock::ReadFile(files, path);
    if (!text) return Fail(text.error().ToString(), 2);
    options.script += *text + "\n";
  }
  for (const std::string& input : inputs_) {
    size_t equals = input.find('=');
    if (equals == std::string::npos || equals == 0) return Fail("--input takes TOPIC=FILE", 2);
    options.topics[input.substr(0, equals)] = input.substr(equals + 1);
  }
  options.script_name = std::filesystem::path(script_).stem().string();
  options.most_runs = runs_;
  options.parallelism = parallelism_;
  options.seed = seed_;
  penstock::Result<penstock::VerifyReport> report = penstock::Verify(&files, options);
  if (!report) return Fail(report.error().ToString(), 1);
  penstock::PrintReport(*report, [](const std::string& line) { std::puts(line.c_str()); });
  bool duplicates = accept_ == "at-least-once";
  auto least = duplicates ? penstock::DeliveryVerdict::kAtLeastOnce : penstock::DeliveryVerdict::kExactlyOnce;
  return report->verdict() <= least ? 0 : 1;
}
