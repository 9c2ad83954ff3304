// The jobs of this process.
#include "engine/control/process_jobs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "engine/savepoints/savepoint.h"
#include "env/random.h"

namespace penstock {

namespace {

std::string LastPart(const std::string& path) { return path.substr(path.rfind('/') + 1); }

Status NoSuchJob(const std::string& uid) {
  return Status::NotFound("no job '" + uid + "' runs in this process");
}

OperatorFigures FiguresOf(const VertexMetrics& vertex) {
  const OperatorMetrics& m = *vertex.metrics;
  OperatorFigures f;
  f.name = vertex.name;
  f.subtask = vertex.subtask;
  f.rows_in = m.rows_in;
  f.rows_out = m.rows_out;
  f.late_rows = m.late_rows;
  f.partial_rows = m.partial_rows;
  f.bad_rows = m.bad_rows;
  f.bad_fields = m.bad_fields;
  f.future_rows = m.future_rows;
  f.watermark = m.watermark;
  f.state_bytes = m.state_bytes;
  f.spilled_bytes = m.spilled_bytes;
  f.busy_nanos = m.busy_nanos;
  f.idle_nanos = m.idle_nanos;
  f.blocked_nanos = m.blocked_nanos;
  f.heads_task = f.busy_nanos + f.idle_nanos + f.blocked_nanos > 0;
  return f;
}

}  // namespace

void ProcessJobs::Add(JobOverview known, Job* job, int number, const std::string& savepoint_root,
                      StateForecasts forecasts) {
  std::lock_guard lock(mutex_);
  Entry& entry = entries_.emplace_back();
  entry.known = std::move(known);
  entry.known.process = ::getpid();
  entry.known.started_micros = clock_->NowMicros();
  entry.job = job;
  entry.number = number;
  entry.forecasts = std::move(forecasts);
  entry.savepoint_root = savepoint_root;
  entry.started_ms = clock_->MonotonicMillis();
}

std::optional<SavepointPlace> ProcessJobs::SavepointOf(const Job* job) const {
  std::lock_guard lock(mutex_);
  auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.job == job; });
  return found == entries_.end() ? std::nullopt : found->savepoint;
}

void ProcessJobs::Remove(const Job* job, const Result<std::string>& outcome) {
  std::vector<Done> waiting;
  {
    std::lock_guard lock(mutex_);
    auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.job == job; });
    if (found == entries_.end()) return;
    waiting.swap(found->waiting);
    entries_.erase(found);
  }
  for (const Done& done : waiting) done(outcome);
}

ProcessJobs::Entry* ProcessJobs::Find(const std::string& uid) {
  auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.known.job == uid; });
  return found == entries_.end() ? nullptr : &*found;
}

JobOverview ProcessJobs::OverviewOf(const Entry& entry) {
  JobOverview overview = entry.known;
  overview.state = entry.job->state();
  overview.restarts = entry.job->restarts();
  overview.last_failure = entry.job->last_failure();
  overview.checkpoints = entry.job->checkpoint_statistics().value_or(CheckpointStatistics{});
  return overview;
}

std::vector<JobOverview> ProcessJobs::List() {
  std::lock_guard lock(mutex_);
  std::vector<JobOverview> all;
  for (const Entry& entry : entries_) all.push_back(OverviewOf(entry));
  return all;
}

Result<JobMetrics> ProcessJobs::Metrics(const std::string& job) {
  std::lock_guard lock(mutex_);
  const Entry* entry = Find(job);
  if (entry == nullptr) return NoSuchJob(job);
  JobMetrics metrics;
  metrics.job = OverviewOf(*entry);
  entry->job->RefreshLoads();
  const JobRunner& runner = *entry->job->runner();
  for (const VertexMetrics& vertex : runner.metrics()) {
    OperatorFigures& figures = metrics.operators.emplace_back(FiguresOf(vertex));
    if (vertex.vertex < 0) continue;
    const JobVertex& of = runner.graph().vertices[static_cast<size_t>(vertex.vertex)];
    if (auto forecast = entry->forecasts.find(of.uid); forecast != entry->forecasts.end())
      figures.forecast_bytes = std::llround(forecast->second.memory / std::max(1, of.parallelism));
  }
  metrics.state_disk_bytes = entry->job->state_disk_bytes();
  metrics.uptime_ms = clock_->MonotonicMillis() - entry->started_ms;
  return metrics;
}

Result<SavepointPlace> ProcessJobs::PlaceFor(const Entry& entry, const std::string& directory) {
  std::string root = directory.empty() ? entry.savepoint_root : directory;
  if (root.empty()) {
    return Status::InvalidArgument("no folder for savepoints is set")
        .WithHint("name one, or SET 'execution.checkpointing.savepoint-dir' in the script");
  }
  ASSIGN_OR_RETURN(root, NormalPath(root));
  std::string job = LastPart(entry.known.directory);
  uint64_t suffix = EntropySeed() & 0xffffffffffff;
  std::string path = fmt::format("{}/savepoint-{}-{:012x}", root, job, suffix);
  return SavepointPlace{path, SavepointOfJob(path, entry.number)};
}

void ProcessJobs::Savepoint(const std::string& job, const std::string& directory, Done done) {
  Status refused;
  {
    std::lock_guard lock(mutex_);
    Entry* entry = Find(job);
    Result<SavepointPlace> place = entry != nullptr ? PlaceFor(*entry, directory) : NoSuchJob(job);
    if (place) {
      entry->job->Savepoint(place->folder, [done, path = place->path](const Status& written) {
        done(written.ok() ? Result<std::string>(path) : written);
      });
      return;
    }
    refused = place.error();
  }
  done(refused);
}

// Before it is stopped for a savepoint it is made sure that there can be one.
void ProcessJobs::Stop(const std::string& job, StopMode mode, bool savepoint, const std::string& directory,
                       Done done) {
  auto stop = [this, job, mode, done](const std::optional<SavepointPlace>& place) {
    if (Status refused = StopWith(job, mode, place, done); !refused.ok()) done(refused);
  };
  if (!savepoint) return stop(std::nullopt);
  Status refused;
  {
    std::lock_guard lock(mutex_);
    Entry* entry = Find(job);
    Result<SavepointPlace> place = entry != nullptr ? PlaceFor(*entry, directory) : NoSuchJob(job);
    if (place) {
      entry->job->CheckSavepoint(place->folder, [done, stop, place = *place](const Status& checked) {
        return checked.ok() ? stop(place) : done(checked);
      });
      return;
    }
    refused = place.error();
  }
  done(refused);
}

Status ProcessJobs::StopWith(const std::string& job, StopMode mode,
                             const std::optional<SavepointPlace>& place, Done done) {
  std::lock_guard lock(mutex_);
  Entry* entry = Find(job);
  if (entry == nullptr) return NoSuchJob(job);
  if (place) entry->savepoint = place;
  entry->waiting.push_back(std::move(done));
  entry->job->Stop(mode);
  return Status::Ok();
}

Status ProcessJobs::Cancel(const std::string& job) {
  std::lock_guard lock(mutex_);
  Entry* entry = Find(job);
  if (entry == nullptr) return NoSuchJob(job);
  entry->job->Cancel();
  return Status::Ok();
}

}  // namespace penstock
