// JobProgress: what a running job does, for people who watch it: a status line every second on standard error
// (rewritten in place on a terminal, a plain line elsewhere), and a summary at the end whose sums add up:
// records read = rows taken + late rows + malformed records. Reads the job's counters from a thread of its
// own.
#pragma once

#include <atomic>
#include <cstdio>
#include <string>

#include "env/clock.h"
#include "env/thread.h"
#include "runtime/job_runner.h"

namespace penstock {

class JobProgress {
 public:
  // Starts to report. REQUIRES: the runner is prepared and outlives this object.
  JobProgress(const JobRunner* runner, const Clock* clock, std::FILE* out);
  // Stops and prints the summary.
  ~JobProgress();

 private:
  struct Counts {
    int64_t read = 0, malformed = 0, late = 0, written = 0;
    int64_t watermark = kNoWatermark;
  };
  Counts Collect() const;
  void Loop();
  void PrintStatus(const Counts& counts, int64_t elapsed_ms);

  const JobRunner* runner_;
  const Clock* clock_;
  std::FILE* out_;
  bool terminal_;
  int64_t started_ms_;
  std::atomic<bool> done_{false};
  Thread thread_;
};

}  // namespace penstock
