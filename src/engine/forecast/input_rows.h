// InputRows: what reaches an input of a stateful operator of the rows of a table. The operators in between
// (filters, projections) are made once more and run on the rows of a sample, so that keys may be computed and
// what a filter drops is not counted. Part of EXPLAIN STATE; used by the session's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "stream/registry.h"

namespace penstock {

class InputRows {
 public:
  struct Surroundings {
    const JobGraph* graph = nullptr;
    const FactoryRegistry* registry = nullptr;
    const EvalContext* eval = nullptr;
    const Clock* clock = nullptr;
  };
  // Null where its rows are not those of one source: where another stateful operator or a union lies before.
  static Result<std::unique_ptr<InputRows>> Trace(const Surroundings& around, int vertex, int input);

  const JobVertex& source() const { return *source_; }
  // Of rows with the columns of source(); without marks.
  Result<Batch> Pass(Batch rows);
  // How far the watermark stays behind the rows, in milliseconds; of what passed so far.
  int64_t delay_ms() const { return delay_ms_; }
  // From the least to the greatest event time of what passed so far; 0 where there is no event time.
  double span_ms() const { return last_ms_ > first_ms_ ? static_cast<double>(last_ms_ - first_ms_) : 0; }

 private:
  struct Step {
    const JobVertex* vertex = nullptr;
    std::unique_ptr<Operator> op;  // null: rows pass as they are, with more columns perhaps
  };
  Status AddStep(const Surroundings& around, const JobVertex& vertex);
  Status NoteTimes(const JobVertex& assigner, const Batch& rows);

  const JobVertex* source_ = nullptr;
  std::vector<Step> steps_;  // from the source on
  OperatorMetrics metrics_;
  OperatorContext context_;
  int64_t delay_ms_ = 0;
  int64_t first_ms_ = INT64_MAX, last_ms_ = INT64_MIN;
};

}  // namespace penstock
