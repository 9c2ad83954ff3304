// The two sides of a checkpoint: a job that can be told to take one (CheckpointedJob, the runtime's), and who
// gathers what its tasks hand in (CheckpointListener, the coordinator's). Protocol:
// docs/design/checkpoints.md.
//
// An epoch is what lies between two barriers. Its outcome is decided once, after everything in it is durable;
// only then sinks commit what they prepared in it.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "stream/snapshot.h"

namespace penstock {

// Decides every epoch: of the last checkpoint of a job whose tasks have all ended.
inline constexpr uint64_t kLastEpoch = UINT64_MAX;
// Of the barrier behind which a job stops with a savepoint: after every checkpoint's, and not decided alone:
// what sinks wrote before it belongs to the last epoch.
inline constexpr uint64_t kSavepointEpoch = kLastEpoch - 1;

class CheckpointListener {
 public:
  virtual ~CheckpointListener() = default;
  // Task `task` passed the barrier of `epoch`. Called on the task's thread; must not block.
  virtual void OnSnapshot(size_t task, uint64_t epoch, std::vector<SubtaskSnapshot> parts) = 0;
  // The task has ended: `parts` stand for it in every later epoch. `drained`: its sources had, too; otherwise
  // the job was asked to stop. A task with prepared output stays until kLastEpoch is decided.
  virtual void OnEnded(size_t task, bool drained, std::vector<SubtaskSnapshot> parts) = 0;
};

// All methods may be called from any thread and return at once.
class CheckpointedJob {
 public:
  virtual ~CheckpointedJob() = default;
  // Known after Prepare.
  virtual size_t task_count() const = 0;
  // Sends the barrier of `epoch` from every source. Epochs rise.
  virtual void StartCheckpoint(uint64_t epoch) = 0;
  // Epoch `epoch` and all before it count: sinks commit what they prepared in them.
  virtual void CheckpointDecided(uint64_t epoch) = 0;
  // Ends the job with this error.
  virtual void Fail(Status status) = 0;
};

}  // namespace penstock
