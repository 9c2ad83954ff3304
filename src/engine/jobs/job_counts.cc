// Adding up a job's counters.
#include "engine/jobs/job_counts.h"

#include <vector>

#include "base/strings.h"
#include "engine/output/terminal_screen.h"

namespace penstock {

void JobCounts::Add(const JobRunner& runner) {
  for (const VertexMetrics& vertex : runner.metrics()) {
    const OperatorMetrics& m = *vertex.metrics;
    bool source = vertex.name.starts_with("Source ");
    (source ? malformed : quarantined) += m.bad_rows;
    bad_fields += m.bad_fields;
    late += m.late_rows;
    partial += m.partial_rows;
    future += m.future_rows;
    if (m.late_rows > 0) late_by[vertex.name] += m.late_rows;
  }
}

JobCounts JobCounts::Of(const std::vector<const JobRunner*>& runners) {
  JobCounts counts;
  for (const JobRunner* runner : runners) counts.Add(*runner);
  return counts;
}

std::string JobCounts::Losses() const {
  std::vector<std::string> parts;
  auto add = [&](int64_t count, const char* one, const std::string& many) {
    if (count > 0) parts.push_back(GroupedDigits(count) + " " + (count == 1 ? one : many));
  };
  std::vector<std::string> operators;
  for (const auto& [name, rows] : late_by) {
    operators.push_back(late_by.size() == 1 ? name : name + " " + GroupedDigits(rows));
  }
  add(late, "late row", "late rows");
  if (late > 0) parts.back() += " (" + Join(operators, ", ") + ")";
  add(partial, "row that missed some of its windows", "rows that missed some of their windows");
  add(malformed, "malformed record", "malformed records");
  add(quarantined, "row with an unusable time", "rows with an unusable time");
  add(bad_fields, "unreadable field read as NULL", "unreadable fields read as NULL");
  add(future, "row far in the future", "rows far in the future");
  return Join(parts, ", ");
}

}  // namespace penstock
