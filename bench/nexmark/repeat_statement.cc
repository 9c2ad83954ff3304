// Runs one statement several times in one process and prints what each run cost, as a line of JSON: wall
// seconds, core seconds (user and system of the whole process), peak memory of the run. With tables that keep
// their batches in memory ('preload' = 'true') the first run makes them and the others only replay.
// usage: penstock_bench_repeat PARALLELISM RUNS SETUP.sql STATEMENT.sql
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine/session.h"

namespace penstock {
namespace {

// Takes no rows; keeps the first error.
class Failures : public ResultHandler {
 public:
  void OnColumns(int, const Schema&) override {}
  void OnRows(int, const Batch&) override {}
  void OnOk(int) override {}
  void OnError(int statement, StatementPhase, const Status& status) override {
    std::fprintf(stderr, "statement %d: %s\n", statement, status.ToString().c_str());
  }
};

double CoreSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// "VmHWM:  1234 kB" of the kernel's account of this process, in MiB.
double PeakMebibytes(FileSystem& files) {
  Result<std::string> status = ReadFile(files, "/proc/self/status");
  size_t at = status ? status->find("VmHWM:") : std::string::npos;
  return at == std::string::npos ? 0 : std::atof(status->c_str() + at + 6) / 1024;
}

int Run(int parallelism, int runs, const std::string& setup, const std::string& statement) {
  SystemClock clock;
  LocalFileSystem files;
  Session session({}, &clock, &files);
  Failures failures;
  if (!session.SetOption("parallelism.default", std::to_string(parallelism)).ok() ||
      !session.ExecuteScript(setup, &failures))
    return 1;
  for (int run = 0; run < runs; ++run) {
    int64_t began = clock.NowMicros();
    double core = CoreSeconds();
    if (!session.ExecuteScript(statement, &failures)) return 1;
    std::printf("{\"run\": %d, \"wall_s\": %.4f, \"core_s\": %.4f, \"peak_mib\": %.0f}\n", run,
                static_cast<double>(clock.NowMicros() - began) / 1e6, CoreSeconds() - core,
                PeakMebibytes(files));
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace penstock

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s PARALLELISM RUNS SETUP.sql STATEMENT.sql\n", argv[0]);
    return 2;
  }
  penstock::LocalFileSystem files;
  penstock::Result<std::string> setup = penstock::ReadFile(files, argv[3]);
  penstock::Result<std::string> statement = penstock::ReadFile(files, argv[4]);
  if (!setup || !statement) {
    std::fprintf(stderr, "cannot read %s or %s\n", argv[3], argv[4]);
    return 2;
  }
  return penstock::Run(std::atoi(argv[1]), std::atoi(argv[2]), *setup, *statement);
}
