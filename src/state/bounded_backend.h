// BoundedBackend: a StateBackend as the runtime sees it: one that keeps to a memory budget, and whose
// snapshots may be larger than memory. One per subtask, used by its thread only.
#pragma once

#include <memory>

#include "base/error_catalog.h"
#include "base/memory_budget.h"
#include "state/keyed_source.h"
#include "state/state_backend.h"

namespace penstock {

class OrderedStore;

// Of a backend that has nowhere but memory; docs/reference/errors.md.
inline constexpr ErrorNumber kStateExceedsMemory{5011};

// A KeyedSnapshot, or what is to be read for it.
struct KeyedPart {
  uint64_t since = 0;
  std::string bytes;
  // In place of `bytes` where not all of it is in memory; to be read by any one thread, as long as is needed.
  std::shared_ptr<KeyedSource> source;
  Result<KeyedSnapshot> ToBytes() &&;
};

class BoundedBackend : public StateBackend {
 public:
  // As Snapshot and Checkpoint.
  virtual Result<KeyedPart> SnapshotPart() = 0;
  virtual Result<KeyedPart> CheckpointPart(uint64_t epoch, uint64_t decided) = 0;
  using StateBackend::Restore;
  virtual Status Restore(KeyedSource& snapshot) = 0;
  // Between batches, when nobody holds pointers into states: takes from the budget what the state has grown
  // by, and where that is not to be had moves state out of memory, or fails. Also reports what went wrong in
  // calls that return nothing. Cheap: mostly it does nothing.
  virtual Status Settle() = 0;

  Status Snapshot(ByteWriter& out) final;
  Result<KeyedSnapshot> Checkpoint(uint64_t epoch, uint64_t decided) final;
};

// Keeps everything in memory; Settle fails (kStateExceedsMemory) when the budget is exceeded. `clock`
// measures TTLs.
std::unique_ptr<BoundedBackend> MakeHashBackend(KeyGroupRange range, const Clock* clock,
                                                MemoryBudget* memory);

// Keeps in memory what fits into the budget, and the rest in a store (ordered_store.h) that it shares with
// others.
std::unique_ptr<BoundedBackend> MakeTieredBackend(KeyGroupRange range, const Clock* clock,
                                                  MemoryBudget* memory, std::shared_ptr<OrderedStore> store);

}  // namespace penstock
