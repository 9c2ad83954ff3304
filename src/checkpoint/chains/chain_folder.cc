// Folds beside checkpoints. Beside step 11 of a record's way.
#include "checkpoint/chains/chain_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "env/failpoint.h"

namespace penstock {

namespace {
Failpoint planned("fold.planned", "chains are to be folded, nothing is read");
Failpoint waiting("fold.waiting", "a checkpoint waits because a chain must not get longer");

constexpr int64_t kFirstPauseMs = 1000;  // after a failure; doubled with each
constexpr int64_t kLongestPauseMs = 60'000;
}  // namespace

void ChainFolder::Tell(const std::string& text) const {
  if (tell_) tell_(text);
}

bool ChainFolder::SetPresent(const Fold& fold, Fold* place) {
  std::lock_guard lock(mutex_);
  if (cancelled_ && fold) return false;
  *place = fold;
  return true;
}

void ChainFolder::Start(uint64_t epoch) {
  Collect();
  if (present_ || clock_->MonotonicMillis() < not_before_ms_) return;
  Fold fold = store_->NewFold(epoch);
  if (!fold) return;
  if (!planned.Hit().ok() || !SetPresent(fold, &present_)) return store_->EndFold(fold);
  stepped_elsewhere_ = background_ && background_([fold] { return fold->Step(); });
  if (stepped_elsewhere_) return;
  thread_.Join();
  thread_ = Thread("fold", [fold] {
    while (fold->Step()) {
    }
  });
}

void ChainFolder::Collect() {
  if (!present_) return;
  bool ended = present_->ended();  // before what it has done is taken
  store_->Adopt(present_.get());
  if (!ended) return;
  (void)Conclude(present_);
  SetPresent(nullptr, &present_);
}

// Counts the outcome of a fold that has ended.
Status ChainFolder::Conclude(const Fold& fold) {
  store_->Adopt(fold.get());
  store_->EndFold(fold);
  Status outcome = fold->outcome();
  if (outcome.code() == StatusCode::kCancelled) return outcome;
  {
    std::lock_guard lock(mutex_);
    ++(outcome.ok() ? statistics_.folded : statistics_.failed);
  }
  if (outcome.ok()) {
    pause_ms_ = 0;
    return outcome;
  }
  pause_ms_ = std::clamp(2 * pause_ms_, kFirstPauseMs, kLongestPauseMs);
  not_before_ms_ = clock_->MonotonicMillis() + pause_ms_;
  Tell(fmt::format("chains of state could not be shortened, which is tried again in {} ms: {}", pause_ms_,
                   outcome.ToString()));
  return outcome;
}

Status ChainFolder::Prepare(const std::vector<const SubtaskSnapshot*>& parts) {
  Collect();
  Fold needed = store_->NewFoldBefore(parts);
  if (!needed) return Status::Ok();
  int64_t begun = clock_->MonotonicMillis();
  size_t links = store_->longest_chain();
  bool waits = present_ != nullptr;
  (void)waiting.Hit();
  if (waits) {
    store_->EndFold(needed);
    AwaitPresent();
    needed = store_->NewFoldBefore(parts);
  }
  Status outcome;
  // One that has just failed would most likely fail again: the chains grow, which was told.
  if (needed && begun >= not_before_ms_ && SetPresent(needed, &waited_)) {
    waits = true;
    while (needed->Step()) {
    }
    SetPresent(nullptr, &waited_);
    outcome = Conclude(needed);
  } else if (needed) {
    store_->EndFold(needed);
  }
  if (waits) NoteWait(links, clock_->MonotonicMillis() - begun);
  return outcome.code() == StatusCode::kCorruption ? outcome : Status::Ok();
}

void ChainFolder::AwaitPresent() {
  while (stepped_elsewhere_ && present_->Step()) {
  }
  present_->AwaitEnd();
  Collect();
}

void ChainFolder::NoteWait(size_t links, int64_t millis) {
  {
    std::lock_guard lock(mutex_);
    ++statistics_.waits;
  }
  Tell(fmt::format("a checkpoint has waited {} ms because chains of state had become too long ({} links)",
                   millis, links));
}

void ChainFolder::Cancel() {
  std::lock_guard lock(mutex_);
  cancelled_ = true;
  if (present_) present_->Cancel();
  if (waited_) waited_->Cancel();
}

void ChainFolder::Close() {
  Cancel();
  thread_.Join();
  if (present_) {
    present_->Step();  // removes what it had begun, where nobody steps it any more
    store_->EndFold(present_);
    SetPresent(nullptr, &present_);
  }
  store_->ForgetFolds();
}

FoldStatistics ChainFolder::statistics() const {
  std::lock_guard lock(mutex_);
  return statistics_;
}

}  // namespace penstock
