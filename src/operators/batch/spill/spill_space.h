// SpillSpace: what one batch operator subtask may hold in memory, and where it puts the rest. The budget of
// the process is divided evenly among the open spaces, so that an early operator of a job cannot leave
// nothing to those behind it. A space always gets kLeastBytes: less makes no progress. HeldMemory is an
// account within it. Used by the operator's thread.
#pragma once

#include <memory>

#include "operators/batch/spill/spill_file.h"
#include "stream/operator.h"

namespace penstock {

class SpillSpace {
 public:
  static constexpr int64_t kLeastBytes = 64 << 10;

  explicit SpillSpace(OperatorContext* context);
  ~SpillSpace();
  SpillSpace(const SpillSpace&) = delete;
  SpillSpace& operator=(const SpillSpace&) = delete;

  // What may be held here at the moment; MemoryBudget::kUnlimited where there is no limit.
  int64_t share() const;
  // Of a file's buffer in memory.
  size_t block_bytes() const;
  // How many files may be read at a time by each of `cursors`.
  size_t most_readers(int cursors) const;

  Result<std::unique_ptr<SpillWriter>> NewFile();
  // Finishes a file and counts its bytes.
  Result<SpillFilePtr> Finish(std::unique_ptr<SpillWriter> writer);

 private:
  friend class HeldMemory;
  OperatorContext* context_;
  int64_t number_;
  int64_t files_ = 0;
};

class HeldMemory {
 public:
  explicit HeldMemory(SpillSpace* space) : space_(space) {}
  ~HeldMemory() { ReleaseAll(); }
  HeldMemory(const HeldMemory&) = delete;
  HeldMemory& operator=(const HeldMemory&) = delete;

  // Makes it `bytes` altogether; false leaves it as it was, and the caller spills.
  bool TryHold(size_t bytes);
  // Gives back all but `bytes`.
  void Shrink(size_t bytes);
  void ReleaseAll() { Shrink(0); }
  size_t bytes() const { return static_cast<size_t>(bytes_); }

 private:
  SpillSpace* space_;
  int64_t bytes_ = 0;
};

}  // namespace penstock
