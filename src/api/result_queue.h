// ResultQueue: the rows of a query between its job and its reader. The job's thread puts them in and waits
// when thousands lie there; the reader takes them out and wakes the job.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "engine/output/result_handler.h"

namespace penstock::v1 {

class ResultQueue : public ResultHandler {
 public:
  // The job's side.
  void OnColumns(int statement, const Schema& schema) override;
  void OnRows(int statement, const penstock::Batch& batch) override;
  void OnOk(int statement) override;
  void OnError(int statement, StatementPhase phase, const penstock::Status& status) override;
  bool full() const override;
  void set_wake_up(std::function<void()> wake_up) override;

  // The reader's side. The oldest batch, waiting for it at most that long; nullopt when there is none in time
  // or ever.
  std::optional<penstock::Batch> Take(std::chrono::milliseconds wait);
  // Nothing left, and nothing will come.
  bool ended() const;
  // The failure that ended the query, once all rows before it have been taken.
  penstock::Status error() const;
  // Before the first Take, on the thread that started the query.
  const Schema& schema() const { return schema_; }

 private:
  static constexpr int64_t kMostRows = 16384;
  void End(penstock::Status outcome);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<penstock::Batch> batches_;
  int64_t rows_ = 0;
  bool ended_ = false;
  penstock::Status outcome_;
  std::function<void()> wake_up_;  // null once the job has ended
  Schema schema_;
};

}  // namespace penstock::v1
