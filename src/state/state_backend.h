// StateBackend: makes and keeps the keyed states and timers of one operator subtask, and carries them over
// checkpoints and savepoints. One backend per subtask, used by its thread only.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "env/clock.h"
#include "state/key_group.h"
#include "state/keyed_state.h"

namespace penstock {

// The keyed state of a subtask as part of a checkpoint. Format: docs/formats/keyed_state.md.
struct KeyedSnapshot {
  // The checkpoint that it changes: `bytes` is a delta, or empty where nothing changed. 0: it is everything
  // there is, empty where there is none.
  uint64_t since = 0;
  std::string bytes;
};

class StateBackend {
 public:
  virtual ~StateBackend() = default;
  // The state of that name, made when it is new; owned by the backend. REQUIRES: the same descriptor every
  // time.
  virtual Result<FixedState*> OpenFixed(const StateDescriptor& descriptor) = 0;
  virtual Result<MapState*> OpenMap(const StateDescriptor& descriptor) = 0;
  virtual Result<TimerQueue*> OpenTimers(const std::string& name) = 0;

  // Writes everything, key group by key group: what savepoints hold. Has no effect on checkpoints.
  virtual Status Snapshot(ByteWriter& out) = 0;
  // The state at the barrier of checkpoint `epoch`: what changed since checkpoint `decided`, the newest one
  // known to count (0: none), where this backend took it and still knows; else everything. What went into a
  // checkpoint that was abandoned is thus in the next one again. Epochs rise.
  virtual Result<KeyedSnapshot> Checkpoint(uint64_t epoch, uint64_t decided) = 0;
  // Adds the entries of a snapshot whose key group this backend owns. Called before any Open, once per old
  // subtask; with what MergeKeyed (keyed_merge.h) made of a chain.
  virtual Status Restore(std::string_view snapshot) = 0;
  // What was restored is this subtask's state of checkpoint `epoch`, all of it and nothing else: the next
  // checkpoint may be a delta on it. After the last Restore, before any Open.
  virtual void GoOnFrom(uint64_t epoch) = 0;
  virtual size_t MemoryBytes() const = 0;
};

// The in-memory backend. `clock` measures TTLs.
std::unique_ptr<StateBackend> MakeHashBackend(KeyGroupRange range, const Clock* clock);

}  // namespace penstock
