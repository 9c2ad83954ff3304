// Task: one subtask of a chain: its head (a source reader or an input gate), its operators, and the
// cooperative state machine that drives them. Step() never blocks; the executor calls it again when it asked
// for that or was woken up. One thread at a time runs a task.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/input_gate.h"
#include "runtime/operator_chain.h"
#include "runtime/task_load.h"
#include "stream/source.h"

namespace penstock {

// What Step() wants next.
struct StepResult {
  enum class Want : uint8_t {
    kAgain,     // there is more to do right now
    kWait,      // nothing until a wake-up or until wake_at_ms
    kFinished,  // never again
  };
  Want want = Want::kWait;
  bool moved = false;              // something was processed
  bool exhausted = false;          // a source: all rows delivered for now, nothing sleeping
  int64_t wake_at_ms = INT64_MAX;  // monotonic
};

class Task {
 public:
  // What the task reports to its job; called on the task's thread.
  struct Callbacks {
    std::function<void(uint64_t epoch, std::vector<SubtaskSnapshot>)> on_snapshot;
    // The task ended; nothing it says follows.
    std::function<void(bool drained, std::vector<SubtaskSnapshot>)> on_ended;
    std::function<Result<std::vector<SourceSplit>>()>
        discover;  // of a source: splits assigned to this subtask
  };

  Task(std::string name, const Clock* clock, Callbacks callbacks)
      : name_(std::move(name)), clock_(clock), callbacks_(std::move(callbacks)) {}

  const std::string& name() const { return name_; }
  OperatorChain& chain() { return chain_; }
  InputGate& gate() { return gate_; }
  bool is_source() const { return reader_ != nullptr; }
  bool has_sinks() const { return chain_.has_sinks(); }
  void SetSource(const JobVertex* vertex, int subtask, std::unique_ptr<SplitReader> reader,
                 int64_t discovery_interval_ms);

  // In a job with checkpoints: sinks commit only what was decided.
  void set_commits_on_decision(bool value) { commits_on_decision_ = value; }
  // Before Open: the checkpoint that the job was restored from.
  void GoOnFrom(uint64_t epoch) {
    decided_ = epoch;
    committed_ = epoch;
  }
  // Before Open: the watermark that was reached before a failure.
  void StartAtWatermark(int64_t watermark) { start_watermark_ = watermark; }

  Status Open();
  // Handles at most one element or `max_rows` rows of its source.
  Result<StepResult> Step(int64_t max_rows);
  Status Close(bool success);

  // From any thread: emits a barrier (a source), or ends the source, without a final watermark unless it is
  // to drain.
  void RequestBarrier(uint64_t epoch);
  void RequestStop(bool drain);
  // From any thread: the epoch and all before it were decided.
  void NoteDecided(uint64_t epoch);
  void AddSplits(std::vector<SourceSplit> splits);
  // From any thread: brings the times in its head's metrics up to now.
  void RefreshLoad() { load_.Refresh(); }
  // From any thread: up to which epoch its sinks have committed.
  uint64_t committed() const { return committed_.load(std::memory_order_acquire); }

 private:
  enum class State : uint8_t {
    kRunning,  // takes elements
    kBarrier,  // flushes before the snapshot of epoch_
    kEnding,   // inputs have ended; drains and flushes
    kEnded,    // has prepared output; waits for the last epoch to be decided
    kFinished,
  };
  struct Mailbox {
    std::mutex mutex;
    std::vector<uint64_t> barriers;
    std::vector<SourceSplit> splits;
    bool stop = false, drain = false;
  };

  Result<StepResult> Run(int64_t max_rows);
  Result<StepResult> PollSource(int64_t max_rows);
  Result<StepResult> TakeFromGate();
  Result<bool> HandleMail();
  Status EndSource(bool drained);
  Status BeginEnd(int input, bool drained);
  Result<StepResult> StepBarrier();
  Result<StepResult> StepEnding();
  Result<StepResult> StepEnded();
  Result<std::vector<SubtaskSnapshot>> TakeSnapshot(uint64_t epoch);
  Status CommitDecided();

  std::string name_;
  const Clock* clock_;
  Callbacks callbacks_;
  OperatorChain chain_;
  InputGate gate_;
  State state_ = State::kRunning;
  uint64_t epoch_ = 0;
  bool drained_ = true;
  bool commits_on_decision_ = false;
  int64_t start_watermark_ = kNoWatermark;
  std::atomic<uint64_t> decided_{0};
  std::atomic<uint64_t> committed_{0};
  std::map<uint64_t, std::vector<SourceSplit>> undecided_;  // positions of a source, by epoch
  Mailbox mailbox_;
  TaskLoad load_;
  bool blocked_ = false;  // in the last step: for want of room
  // Source head.
  const JobVertex* source_vertex_ = nullptr;
  int subtask_ = 0;
  std::unique_ptr<SplitReader> reader_;
  int64_t discovery_interval_ms_ = INT64_MAX;
  int64_t next_discovery_ms_ = INT64_MAX;
  std::vector<DataType> source_types_;
};

}  // namespace penstock
