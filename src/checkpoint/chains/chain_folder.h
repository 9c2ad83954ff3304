// ChainFolder: when the chains of a job's state are folded, and where: beside its checkpoints, on a thread of
// its own or as the simulation wants it; one fold at a time. A checkpoint waits only where a chain would get
// longer than any may (ChainLimits::hard_links, hard_bytes). A fold that fails is told of, counted and tried
// again after a pause; it never makes a checkpoint fail, but for one that finds damage when it is waited for.
//
// Used by the coordinator's driver; Cancel, Close and statistics as they say.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "checkpoint/checkpoint_store.h"
#include "env/clock.h"
#include "env/thread.h"

namespace penstock {

struct FoldStatistics {
  int64_t folded = 0, failed = 0;  // folds
  int64_t waits = 0;               // checkpoints that had to wait for one
};

class ChainFolder {
 public:
  // Calls `step` again and again until it returns false, or for ever not; false: the caller needs a thread.
  using Background = std::function<bool(const std::function<bool()>& step)>;

  // Both outlive it.
  ChainFolder(CheckpointStore* store, const Clock* clock) : store_(store), clock_(clock) {}
  ~ChainFolder() { Close(); }

  void set_background(Background background) { background_ = std::move(background); }
  // Is told of failures and of checkpoints that have waited; on the driver's thread.
  void set_tell(std::function<void(const std::string& text)> tell) { tell_ = std::move(tell); }

  // `epoch` was decided: its chains that are too long are folded from now on, unless a fold is under way or
  // one has just failed.
  void Start(uint64_t epoch);
  // Before `parts` are sealed: what was folded meanwhile counts. Waits where it must; then an error says that
  // a chain is damaged.
  Status Prepare(const std::vector<const SubtaskSnapshot*>& parts);
  // From any thread: the fold under way ends, nobody waits, no other begins.
  void Cancel();
  // The same, and waits until it has ended. When the driver does nothing any more.
  void Close();
  FoldStatistics statistics() const;

 private:
  using Fold = std::shared_ptr<ChainFold>;
  // Takes what is there; the fold is not the present one any more when it has ended.
  void Collect();
  Status Conclude(const Fold& fold);
  void AwaitPresent();
  void NoteWait(size_t links, int64_t millis);
  // False: cancelled.
  bool SetPresent(const Fold& fold, Fold* place);
  void Tell(const std::string& text) const;

  CheckpointStore* const store_;
  const Clock* const clock_;
  Background background_;
  std::function<void(const std::string&)> tell_;
  bool stepped_elsewhere_ = false;  // the present fold, not by thread_
  Thread thread_;
  int64_t not_before_ms_ = 0;
  int64_t pause_ms_ = 0;  // after the next failure

  mutable std::mutex mutex_;
  bool cancelled_ = false;
  Fold present_;  // beside the checkpoints
  Fold waited_;   // one that a checkpoint waits for, on the driver's thread
  FoldStatistics statistics_;
};

}  // namespace penstock
