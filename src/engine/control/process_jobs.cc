// The jobs of this process.
#include "engine/control/process_jobs.h"

#include <unistd.h>

#include <algorithm>

namespace penstock {

namespace {

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

void ProcessJobs::Add(JobOverview known, Job* job) {
  std::lock_guard lock(mutex_);
  Entry& entry = entries_.emplace_back();
  entry.known = std::move(known);
  entry.known.process = ::getpid();
  entry.known.started_micros = clock_->NowMicros();
  entry.job = job;
  entry.started_ms = clock_->MonotonicMillis();
}

std::optional<std::string> ProcessJobs::SavepointOf(const Job* job) const {
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
  metrics.uptime_ms = clock_->MonotonicMillis() - entry->started_ms;
  for (const VertexMetrics& vertex : entry->job->runner()->metrics())
    metrics.operators.push_back(FiguresOf(vertex));
  return metrics;
}

void ProcessJobs::Savepoint(const std::string& job, const std::string&, Done done) { done(NoSuchJob(job)); }

void ProcessJobs::Stop(const std::string& job, StopMode mode, bool savepoint, const std::string& directory,
                       Done done) {
  {
    std::lock_guard lock(mutex_);
    if (Entry* entry = Find(job)) {
      if (savepoint) entry->savepoint = directory;
      entry->waiting.push_back(std::move(done));
      entry->job->Stop(mode);
      return;
    }
  }
  done(NoSuchJob(job));
}

Status ProcessJobs::Cancel(const std::string& job) {
  std::lock_guard lock(mutex_);
  Entry* entry = Find(job);
  if (entry == nullptr) return NoSuchJob(job);
  entry->job->Cancel();
  return Status::Ok();
}

}  // namespace penstock
