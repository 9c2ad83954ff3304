// The text of a physical plan.
#include "sql/physical/physical_planner.h"

namespace penstock::sql {

std::string PhysicalPlanner::Explain(bool changelog_mode) const {
  static const char* const kNames[] = {"forward",   "hash",   "rebalance",
                                       "broadcast", "single", "hash, hot keys apart "};
  static const char* const kLanes[] = {"", " late lane", " bad lane", " early lane"};
  std::string text;
  for (const JobVertex& vertex : graph_.vertices) {
    text += "[" + std::to_string(vertex.id) + "] " + vertex.name + " (id=" + vertex.uid +
            ", parallelism=" + std::to_string(vertex.parallelism);
    auto mode = modes_.find(vertex.id);
    if (changelog_mode && vertex.kind != VertexKind::kSink && mode != modes_.end())
      text += ", changelogMode=[" + mode->second.ToString() + "]";
    if (auto guarantee = guarantees_.find(vertex.id); guarantee != guarantees_.end())
      text += ", guarantee=" + guarantee->second;
    text += ")";
    for (const JobEdge& edge : graph_.edges) {
      if (edge.to != vertex.id) continue;
      text += " <- [" + std::to_string(edge.from) + "] " + kNames[static_cast<size_t>(edge.partitioning)];
      if (!edge.keys.empty()) {
        text += "(";
        for (size_t i = 0; i < edge.keys.size(); ++i) {
          const Schema& schema = graph_.vertices[static_cast<size_t>(edge.from)].schema;
          text += (i > 0 ? ", " : "") + schema[edge.keys[i]].name;
        }
        text += ")";
      }
      text += kLanes[static_cast<size_t>(edge.lane)];
    }
    text += "\n";
  }
  return text;
}

std::vector<PhysicalPlanner::SinkGuarantee> PhysicalPlanner::SinkGuarantees() const {
  std::vector<SinkGuarantee> sinks;
  for (const auto& [id, given] : guarantees_) {
    const std::string& name = graph_.vertices[static_cast<size_t>(id)].name;
    sinks.push_back({name.starts_with("Sink ") ? name.substr(5) : name, given});
  }
  return sinks;
}

}  // namespace penstock::sql
