// Sink: where rows leave a job. Each subtask has a SinkWriter, driven by the runtime on the task's thread;
// blocking clients keep their own threads behind it. What a writer prepared for an epoch becomes visible when
// it is committed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "data/batch.h"
#include "env/clock.h"
#include "env/files/file_system.h"
#include "env/objects/object_store.h"
#include "expr/function.h"
#include "stream/decision_log.h"

namespace penstock {

struct SinkContext {
  int subtask = 0;
  int parallelism = 1;
  const Clock* clock = nullptr;
  FileSystem* files = nullptr;
  const EvalContext* eval = nullptr;
  std::function<void()> wake_up;
  DecisionLog* decisions = nullptr;  // of the job, where it has one; outlives the writers
  ObjectStores* objects = nullptr;   // null: there are none
  std::string job;                   // its uid, "" without checkpoints
};

class SinkWriter {
 public:
  virtual ~SinkWriter() = default;
  virtual Status Write(const Batch& batch) = 0;
  // Looks after the client: fails when something written before could not be delivered. Called before full()
  // is asked again, and every poll_interval_ms() while the job runs.
  virtual Status Poll() { return Status::Ok(); }
  virtual int64_t poll_interval_ms() const { return INT64_MAX; }
  // True while it cannot take more; it wakes the task when it can. Also asked behind a barrier.
  virtual bool full() const { return false; }
  // Everything written so far reaches the outside (buffers flushed, acknowledged); may take several calls:
  // false means not yet, and the task is woken up to ask again. Before every barrier and at the end.
  virtual Result<bool> Flush() { return true; }
  // The barrier of `epoch` is passed (kLastEpoch: nothing follows): serialised committables of everything
  // since the last call. Empty: Flush made it visible already, or the job's DecisionLog will. Behind Flush.
  virtual Result<std::vector<std::string>> Prepare(uint64_t) { return std::vector<std::string>(); }
  virtual Status Close(bool) { return Status::Ok(); }
};

// Makes prepared output visible; idempotent, called after the epoch was decided.
class Committer {
 public:
  virtual ~Committer() = default;
  virtual Status Commit(const std::vector<std::string>& committables) = 0;
};

class Sink {
 public:
  virtual ~Sink() = default;
  virtual Result<std::unique_ptr<SinkWriter>> MakeWriter(const SinkContext& context) = 0;
  // Null where Flush alone makes output visible.
  virtual Result<std::unique_ptr<Committer>> MakeCommitter(const SinkContext&) {
    return std::unique_ptr<Committer>();
  }
};

}  // namespace penstock
