// Reading and checking of options.
#include "engine/job_options.h"

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
