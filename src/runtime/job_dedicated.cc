// Keys with a subtask of their own (docs/design/hot-keys.md): chosen when a job is built, from what the
// checkpoint it starts from has seen of them; and whether by now it should be started again with others.
#include <algorithm>

#include "runtime/job_runner.h"
#include "stream/dedicated_keys.h"

namespace penstock {

namespace {
constexpr double kMoveMargin = 1.1;  // a key must be that much hotter for the job to be started again
}  // namespace

Status JobRunner::ChooseDedicatedKeys() {
  for (const JobEdge& edge : graph_.edges) {
    if (edge.partitioning != Partitioning::kDedicated || dedicated_.contains(edge.to)) continue;
    WatchedKeys seen;
    for (const JobEdge& other : graph_.edges) {
      if (other.to != edge.to || other.partitioning != Partitioning::kDedicated) continue;
      for (const SubtaskSnapshot& part : options_.restore) {
        if (part.uid != graph_.vertices[static_cast<size_t>(other.from)].uid) continue;
        for (const std::string& list : part.lists) {
          ASSIGN_OR_RETURN(WatchedKeys one, WatchedKeys::Read(list));
          seen.Add(one);
        }
      }
    }
    DedicatedKeys keys = ChooseDedicated(seen, graph_.vertices[static_cast<size_t>(edge.to)].parallelism);
    if (!keys.prefixes.empty()) dedicated_[edge.to] = std::make_shared<const DedicatedKeys>(std::move(keys));
  }
  return Status::Ok();
}

std::shared_ptr<const DedicatedKeys> JobRunner::DedicatedTo(const JobEdge& edge) const {
  auto at = dedicated_.find(edge.to);
  return edge.partitioning != Partitioning::kDedicated || at == dedicated_.end() ? nullptr : at->second;
}

const DedicatedKeys* JobRunner::dedicated(int vertex) const {
  auto at = dedicated_.find(vertex);
  return at == dedicated_.end() ? nullptr : at->second.get();
}

KeyGroupRange JobRunner::RangeOf(const JobVertex& vertex, int subtask) const {
  auto at = dedicated_.find(vertex.id);
  return KeyGroupRange::Of(subtask, vertex.parallelism, graph_.max_parallelism,
                           at == dedicated_.end() ? nullptr : at->second);
}

WatchedKeys JobRunner::SeenBefore(int vertex) const {
  WatchedKeys seen;
  for (const JobEdge& edge : graph_.edges) {
    if (edge.to != vertex || edge.partitioning != Partitioning::kDedicated) continue;
    for (const VertexMetrics& metrics : metrics_) {
      auto found = metrics.vertex == edge.from
                       ? std::dynamic_pointer_cast<WatchFindings>(metrics.metrics->findings())
                       : nullptr;
      if (found) seen.Add(found->seen());
    }
  }
  return seen;
}

bool JobRunner::WantsOtherKeys() const {
  return std::any_of(graph_.edges.begin(), graph_.edges.end(), [&](const JobEdge& edge) {
    if (edge.partitioning != Partitioning::kDedicated) return false;
    int parallelism = graph_.vertices[static_cast<size_t>(edge.to)].parallelism;
    const DedicatedKeys* now = dedicated(edge.to);
    DedicatedKeys wanted = ChooseDedicated(SeenBefore(edge.to), parallelism, kMoveMargin);
    return std::any_of(wanted.prefixes.begin(), wanted.prefixes.end(), [&](uint32_t prefix) {
      return now == nullptr || now->IndexOf(uint64_t{prefix} << 32) < 0;
    });
  });
}

}  // namespace penstock
