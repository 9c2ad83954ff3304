// SnapshotCollector: gathers what the tasks of a job contribute to the savepoint that it stops with.
#pragma once

#include <map>
#include <mutex>
#include <vector>

#include "stream/snapshot.h"

namespace penstock {

// Complete once every task has passed the barrier or had finished before it. Thread-safe.
class SnapshotCollector {
 public:
  void Start(size_t tasks) {
    std::lock_guard lock(mutex_);
    tasks_ = tasks;
  }
  // `epoch` 0: the task has finished, and these parts stand for it in every epoch that it has not passed.
  void Add(size_t task, uint64_t epoch, std::vector<SubtaskSnapshot> parts) {
    std::lock_guard lock(mutex_);
    epochs_[epoch][task] = std::move(parts);
  }
  bool IsComplete(uint64_t epoch) const {
    std::lock_guard lock(mutex_);
    return Complete(epoch);
  }
  // The parts of all tasks; nothing where the epoch is not complete. Epoch 0: of a job that has finished.
  std::vector<SubtaskSnapshot> Collect(uint64_t epoch) const {
    std::lock_guard lock(mutex_);
    std::vector<SubtaskSnapshot> all;
    if (!Complete(epoch)) return all;
    for (size_t task = 0; task < tasks_; ++task) {
      const std::vector<SubtaskSnapshot>& parts = *Find(epoch, task);
      all.insert(all.end(), parts.begin(), parts.end());
    }
    return all;
  }

 private:
  const std::vector<SubtaskSnapshot>* Find(uint64_t epoch, size_t task) const {
    for (uint64_t e : {epoch, uint64_t{0}}) {
      auto passed = epochs_.find(e);
      if (passed == epochs_.end()) continue;
      auto parts = passed->second.find(task);
      if (parts != passed->second.end()) return &parts->second;
    }
    return nullptr;
  }
  bool Complete(uint64_t epoch) const {
    for (size_t task = 0; task < tasks_; ++task) {
      if (Find(epoch, task) == nullptr) return false;
    }
    return tasks_ > 0;
  }

  mutable std::mutex mutex_;
  size_t tasks_ = 0;
  std::map<uint64_t, std::map<size_t, std::vector<SubtaskSnapshot>>> epochs_;
};

}  // namespace penstock
