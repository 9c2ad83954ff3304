// SubtaskSnapshot: what one subtask of a vertex contributes to a checkpoint or savepoint: everything it needs
// to go on where it was at the barrier.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/batch.h"
#include "stream/source.h"

namespace penstock {

class KeyedSource;

struct SubtaskSnapshot {
  std::string uid;  // of the vertex
  int subtask = 0;
  int64_t watermark = kNoWatermark;  // that the subtask had seen; of the head of a chain only
  std::string keyed;                 // of StateBackend::Snapshot, or Checkpoint where `since` is set
  // In place of `keyed` where it may be larger than memory; read by one thread at a time, as long as it is
  // there. A copy of this snapshot has the same.
  std::shared_ptr<KeyedSource> keyed_source;
  uint64_t since = 0;                     // of KeyedSnapshot: the checkpoint that `keyed` changes
  uint64_t restored_from = 0;             // of a part read from a checkpoint: which one
  std::vector<std::string> lists;         // of Operator::SnapshotState
  std::vector<SourceSplit> splits;        // of a source, with their positions
  std::vector<std::string> committables;  // of a sink: prepared, and to be committed once this is decided

  bool has_keyed() const { return keyed_source != nullptr || !keyed.empty(); }
};

}  // namespace penstock
