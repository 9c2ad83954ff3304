// Operator: one step of a job. The runtime (or the operator before it in the same chain) calls it with
// batches from one thread at a time; it emits into an Output. Operators never block, sleep, or touch the
// outside world.
#pragma once

#include <cstdint>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/memory_budget.h"
#include "base/status.h"
#include "data/batch.h"
#include "env/clock.h"
#include "env/files/file_system.h"
#include "expr/function.h"
#include "state/state_backend.h"

namespace penstock {

// Numbered exits of an operator; the planner routes each as an ordinary edge. Unconnected lanes are only
// counted.
enum Lane : int { kMainLane = 0, kLateLane = 1, kBadLane = 2, kEarlyLane = 3, kLaneCount = 4 };

class Output {
 public:
  virtual ~Output() = default;
  // Takes the batch. Always succeeds; an operator that has much to emit asks full() between batches.
  virtual void Emit(int lane, Batch batch) = 0;
  // True while what was emitted cannot flow on: the operator returns kBlocked and keeps a cursor.
  virtual bool full() const = 0;
  void Emit(Batch batch) { Emit(kMainLane, std::move(batch)); }
};

enum class Progress : uint8_t {
  kDone,     // the call is finished
  kBlocked,  // the output is full; Resume is called when there is room, and nothing else before it returned
             // kDone
};

// What an operator has found out about its rows beyond counters (delay_sketch.h). Its readers know the kinds.
class OperatorFindings {
 public:
  virtual ~OperatorFindings() = default;
};

// Counters of one operator subtask, read from any thread.
struct OperatorMetrics {
  // Made by the operator when it opens, at most once; then shared with readers, and safe for them.
  void SetFindings(std::shared_ptr<OperatorFindings> made) {
    std::lock_guard lock(findings_mutex_);
    findings_ = std::move(made);
  }
  std::shared_ptr<OperatorFindings> findings() const {
    std::lock_guard lock(findings_mutex_);
    return findings_;
  }

  std::atomic<int64_t> rows_in{0};
  std::atomic<int64_t> rows_out{0};
  std::atomic<int64_t> late_rows{0};     // left out because of the watermark
  std::atomic<int64_t> partial_rows{0};  // taken, but not by all of their windows
  std::atomic<int64_t> bad_rows{0};      // could not be used: malformed, or without a time
  std::atomic<int64_t> bad_fields{0};    // became NULL in rows that were taken
  std::atomic<int64_t> future_rows{0};   // with a time far behind the clock; taken, unless a guard is set
  std::atomic<int64_t> watermark{kNoWatermark};
  std::atomic<int64_t> state_bytes{0};       // of its keyed state, in memory
  std::atomic<int64_t> most_state_bytes{0};  // that it has ever been
  std::atomic<int64_t> spilled_bytes{0};     // written to the work directory
  // Of the head of a task, for the whole task, in nanoseconds: working; waiting for input; for room behind
  // it.
  std::atomic<int64_t> busy_nanos{0}, idle_nanos{0}, blocked_nanos{0};

 private:
  mutable std::mutex findings_mutex_;
  std::shared_ptr<OperatorFindings> findings_;
};

// What an operator may use; outlives it.
struct OperatorContext {
  std::string operator_name;
  int subtask = 0;
  int parallelism = 1;
  int next_parallelism = 1;  // of the operator that its main lane leads to
  const Clock* clock = nullptr;
  const EvalContext* eval = nullptr;
  StateBackend* state = nullptr;
  FileSystem* files = nullptr;     // for lookups, and the work directory
  MemoryBudget* memory = nullptr;  // of the process; never null in a job
  std::string work_directory;  // for what does not fit into memory; made by who uses it, removed with the job
  OperatorMetrics* metrics = nullptr;
  int batch_rows = 1024;            // rows per emitted batch
  bool restore_watermarks = false;  // after a failure: go on where the watermark was
};

class Operator {
 public:
  virtual ~Operator() = default;

  // Called once, after state was restored and before any other call.
  virtual Status Open(OperatorContext* context) {
    context_ = context;
    return Status::Ok();
  }
  // Handles the rows and marks of a batch of input `input`, in order. Marks of several inputs are merged
  // before: each tells the operator's own watermark.
  virtual Result<Progress> Process(int input, const Batch& batch, Output& out) = 0;
  // Goes on after kBlocked.
  virtual Result<Progress> Resume(Output&) { return Progress::kDone; }
  // The processing-time instant it wants to be called at, INT64_MAX for none; asked after every call.
  virtual int64_t NextProcessingTime() const { return INT64_MAX; }
  virtual Result<Progress> OnProcessingTime(int64_t, Output&) { return Progress::kDone; }
  // The input ended; after the last one nothing but Snapshot and Close follows. A drained input sent
  // kMaxWatermark.
  virtual Result<Progress> OnEndOfInput(int, bool, Output&) { return Progress::kDone; }
  // Emits what a mini-batch holds back; before a barrier and when the job stops.
  virtual Result<Progress> Flush(Output&) { return Progress::kDone; }
  // State beside keyed state: a list of byte strings; on restore every subtask gets the lists of all old
  // subtasks.
  virtual Status SnapshotState(std::vector<std::string>*) { return Status::Ok(); }
  virtual Status RestoreState(const std::vector<std::string>&) { return Status::Ok(); }
  // Everything it was given is durable outside, or the job failed: release resources. `success` tells which.
  virtual Status Close(bool) { return Status::Ok(); }

 protected:
  OperatorContext* context_ = nullptr;
};

}  // namespace penstock
