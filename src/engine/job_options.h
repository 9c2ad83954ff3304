// What the SET options of a session say about how its jobs run (docs/reference/options.md lists them), and
// the way of a job graph through its serialised form. Used by Session on its thread.
#pragma once

#include "runtime/job_runner.h"
#include "sql/config.h"

namespace penstock {

// kBadOption when a value cannot be used.
//   penstock.batch-rows  most rows of a batch, 1 .. 65536; default 1024. Where it is set, a source that is
//   read
//                        in turn with others (connector `values`) hands out as many rows, by default one.
//   io.tmp.dirs          where what does not fit into memory goes; of several (separated by , or :) the
//   first. Default
//                        /tmp.
//   penstock.idle-time   of --stop-when-idle: how long nothing must have moved; default 200 ms.
Result<JobOptions> ReadJobOptions(const sql::Config& config);

// The graph written to bytes and read back. Internal when the bytes of the two differ.
Result<JobGraph> RoundTrip(const JobGraph& graph);

}  // namespace penstock
