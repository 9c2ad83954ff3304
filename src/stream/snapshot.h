// SubtaskSnapshot: what one subtask of a vertex contributes to a checkpoint or savepoint: everything it needs
// to go on where it was at the barrier.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/batch.h"
#include "stream/source.h"

namespace penstock {

struct SubtaskSnapshot {
  std::string uid;  // of the vertex
  int subtask = 0;
  int64_t watermark = kNoWatermark;       // that the subtask had seen; of the head of a chain only
  std::string keyed;                      // of StateBackend::Snapshot, or Checkpoint where `since` is set
  uint64_t since = 0;                     // of KeyedSnapshot: the checkpoint that `keyed` changes
  uint64_t restored_from = 0;             // of a part read from a checkpoint: which one
  std::vector<std::string> lists;         // of Operator::SnapshotState
  std::vector<SourceSplit> splits;        // of a source, with their positions
  std::vector<std::string> committables;  // of a sink: prepared, and to be committed once this is decided
};

}  // namespace penstock
