// Keys with a subtask of their own: SET 'penstock.hot-keys' = 'dedicated' (docs/design/hot-keys.md). A watch
// in front of an exchange counts keys and keeps what it saw in checkpoints; whoever starts a job from one
// chooses the keys anew out of that, so that a choice holds from one restore to the next and changes nowhere
// else. Plain data, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "state/key_group.h"
#include "stream/operator.h"

namespace penstock {

// What one watch, or several together, have seen of the keys of a stream.
struct WatchedKeys {
  struct Key {
    std::string bytes;
    uint64_t hash = 0;
    int64_t rows = 0;  // at least
  };
  int64_t rows = 0;       // looked at
  int64_t fewest = 4096;  // rows to be looked at before anything is chosen
  std::vector<Key> keys;

  void Add(const WatchedKeys& other);
  // Of the rows looked at.
  double ShareOf(uint64_t hash) const;
  // An element of Operator::SnapshotState.
  std::string Write() const;
  static Result<WatchedKeys> Read(std::string_view bytes);
};

// The keys that get a subtask of their own among `parallelism`: those that alone make at least `margin` times
// what each of the subtasks left should have, the greatest first; at least one subtask is left to all others.
DedicatedKeys ChooseDedicated(const WatchedKeys& seen, int parallelism, double margin = 1);

// What a watch tells while it runs.
class WatchFindings : public OperatorFindings {
 public:
  void Set(WatchedKeys seen) {
    std::lock_guard lock(mutex_);
    seen_ = std::move(seen);
  }
  WatchedKeys seen() const {
    std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  mutable std::mutex mutex_;
  WatchedKeys seen_;
};

}  // namespace penstock
