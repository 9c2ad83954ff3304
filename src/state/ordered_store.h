// OrderedStore: bytes by key in the order of their bytes, on disk: where state goes that does not fit into
// memory. The port to RocksDB; in memory for tests and the simulation. One for all subtasks of a job, each
// under a prefix of its own. It is disposable: nothing in it outlives the process, checkpoints do.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_budget.h"
#include "base/status.h"
#include "env/files/file_system.h"
#include "state/scratch_file.h"

namespace penstock {

// Changes that are gathered and made in one go, in their order. One thread at a time.
class StoreWriter {
 public:
  virtual ~StoreWriter() = default;
  virtual void Put(std::string_view key, std::string_view value) = 0;
  virtual void Erase(std::string_view key) = 0;
  virtual void EraseRange(std::string_view from, std::string_view to) = 0;  // without `to`
  // Makes them, and starts anew. Bytes that wait are bounded by the caller.
  virtual Status Commit() = 0;
};

// Walks upwards. One thread at a time.
class StoreCursor {
 public:
  virtual ~StoreCursor() = default;
  // To the first key that is not before `key`.
  virtual void Seek(std::string_view key) = 0;
  virtual bool valid() const = 0;
  virtual void Next() = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  virtual Status status() const = 0;
};

// The store as it was at one moment; any thread.
class StoreView {
 public:
  virtual ~StoreView() = default;
  virtual std::unique_ptr<StoreCursor> NewCursor() = 0;
};

// All methods may be called from any thread; what a thread wrote it sees.
class OrderedStore {
 public:
  virtual ~OrderedStore() = default;
  // A prefix that nobody else has.
  virtual uint32_t NewPrefix() = 0;
  virtual std::unique_ptr<StoreWriter> NewWriter() = 0;
  // values[i]: of keys[i], nullopt where it is not there.
  virtual Status Get(std::span<const std::string> keys, std::vector<std::optional<std::string>>* values) = 0;
  virtual std::shared_ptr<StoreView> View() = 0;
  // Beside it, in the same place; may outlive the store.
  virtual std::unique_ptr<ScratchFile> NewScratch() = 0;
  // What it takes in memory at most, of the budget it was made with; and about what it has on disk.
  virtual int64_t MemoryBytes() const = 0;
  virtual int64_t DiskBytes() const = 0;
};

std::shared_ptr<OrderedStore> MakeMemoryStore();

// RocksDB in `directory`, made with the first write and removed at the end. Its caches and buffers take a
// quarter of the budget, but a few MB in any case.
std::shared_ptr<OrderedStore> MakeRocksStore(FileSystem* files, std::string directory, MemoryBudget* memory);

}  // namespace penstock
