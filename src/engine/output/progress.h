// JobProgress: what a running job does, for people who watch it, on standard error. On a terminal: its
// terminal tables and a status line, drawn over themselves a few times a second; elsewhere a plain status
// line every second. At the end: the tables' final content and a summary. Where every record ends in one
// window aggregation, its sums add up: read = aggregated + late + malformed; each is counted at its own
// place, none is computed from the others. Reads the job's counters from a thread of its own.
#pragma once

#include <atomic>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "engine/forecast/state_report.h"
#include "engine/output/terminal_connector.h"
#include "engine/output/terminal_screen.h"
#include "env/clock.h"
#include "env/thread.h"
#include "runtime/job_runner.h"

namespace penstock {

class JobProgress {
 public:
  // Starts to report. `figures`: status lines and the summary, not only tables. REQUIRES: the runner is
  // prepared and outlives this object, as do the tables. The counts are those of all runners together.
  using Runners = std::function<std::vector<const JobRunner*>()>;
  JobProgress(Runners runners, StateForecasts forecasts, const Clock* clock, std::FILE* out,
              const LiveTables* tables, bool figures);
  // Stops and prints the summary.
  ~JobProgress();

 private:
  struct Counts {
    int64_t read = 0, malformed = 0, late = 0, aggregated = 0, written = 0;
    int64_t watermark = kNoWatermark;  // of the sources: the least
    int64_t newest = kNoWatermark;     // of the sources: the greatest
    int64_t slowest = kNoWatermark;    // of the aggregations: the least
  };
  Counts Collect() const;
  void Loop();
  // What a status line says, piece by piece.
  std::vector<std::string> StatusPieces(const Counts& counts, int64_t rate) const;
  std::string Summary(const Counts& counts, int64_t elapsed_ms) const;
  // A line for each task: how busy its subtasks were together.
  std::string Loads() const;
  // The tables as lines, cut to a screen that has `spare` rows for them; -1: no screen.
  std::vector<std::string> TableLines(int spare, int width) const;
  void Draw(const std::vector<std::string>& status);

  Runners runners_;
  StateForecasts forecasts_;
  const Clock* clock_;
  std::FILE* out_;
  const LiveTables* tables_;
  bool figures_;
  TerminalScreen screen_;
  int64_t started_ms_;
  int64_t recent_read_ = 0, recent_ms_ = 0;  // at the last status line, for the throughput now
  std::atomic<bool> done_{false};
  Thread thread_;
};

}  // namespace penstock
