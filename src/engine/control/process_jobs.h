// ProcessJobs: the JobService of this process: the jobs that a session runs, by uid. The session adds and
// removes them; calls come from the threads of the control sockets.
#pragma once

#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/control/job_service.h"
#include "engine/forecast/state_report.h"
#include "engine/jobs/job.h"

namespace penstock {

// A savepoint as --from-savepoint takes it, and the folder in it that this job has.
struct SavepointPlace {
  std::string path, folder;
};

class ProcessJobs : public JobService {
 public:
  explicit ProcessJobs(const Clock* clock) : clock_(clock) {}

  // `known` says who the job is; what it does is asked of `job`, which stays until Remove. `number`: of the
  // job in its script; `savepoint_root`: where savepoints go that are told no folder; `forecasts`: by EXPLAIN
  // STATE.
  void Add(JobOverview known, Job* job, int number, const std::string& savepoint_root,
           StateForecasts forecasts);
  // Of a job that is ending: where Stop wants its savepoint; nullopt where it does not.
  std::optional<SavepointPlace> SavepointOf(const Job* job) const;
  // The job has ended: tells whoever waits for that.
  void Remove(const Job* job, const Result<std::string>& outcome);

  std::vector<JobOverview> List() override;
  Result<JobMetrics> Metrics(const std::string& job) override;
  void Savepoint(const std::string& job, const std::string& directory, Done done) override;
  void Stop(const std::string& job, StopMode mode, bool savepoint, const std::string& directory,
            Done done) override;
  Status Cancel(const std::string& job) override;

 private:
  struct Entry {
    JobOverview known;
    Job* job = nullptr;
    int64_t started_ms = 0;  // monotonic
    int number = 0;
    std::string savepoint_root;
    StateForecasts forecasts;
    std::optional<SavepointPlace> savepoint;  // of Stop
    std::vector<Done> waiting;                // for its end
  };
  Entry* Find(const std::string& uid);
  // A new name in `directory`, as Flink's.
  static Result<SavepointPlace> PlaceFor(const Entry& entry, const std::string& directory);
  static JobOverview OverviewOf(const Entry& entry);
  // `done` is called when the job has ended; kNotFound where it has already.
  Status StopWith(const std::string& job, StopMode mode, const std::optional<SavepointPlace>& place,
                  Done done);

  const Clock* clock_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;
};

}  // namespace penstock
