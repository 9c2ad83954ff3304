// StateBackend: makes and keeps the keyed states and timers of one operator subtask, and carries them over a
// savepoint. One backend per subtask, used by its thread only.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "env/clock.h"
#include "state/key_group.h"
#include "state/keyed_state.h"

namespace penstock {

class StateBackend {
 public:
  virtual ~StateBackend() = default;
  // The state of that name, made when it is new; owned by the backend. REQUIRES: the same descriptor every
  // time.
  virtual Result<FixedState*> OpenFixed(const StateDescriptor& descriptor) = 0;
  virtual Result<MapState*> OpenMap(const StateDescriptor& descriptor) = 0;
  virtual Result<TimerQueue*> OpenTimers(const std::string& name) = 0;

  // Writes everything, key group by key group (docs/formats/savepoint.md).
  virtual Status Snapshot(ByteWriter& out) = 0;
  // Adds the entries of a snapshot whose key group this backend owns. Called before any Open, once per old
  // subtask.
  virtual Status Restore(std::string_view snapshot) = 0;
  virtual size_t MemoryBytes() const = 0;
};

// The in-memory backend. `clock` measures TTLs.
std::unique_ptr<StateBackend> MakeHashBackend(KeyGroupRange range, const Clock* clock);

}  // namespace penstock
