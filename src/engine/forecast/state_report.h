// What the summary of a run says about state: the most memory that the state of each operator has taken, and
// beside it what EXPLAIN STATE of the same statement had forecast in this session.
#pragma once

#include <map>
#include <string>

#include "runtime/job_runner.h"

namespace penstock {

// What EXPLAIN STATE has forecast of an operator.
struct StateBytes {
  double memory = 0;   // within the budget of a backend that has a disk
  double records = 0;  // on disk at most, before compression; 0 where all of it fits into memory
};
using StateForecasts = std::map<std::string, StateBytes>;  // by operator uid

// A line for each operator that has a forecast or much state, with its line break; "" where there is none.
std::string StateReport(const JobRunner& runner, const StateForecasts& forecasts);

}  // namespace penstock
