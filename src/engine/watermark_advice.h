// What the summary of a run says about watermarks: for each table that has one the share of rows behind it,
// at the delay it has and at five others (docs/reference/late-rows.md).
#pragma once

#include <string>

#include "runtime/job_runner.h"
#include "stream/delay_sketch.h"

namespace penstock {

// One line a table, each with its line break; "" where no table has a watermark or none had rows.
std::string WatermarkAdvice(const JobRunner& runner);
// "clicks: at 60 s you drop up to 0.40 % (now), at 90 s 0.10 %, ..", by ascending delay.
std::string WatermarkAdviceOf(const std::string& table, const DelayShares& shares);

}  // namespace penstock
