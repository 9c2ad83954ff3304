// Hot keys of a job as text.
#include "engine/hot_key_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "operators/hotkeys/hot_key_salt.h"

namespace penstock {

namespace {

struct Salted {
  std::vector<HotKeyFindings::HotKey> keys;
  int64_t rows = 0, busiest = 0;  // of the subtasks behind the exchange
};

// The subtasks in front of the exchange each see a part of the rows: the greatest share is told.
void Collect(const std::vector<HotKeyFindings::HotKey>& found, std::vector<HotKeyFindings::HotKey>* keys) {
  for (const HotKeyFindings::HotKey& key : found) {
    auto same = [&](const auto& other) { return other.text == key.text; };
    auto at = std::find_if(keys->begin(), keys->end(), same);
    if (at == keys->end()) {
      keys->push_back(key);
    } else {
      at->share = std::max(at->share, key.share);
      at->subtasks = std::max(at->subtasks, key.subtasks);
    }
  }
}

}  // namespace

std::string HotKeyReport(const JobRunner& runner) {
  std::map<int, Salted> salted;  // by the vertex of the first phase
  std::map<int, int> behind;     // HotKeySalt -> PartialAggregate
  for (const JobEdge& edge : runner.graph().edges) {
    if (runner.graph().vertices[static_cast<size_t>(edge.to)].factory == "partial_aggregate")
      behind[edge.from] = edge.to;
  }
  for (const VertexMetrics& vertex : runner.metrics()) {
    if (vertex.vertex < 0) continue;
    if (auto at = behind.find(vertex.vertex); at != behind.end()) {
      auto found = std::dynamic_pointer_cast<HotKeyFindings>(vertex.metrics->findings());
      if (found) Collect(found->keys(), &salted[at->second].keys);
    }
    if (runner.graph().vertices[static_cast<size_t>(vertex.vertex)].factory != "partial_aggregate") continue;
    Salted& sum = salted[vertex.vertex];
    sum.rows += vertex.metrics->rows_in;
    sum.busiest = std::max<int64_t>(sum.busiest, vertex.metrics->rows_in);
  }
  std::string text;
  for (const auto& [vertex, sum] : salted) {
    std::vector<std::string> keys;
    for (const HotKeyFindings::HotKey& key : sum.keys)
      keys.push_back(fmt::format("{} {:.1f} % on {} subtasks", key.text, key.share * 100, key.subtasks));
    double busiest =
        sum.rows == 0 ? 0 : 100.0 * static_cast<double>(sum.busiest) / static_cast<double>(sum.rows);
    text += fmt::format("hot keys of {}: {}; the busiest subtask adds up {:.1f} % of the rows\n",
                        runner.graph().vertices[static_cast<size_t>(vertex)].uid,
                        keys.empty() ? "none" : Join(keys, ", "), busiest);
  }
  return text;
}

}  // namespace penstock
