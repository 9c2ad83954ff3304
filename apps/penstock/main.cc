// The command line: reads arguments, wires a session to the machine's clock and files, prints results. Exit
// codes: 0 everything succeeded, 1 a statement failed, 2 wrong usage, 128 + signal when it was stopped by
// one.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <filesystem>
#include <iostream>

#include "engine/output/result_printer.h"
#include "engine/session.h"
#include "env/termination_signals.h"
#include "job_command.h"
#include "parity_command.h"
#include "state_command.h"
#include "verify_command.h"

namespace {

struct Arguments {
  std::vector<std::string> init_files;
  std::string script;
  std::string command;
  std::string format;
  std::vector<std::string> definitions;
  int parallelism = 0;
  penstock::SessionOptions session;
};

void AddOptions(CLI::App* app, Arguments* arguments) {
  app->add_option("--format", arguments->format, "how results are printed")
      ->check(CLI::IsMember({"table", "changelog", "json", "csv"}));
  app->add_option("-p,--parallelism", arguments->parallelism, "default parallelism")
      ->check(CLI::Range(1, 128));
  app->add_option("-D", arguments->definitions, "an option, as SET 'key' = 'value'")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app->add_option("--from-savepoint", arguments->session.from_savepoint, "start the jobs from this savepoint")
      ->type_name("DIR");
  app->add_flag("--stop-when-idle", arguments->session.stop_when_idle,
                "end each job once all rows are processed");
  app->add_option("--savepoint", arguments->session.savepoint_dir,
                  "with --stop-when-idle: where the state goes")
      ->type_name("DIR");
  app->add_flag("--fresh", arguments->session.fresh,
                "start a new run instead of going on with an unfinished one");
  app->add_flag("--rewind", arguments->session.rewind,
                "with --from-savepoint: although exactly-once sinks have more than it; they get rows twice");
  app->add_flag("--allow-non-restored-state", arguments->session.allow_non_restored_state,
                "drop state that no operator of the statement takes");
  app->add_flag("--progress", arguments->session.progress, "report what the jobs do on standard error");
  app->add_flag("--continue-on-error", arguments->session.continue_on_error,
                "go on after a failing statement");
}

int Usage(const std::string& message) {
  std::cerr << "penstock: " << message << "\nTry 'penstock --help'.\n";
  return 2;
}

int Run(const Arguments& arguments, bool explain) {
  penstock::SystemClock clock;
  penstock::LocalFileSystem files;
  std::string format = arguments.format;
  if (format.empty()) format = isatty(STDOUT_FILENO) != 0 || explain ? "table" : "changelog";
  std::unique_ptr<penstock::ResultHandler> printer = penstock::MakePrinter(format, stdout, stderr);
  penstock::Session session(arguments.session, &clock, &files);
  for (const std::string& definition : arguments.definitions) {
    size_t equals = definition.find('=');
    if (equals == std::string::npos || equals == 0)
      return Usage("-D takes KEY=VALUE, not '" + definition + "'");
    penstock::Status set = session.SetOption(definition.substr(0, equals), definition.substr(equals + 1));
    if (!set.ok()) return Usage("-D " + definition + ": " + set.ToString());
  }
  if (arguments.parallelism > 0)
    (void)session.SetOption("parallelism.default", std::to_string(arguments.parallelism));
  std::vector<std::string> texts;
  std::vector<std::string> paths = arguments.init_files;
  if (!arguments.script.empty()) paths.push_back(arguments.script);
  for (const std::string& path : paths) {
    penstock::Result<std::string> text = penstock::ReadFile(files, path);
    if (!text) return Usage(text.error().ToString());
    texts.push_back(std::move(*text));
  }
  if (!arguments.command.empty()) texts.push_back(arguments.command);
  penstock::TerminationSignals signals([&session] { session.StopAll(); });
  bool ok = true;
  for (const std::string& text : texts) {
    ok = session.ExecuteScript(text, printer.get()) && ok;
    if ((!ok && !arguments.session.continue_on_error) || !printer->status().ok()) break;
  }
  penstock::Status output = printer->status();
  ok = session.WaitForJobs(printer.get()) && ok;
  if (int signal = penstock::TerminationSignals::received(); signal != 0 && ok) return 128 + signal;
  if (output.ok() || output.code() == penstock::StatusCode::kCancelled) return ok ? 0 : 1;
  std::cerr << "penstock: " << output.ToString() << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{"Penstock: Flink SQL on one machine, in one binary", "penstock"};
  app.set_version_flag("--version", "penstock " PENSTOCK_VERSION);
  Arguments arguments;
  app.add_option("-c", arguments.command, "SQL statements to execute")->type_name("SQL");
  AddOptions(&app, &arguments);
  CLI::App* run = app.add_subcommand("run", "execute a script");
  run->add_option("-i", arguments.init_files, "a script to execute first, such as tables.sql")
      ->allow_extra_args(false);
  run->add_option("file", arguments.script, "the script")->required();
  AddOptions(run, &arguments);
  CLI::App* explain =
      app.add_subcommand("explain", "print the plans of a script's queries without running them");
  explain->add_option("-i", arguments.init_files, "a script to execute first, such as tables.sql")
      ->allow_extra_args(false);
  explain->add_option("file", arguments.script, "the script")->required();
  AddOptions(explain, &arguments);
  StateCommand state(&app);
  JobCommand jobs(&app);
  VerifyCommand verify(&app);
  ParityCommand parity(&app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  if (state.parsed()) return state.Run();
  if (jobs.parsed()) return jobs.Run();
  if (verify.parsed()) return verify.Run();
  if (parity.parsed()) return parity.Run();
  if (!arguments.session.savepoint_dir.empty() && !arguments.session.stop_when_idle) {
    return Usage("--savepoint needs --stop-when-idle");
  }
  if (arguments.session.rewind && arguments.session.from_savepoint.empty())
    return Usage("--rewind needs --from-savepoint");
  if (arguments.command.empty() && arguments.script.empty())
    return Usage("nothing to do: give -c \"SQL\" or run FILE.sql");
  arguments.session.control = true;
  arguments.session.explain_only = explain->parsed();
  if (!arguments.script.empty())
    arguments.session.script_name = std::filesystem::path(arguments.script).stem().string();
  return Run(arguments, explain->parsed());
}
