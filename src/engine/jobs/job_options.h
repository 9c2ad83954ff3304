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

// Where keyed state is kept: state.backend.type, or state.backend.
inline constexpr const char* kMemoryBackend = "hashmap";
inline constexpr const char* kDiskBackend = "rocksdb";
inline constexpr int64_t kDiskBudget = int64_t{1} << 30;  // of rocksdb where the script names none
std::string StateBackendOf(const sql::Config& config);
// state.memory.budget
int64_t MemoryBudgetOf(const sql::Config& config);
// Gives a job the folder `folder` below io.tmp.dirs, and below state.backend.rocksdb.localdir where that is
// set and the backend needs one.
void PlaceJob(const sql::Config& config, const std::string& folder, JobOptions* options);

// The graph written to bytes and read back. Internal when the bytes of the two differ.
Result<JobGraph> RoundTrip(const JobGraph& graph);

}  // namespace penstock
