// What the summary of a run says about salted keys: which, what share of the rows they have, over how many
// subtasks they are spread, and what the busiest subtask has to do (docs/design/hot-keys.md).
#pragma once

#include <string>
#include <vector>

#include "runtime/job_runner.h"

namespace penstock {

// One line for each salted aggregation, and for each operator whose keys are watched, with its line break; ""
// where there is none.
std::string HotKeyReport(const std::vector<const JobRunner*>& attempts);

}  // namespace penstock
