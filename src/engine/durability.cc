// What the options of a script say about checkpoints, restarts and the identity of its jobs.
#include "base/strings.h"
#include "connectors/filesystem/file_place.h"
#include "engine/jobs/job_options.h"
#include "engine/session.h"

namespace penstock {

namespace {

constexpr int64_t kExactlyOnceIntervalMs = 1000;

std::string CheckpointRoot(const sql::Config& config) {
  return config.GetString("execution.checkpointing.dir", config.GetString("state.checkpoints.dir"));
}

Result<CheckpointOptions> ReadCheckpointOptions(const sql::Config& config) {
  CheckpointOptions options;
  options.interval_ms = config.GetDuration("execution.checkpointing.interval", 0);
  // What the operators of batch mode hold is no state: such a job has only a last checkpoint.
  if (EqualsIgnoreCase(config.GetString("execution.runtime-mode"), "batch")) options.interval_ms = 0;
  options.timeout_ms = config.GetDuration("execution.checkpointing.timeout", options.timeout_ms);
  options.min_pause_ms = config.GetDuration("execution.checkpointing.min-pause", 0);
  options.tolerable_failures =
      static_cast<int>(config.GetInt("execution.checkpointing.tolerable-failed-checkpoints", 0));
  options.retained = static_cast<int>(config.GetInt("execution.checkpointing.num-retained",
                                                    config.GetInt("state.checkpoints.num-retained", 1)));
  if (options.retained < 1 || options.tolerable_failures < 0 || options.timeout_ms < 1) {
    return SqlError(ErrorNumber::kBadOption, {},
                    "execution.checkpointing: num-retained and timeout must be positive, "
                    "tolerable-failed-checkpoints not negative");
  }
  return options;
}

// What may pass between two decisions.
int64_t LongestEpoch(const CheckpointOptions& options) {
  if (options.interval_ms <= 0) return 0;
  return std::max(options.interval_ms, options.min_pause_ms) +
         options.timeout_ms * (1 + options.tolerable_failures);
}

// Transactions must outlive every checkpoint that the options allow.
Status CheckTimeout(const DecisionNeeds& needs, const CheckpointOptions& options) {
  int64_t longest = LongestEpoch(options);
  if (needs.timeout_ms == 0 || longest < needs.timeout_ms) return Status::Ok();
  return SqlError(
      ErrorNumber::kTransactionTimeout, {},
      "up to " + std::to_string(longest) +
          " ms may pass between two checkpoints (interval + timeout x (1 + tolerable failures)), but "
          "the transactions of table '" +
          needs.table + "' end after " + std::to_string(needs.timeout_ms) + " ms",
      "raise 'properties.transaction.timeout.ms', or lower execution.checkpointing.timeout");
}

bool PrintsItsRows(const JobGraph& graph) {
  for (const JobVertex& vertex : graph.vertices) {
    if (vertex.kind == VertexKind::kSink && vertex.factory == sql::kCollectSink) return true;
  }
  return false;
}

}  // namespace

Result<CheckpointOptions> Session::CheckpointsOf(const JobGraph& graph, bool bounded) const {
  ASSIGN_OR_RETURN(CheckpointOptions options, ReadCheckpointOptions(config_));
  ASSIGN_OR_RETURN(std::optional<DecisionNeeds> needs, registry_.DecisionNeedsOf(graph));
  if (!needs) return options;
  if (CheckpointRoot(config_).empty() || options_.driven) {
    return SqlError(ErrorNumber::kNeedsCheckpoints, {},
                    "table '" + needs->table + "' is written exactly-once, which needs checkpoints" +
                        (options_.driven ? "; there are none under a manual clock" : ""),
                    "SET 'execution.checkpointing.dir' to a folder, or ask for 'at-least-once'");
  }
  if (options.interval_ms == 0 && !bounded) options.interval_ms = kExactlyOnceIntervalMs;
  RETURN_IF_ERROR(CheckTimeout(*needs, options));
  return options;
}

Result<std::optional<JobDurability>> Session::DurabilityOf(const JobGraph& graph, int job, bool bounded) {
  std::string root = CheckpointRoot(config_);
  ASSIGN_OR_RETURN(CheckpointOptions checkpoints, CheckpointsOf(graph, bounded));
  if (checkpoints.interval_ms > 0 && notices_ != nullptr &&
      config_.GetDuration("execution.checkpointing.interval", 0) == 0) {
    notices_->OnNotice(statements_, "a checkpoint is taken every second, for an exactly-once sink");
  }
  std::string backend = StateBackendOf(config_);
  if (backend != kMemoryBackend && backend != kDiskBackend && notices_ != nullptr)
    notices_->OnNotice(statements_, "state is kept in memory: there is no state backend '" + backend + "'");
  // Jobs under a manual clock have no thread that could write.
  if (PrintsItsRows(graph) || options_.driven) return std::optional<JobDurability>();
  if (root.empty() && checkpoints.interval_ms == 0) return std::optional<JobDurability>();
  JobDurability durability;
  durability.checkpoints = checkpoints;
  durability.checkpoints.chains = options_.chains;
  ASSIGN_OR_RETURN(durability.restart, ReadRestartOptions(config_, true));
  std::string uid = config_.GetString("pipeline.uid");
  bool named = !uid.empty();
  if (!named) uid = graph.name + "-" + std::to_string(job);
  if (!job_uids_.insert(uid).second) {
    return SqlError(
        ErrorNumber::kBadOption, {}, "two jobs of this script have the uid '" + uid + "'",
        "give each its own with SET 'pipeline.uid', or RESET it: their checkpoints share no folder");
  }
  RETURN_IF_ERROR(PlaceCheckpoints(root, uid, &durability));
  // Other scripts may have a job of that name, too, and write to the same brokers.
  durability.decisions = {named ? uid : options_.script_name + "." + uid, LongestEpoch(checkpoints), clock_};
  return std::optional<JobDurability>(std::move(durability));
}

Status Session::PlaceCheckpoints(const std::string& root, const std::string& uid, JobDurability* durability) {
  Random random(eval_.random());
  if (root.empty()) {
    if (notices_ != nullptr)
      notices_->OnNotice(statements_,
                         "checkpoints are kept in memory, for failures inside of this process: "
                         "execution.checkpointing.dir is not set");
    durability->files = std::make_shared<LocalFileStore>(&memory_files_);
    durability->directory = "/" + uid;
    durability->claim = 1;
    durability->identity = {uid, "memory", random.Next()};
    return Status::Ok();
  }
  if (!run_directory_) {
    ASSIGN_OR_RETURN(FilePlace place, PlaceOf(root, files_, objects()));
    RunStart start{options_.fresh, options_.from_savepoint, options_.rewind};
    ASSIGN_OR_RETURN(run_directory_, RunDirectory::Claim(std::move(place.files), clock_, &random,
                                                         place.path + "/" + options_.script_name, start));
  }
  durability->files = run_directory_->files();
  durability->claim_path = run_directory_->claim_path();
  durability->identity = {uid, run_directory_->run(), random.Next()};
  durability->directory = run_directory_->JobDirectory(uid);
  durability->claim = run_directory_->claim();
  durability->resumed = run_directory_->resumed();
  durability->fresh = options_.fresh;
  durability->savepoint_root =
      config_.GetString("execution.checkpointing.savepoint-dir", config_.GetString("state.savepoints.dir"));
  return Status::Ok();
}

bool Session::TakesCheckpoints(const CheckpointOptions& options) const {
  return (!CheckpointRoot(config_).empty() || options.interval_ms > 0) && !options_.driven;
}

Status Session::EndRun(bool all_ok) {
  if (!run_directory_ || !all_ok) return Status::Ok();
  if (!any_left_) return run_directory_->Finish();
  if (!job_uids_.empty() && stopped_with_savepoint_ == job_uids_.size()) return run_directory_->MarkStopped();
  return Status::Ok();
}

}  // namespace penstock
