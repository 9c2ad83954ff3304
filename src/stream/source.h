// Source: where rows enter a job. It is cut into splits (a file, a Kafka partition); a SplitEnumerator finds
// them, each subtask's SplitReader reads those it was given. Readers never block: they return what is there
// and call the wake-up when there is more. Positions are part of every snapshot.
#pragma once

#include <atomic>
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

namespace penstock {

struct SourceSplit {
  std::string id;        // stable over restarts
  std::string position;  // opaque to all but the source; empty: from the start
};

enum class PollState : uint8_t {
  kRows,     // `batch` has rows (or marks)
  kNothing,  // nothing now; the reader wakes the task, or is polled again at retry_at_ms
  kEnd,      // all its splits are at their end
};

struct PollResult {
  PollState state = PollState::kNothing;
  Batch batch;
  int64_t retry_at_ms = INT64_MAX;  // monotonic
  bool sleeping = false;  // of kNothing: rows are left but a pause is asked for: the source is not idle
};

// What a reader may use; outlives it.
struct SourceContext {
  int subtask = 0;
  int parallelism = 1;
  const Clock* clock = nullptr;
  FileSystem* files = nullptr;
  const EvalContext* eval = nullptr;
  std::function<void()> wake_up;               // may be called from any thread
  std::atomic<int64_t>* bad_rows = nullptr;    // records that could not be decoded
  std::atomic<int64_t>* bad_fields = nullptr;  // values that became NULL because they could not be read
  // Splits come out of a savepoint: what Discover finds beyond them is new since then. A source whose splits
  // divide one sequence finds none.
  bool restored = false;
  ObjectStores* objects = nullptr;  // null: there are none
};

class SplitReader {
 public:
  virtual ~SplitReader() = default;
  virtual Status AddSplits(std::vector<SourceSplit> splits) = 0;
  // At most `max_rows` rows of one split. Lane kBadLane rows come with PollResult of their own, see
  // TakeBadRows.
  virtual Result<PollResult> Poll(int64_t max_rows) = 0;
  // Rows that could not be decoded since the last call, in the layout of formats/bad_rows.h; empty when none.
  virtual Batch TakeBadRows() { return {}; }
  // The splits with their positions after the last Poll.
  virtual std::vector<SourceSplit> Snapshot() const = 0;
  // What an earlier Snapshot gave counts now; for those who want to tell the outside. Recovery never needs
  // it.
  virtual void OnDecided(const std::vector<SourceSplit>&) {}
};

class SplitEnumerator {
 public:
  virtual ~SplitEnumerator() = default;
  // Splits not known yet; called at the start and then every discovery_interval_ms.
  virtual Result<std::vector<SourceSplit>> Discover() = 0;
  virtual int64_t discovery_interval_ms() const { return INT64_MAX; }
};

// Made from its spec by the registry; may be used by several subtasks, each making its own reader.
class Source {
 public:
  virtual ~Source() = default;
  virtual Result<std::unique_ptr<SplitEnumerator>> MakeEnumerator(const SourceContext& context) = 0;
  virtual Result<std::unique_ptr<SplitReader>> MakeReader(const SourceContext& context) = 0;
};

}  // namespace penstock
