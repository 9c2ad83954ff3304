// Handing rows from a job to a reader.
#include "api/result_queue.h"

namespace penstock::v1 {

void ResultQueue::OnColumns(int, const Schema& schema) { schema_ = schema; }

void ResultQueue::OnRows(int, const penstock::Batch& batch) {
  std::lock_guard lock(mutex_);
  rows_ += batch.rows;
  batches_.push_back(batch);
  changed_.notify_one();
}

void ResultQueue::OnOk(int) { End({}); }
void ResultQueue::OnError(int, StatementPhase, const penstock::Status& status) { End(status); }

void ResultQueue::End(penstock::Status outcome) {
  std::lock_guard lock(mutex_);
  ended_ = true;
  outcome_ = std::move(outcome);
  wake_up_ = nullptr;
  changed_.notify_one();
}

bool ResultQueue::full() const {
  std::lock_guard lock(mutex_);
  return rows_ >= kMostRows;
}

void ResultQueue::set_wake_up(std::function<void()> wake_up) {
  std::lock_guard lock(mutex_);
  wake_up_ = std::move(wake_up);
}

std::optional<penstock::Batch> ResultQueue::Take(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  auto ready = [this] { return ended_ || !batches_.empty(); };
  if (wait == std::chrono::milliseconds::max())
    changed_.wait(lock, ready);
  else
    changed_.wait_for(lock, wait, ready);
  if (batches_.empty()) return std::nullopt;
  penstock::Batch batch = std::move(batches_.front());
  batches_.pop_front();
  bool was_full = rows_ >= kMostRows;
  rows_ -= batch.rows;
  if (was_full && rows_ < kMostRows && wake_up_) wake_up_();
  return batch;
}

bool ResultQueue::ended() const {
  std::lock_guard lock(mutex_);
  return ended_ && batches_.empty();
}

penstock::Status ResultQueue::error() const {
  std::lock_guard lock(mutex_);
  return batches_.empty() ? outcome_ : penstock::Status();
}

}  // namespace penstock::v1
