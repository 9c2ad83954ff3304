// JobCounts: what became of the records a job has read, added up from the counters of its vertices. Rows that
// are not in a result are always among them: nothing is left out silently. Readable while the job runs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/job_runner.h"

namespace penstock {

struct JobCounts {
  // Of the attempts of a job.
  static JobCounts Of(const std::vector<const JobRunner*>& runners);

  // Records that were left out: "" or, for people, "3 late rows (WindowAggregate), 1 malformed record".
  std::string Losses() const;

  int64_t malformed = 0;    // records that could not be decoded
  int64_t quarantined = 0;  // rows that operators could not use: without a time, or too far in the future
  int64_t late = 0;         // rows left out because of the watermark, by all operators together
  int64_t partial = 0;      // taken, but not by all of their windows
  int64_t bad_fields = 0;   // values that became NULL because they could not be read
  int64_t future = 0;       // rows with a time far ahead of the clock
  std::map<std::string, int64_t> late_by;  // operator -> rows

 private:
  void Add(const JobRunner& runner);
};

}  // namespace penstock
