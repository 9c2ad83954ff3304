// Verify: whether a script gives its results exactly once whatever happens to the process: runs it in the
// simulation, first undisturbed, then with a death at each step of its checkpoints and commits, and compares
// what the sinks have in the end. Files are read where they are and written in memory; Kafka is a simulated
// cluster; nothing outside changes. Behind `penstock verify`; docs/how-to/verify.md. One thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "env/files/file_system.h"

namespace penstock {

enum class DeliveryVerdict : uint8_t {
  kExactlyOnce,  // each run ended with the rows of the undisturbed one
  kAtLeastOnce,  // some rows were there again
  kLossy,        // some rows were missing
  kOther,        // rows that the undisturbed run does not have
  kTimed,        // undisturbed runs differ among themselves: nothing can be said
  kUnseen,       // a sink that cannot be looked at
};
const char* DeliveryName(DeliveryVerdict verdict);  // "exactly-once"

struct VerifyOptions {
  std::string script;
  std::string script_name;
  uint64_t seed = 1;
  int most_runs = 200;  // with a death
  int parallelism = 0;  // 0: as the script says
  // Records of topics that the script reads: a file, one record a line.
  std::map<std::string, std::string> topics;
};

// What happened to one sink in all runs.
struct SinkReport {
  std::string table, connector;
  int64_t rows = 0;  // of the undisturbed run
  DeliveryVerdict verdict = DeliveryVerdict::kExactlyOnce;
  int bad_runs = 0;
  std::string crash;  // of the first bad run: where its process died
  std::string row;    // the first that differs
};

struct VerifyReport {
  int64_t checkpoints = 0;  // of the undisturbed run
  int runs = 0, deaths = 0;
  size_t points = 0;  // protocol steps at which a process died
  std::vector<SinkReport> sinks;
  // The worst of them.
  DeliveryVerdict verdict() const;
};

// An error where the script itself fails, undisturbed, or does not come to its end after a death.
Result<VerifyReport> Verify(FileSystem* files, const VerifyOptions& options);
// As text for people.
void PrintReport(const VerifyReport& report, const std::function<void(const std::string&)>& print);

}  // namespace penstock
