// Delays and the shares of rows they would leave behind, as text.
#include "engine/watermark_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/strings.h"

namespace penstock {

namespace {

std::string DelayText(int64_t ms) {
  if (ms < 1000) return fmt::format("{} ms", ms);
  if (ms < 120'000) return fmt::format("{:.4g} s", static_cast<double>(ms) / 1000);
  if (ms < 7'200'000) return fmt::format("{:.3g} min", static_cast<double>(ms) / 60'000);
  return fmt::format("{:.3g} h", static_cast<double>(ms) / 3'600'000);
}

std::string ShareText(double share) {
  if (share == 0) return "0 %";
  return share < 0.0001 ? "< 0.01 %" : fmt::format("{:.2f} %", share * 100);
}

// Half and twice and the like; without a delay what people begin with.
std::vector<int64_t> DelaysAround(int64_t now) {
  if (now <= 0) return {0, 1000, 5000, 30'000, 120'000, 600'000};
  return {now / 4, now / 2, now, now + now / 2, now * 2, now * 4};
}

// The table whose rows reach a vertex through forward edges.
std::string TableOf(const JobGraph& graph, int vertex) {
  constexpr std::string_view kSource = "Source ";
  for (bool moved = true; moved;) {
    const std::string& name = graph.vertices[static_cast<size_t>(vertex)].name;
    if (name.starts_with(kSource)) return name.substr(kSource.size());
    moved = false;
    for (const JobEdge& edge : graph.edges) {
      if (edge.to != vertex || edge.lane != kMainLane) continue;
      vertex = edge.from;
      moved = true;
      break;
    }
  }
  return graph.vertices[static_cast<size_t>(vertex)].name;
}

}  // namespace

std::string WatermarkAdviceOf(const std::string& table, const DelayShares& shares) {
  std::vector<std::string> parts;
  for (int64_t delay : DelaysAround(shares.delay_ms)) {
    bool now = delay == std::max<int64_t>(0, shares.delay_ms);
    parts.push_back("at " + DelayText(delay) + (now ? " (now) you drop up to " : " ") +
                    ShareText(shares.Late(delay)));
  }
  return table + ": " + Join(parts, ", ");
}

std::string WatermarkAdvice(const JobRunner& runner) {
  std::map<std::string, DelayShares> tables;
  for (const VertexMetrics& vertex : runner.metrics()) {
    auto sketch = std::dynamic_pointer_cast<DelaySketch>(vertex.metrics->findings());
    if (sketch) sketch->AddTo(&tables[TableOf(runner.graph(), vertex.vertex)]);
  }
  std::string text;
  for (const auto& [table, shares] : tables) {
    if (!shares.empty()) text += WatermarkAdviceOf(table, shares) + "\n";
  }
  return text;
}

}  // namespace penstock
