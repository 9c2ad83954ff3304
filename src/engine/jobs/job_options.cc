// Reading and checking of options.
#include "engine/jobs/job_options.h"

#include "base/memory_budget.h"
#include "base/strings.h"

namespace penstock {

namespace {
constexpr int64_t kMostBatchRows = 65536;

Status Bad(const std::string& key, const std::string& value, const std::string& wanted) {
  return SqlError(ErrorNumber::kBadOption, {}, "option '" + key + "' is " + wanted + ", not '" + value + "'");
}
}  // namespace

Result<JobOptions> ReadJobOptions(const sql::Config& config) {
  JobOptions options;
  if (std::string text = config.GetString("penstock.batch-rows"); !text.empty()) {
    int64_t rows = config.GetInt("penstock.batch-rows", 0);
    if (rows < 1 || rows > kMostBatchRows)
      return Bad("penstock.batch-rows", text, "a number from 1 to " + std::to_string(kMostBatchRows));
    options.batch_rows = static_cast<int>(rows);
    options.turn_rows = options.batch_rows;
  }
  if (std::string text = config.GetString("penstock.idle-time"); !text.empty()) {
    options.idle_ms = config.GetDuration("penstock.idle-time", -1);
    if (options.idle_ms < 0) return Bad("penstock.idle-time", text, "a duration such as '200 ms'");
  }
  std::string folders = config.GetString("io.tmp.dirs", "/tmp");
  options.work_directory = folders.substr(0, folders.find_first_of(",:")) + "/penstock";
  return options;
}

std::string StateBackendOf(const sql::Config& config) {
  return config.GetString("state.backend.type", config.GetString("state.backend", kMemoryBackend));
}

int64_t MemoryBudgetOf(const sql::Config& config) {
  bool on_disk = StateBackendOf(config) == kDiskBackend;
  return config.GetMemorySize("state.memory.budget", on_disk ? kDiskBudget : MemoryBudget::kUnlimited);
}

void PlaceJob(const sql::Config& config, const std::string& folder, JobOptions* options) {
  if (!options->work_directory.empty()) options->work_directory += "-" + folder;
  if (StateBackendOf(config) != kDiskBackend) return;
  std::string local = config.GetString("state.backend.rocksdb.localdir");
  options->state_directory = local.empty() ? options->work_directory + "/state" : local + "/" + folder;
}

Result<JobGraph> RoundTrip(const JobGraph& graph) {
  ByteWriter first, second;
  graph.Write(first);
  std::string bytes = first.Take();
  ByteReader in(bytes);
  ASSIGN_OR_RETURN(JobGraph read, JobGraph::Read(in));
  read.Write(second);
  if (second.Take() != bytes) return Status::Internal("the job graph changes when it is serialised");
  return read;
}

}  // namespace penstock
