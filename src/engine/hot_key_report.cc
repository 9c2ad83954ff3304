// Hot keys of a job as text.
#include "engine/hot_key_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/strings.h"
#include "data/key_codec.h"
#include "data/value_text.h"
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

std::string SaltedReport(const JobRunner& runner) {
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

std::string KeyText(const JobRunner& runner, const JobEdge& edge, const std::string& bytes) {
  const Schema& schema = runner.graph().vertices[static_cast<size_t>(edge.from)].schema;
  std::vector<DataType> types;
  for (int key : edge.keys) types.push_back(schema[key].type);
  std::vector<ColumnBuilder> builders;
  for (const DataType& type : types) builders.emplace_back(type);
  KeyCodec(types).Decode(bytes, builders);
  std::vector<std::string> texts;
  for (size_t i = 0; i < types.size(); ++i) {
    Value value = builders[i].Finish()->ValueAt(0);
    texts.push_back(value.is_null() ? "NULL" : ValueToText(value, types[i], TimeZone::Utc()));
  }
  return "(" + Join(texts, ", ") + ")";
}

// What the subtasks of a vertex had to do, in all attempts.
std::string BusiestText(const std::vector<const JobRunner*>& attempts, int vertex) {
  std::map<int, int64_t> rows;
  int64_t all = 0, busiest = 0;
  for (const VertexMetrics& metrics : attempts.back()->metrics()) {
    if (metrics.vertex != vertex) continue;
    rows[metrics.subtask] += metrics.metrics->rows_in;
    all += metrics.metrics->rows_in;
  }
  for (const auto& [subtask, count] : rows) busiest = std::max(busiest, count);
  double share = all == 0 ? 0 : 100.0 * static_cast<double>(busiest) / static_cast<double>(all);
  return fmt::format("; since then the busiest subtask takes {:.1f} % of the rows\n", share);
}

// Keys with a subtask of their own, and hot ones without.
std::string DedicatedReport(const std::vector<const JobRunner*>& attempts) {
  const JobRunner& runner = *attempts.back();
  std::string text;
  std::set<int> told;
  for (const JobEdge& edge : runner.graph().edges) {
    if (edge.partitioning != Partitioning::kDedicated || !told.insert(edge.to).second) continue;
    const JobVertex& vertex = runner.graph().vertices[static_cast<size_t>(edge.to)];
    WatchedKeys seen = runner.SeenBefore(edge.to);
    const DedicatedKeys* keys = runner.dedicated(edge.to);
    std::vector<std::string> parts;
    for (const WatchedKeys::Key& key : seen.keys) {
      int own = keys == nullptr ? -1 : keys->IndexOf(key.hash);
      if (own < 0 && seen.ShareOf(key.hash) * vertex.parallelism < 0.5) continue;
      std::string where =
          own < 0 ? "on a shared subtask"
                  : fmt::format("on subtask {} of its own", keys->SharedOf(vertex.parallelism) + own);
      parts.push_back(fmt::format("{} {:.1f} % {}", KeyText(runner, edge, key.bytes),
                                  seen.ShareOf(key.hash) * 100, where));
    }
    text += fmt::format("hot keys of {}: {}", vertex.uid, parts.empty() ? "none" : Join(parts, ", "));
    text += keys == nullptr ? "\n" : BusiestText(attempts, edge.to);
  }
  return text;
}

}  // namespace

std::string HotKeyReport(const std::vector<const JobRunner*>& attempts) {
  return SaltedReport(*attempts.back()) + DedicatedReport(attempts);
}

}  // namespace penstock
