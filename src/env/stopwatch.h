// Elapsed time for measurements: what a program does never depends on it, so there is no simulated one; see
// Clock for everything else.
#pragma once

#include <cstdint>

namespace penstock {

// Nanoseconds that only move forward, from an unknown start; about 25 ns a call.
int64_t StopwatchNanos();

}  // namespace penstock
