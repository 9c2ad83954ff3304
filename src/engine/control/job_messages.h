// Requests to a JobService and its answers as JSON texts, both ways. Every answer is an object: with "error"
// (and "code", "hint") where the call failed. Unknown members are ignored, so that versions may differ. See
// docs/formats/control.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/control/job_service.h"

namespace penstock {

struct ControlRequest {
  std::string call;       // list, metrics, savepoint, stop, cancel
  std::string job;        // uid
  std::string directory;  // of savepoint and stop
  std::string format;     // of metrics: text, json or prometheus
  bool drain = false;
  bool savepoint = false;

  std::string Write() const;
  static Result<ControlRequest> Read(std::string_view bytes);
};

std::string WriteError(const Status& status);
std::string WriteOverviews(const std::vector<JobOverview>& jobs);
// An answer with one text: a rendered report, or the path of a savepoint.
std::string WriteText(const std::string& text);

// Each fails with the error that the answer carries.
Result<std::vector<JobOverview>> ReadOverviews(std::string_view bytes);
Result<std::string> ReadText(std::string_view bytes);

std::string OverviewJson(const JobOverview& job);

}  // namespace penstock
