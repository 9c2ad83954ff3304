// What one subtask contributes to a savepoint, and the collector that gathers them.
#pragma once

#include <string>
#include <vector>

#include "stream/source.h"

namespace penstock {

struct SubtaskSnapshot {
  std::string uid;  // of the vertex
  int subtask = 0;
  std::string keyed;               // of StateBackend::Snapshot
  std::vector<std::string> lists;  // of Operator::SnapshotState
  std::vector<SourceSplit> splits;
};

}  // namespace penstock
