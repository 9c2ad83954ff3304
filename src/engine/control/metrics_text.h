// What a job does, as text: for people, as JSON, and in Prometheus' exposition format (version 0.0.4). Names
// and units: docs/reference/metrics.md, which the tests compare with what is printed.
#pragma once

#include <string>

#include "engine/control/job_service.h"

namespace penstock {

// `format`: text, json or prometheus; kInvalidArgument for others.
Result<std::string> MetricsText(const JobMetrics& metrics, const std::string& format);

// "busy 12 %, idle 80 %, back-pressured 8 %"; "" where nothing was measured.
std::string LoadText(int64_t busy_nanos, int64_t idle_nanos, int64_t blocked_nanos);

}  // namespace penstock
