// Measured state as text.
#include "engine/forecast/state_report.h"

#include <fmt/format.h>

#include "engine/forecast/state_forecast.h"

namespace penstock {

namespace {
constexpr double kMuch = 1e6;  // bytes
}  // namespace

std::string StateReport(const JobRunner& runner, const StateForecasts& forecasts) {
  std::map<int, double> most;  // by vertex
  for (const VertexMetrics& metrics : runner.metrics()) {
    if (metrics.vertex >= 0) most[metrics.vertex] += static_cast<double>(metrics.metrics->most_state_bytes);
  }
  std::string text;
  for (const auto& [vertex, bytes] : most) {
    const JobVertex& of = runner.graph().vertices[static_cast<size_t>(vertex)];
    auto forecast = forecasts.find(of.uid);
    if (forecast == forecasts.end() && bytes < kMuch) continue;
    text += fmt::format("state of {} (id={}): {} at most", of.name, of.uid, BytesText(bytes));
    if (forecast != forecasts.end()) text += fmt::format(", forecast {}", BytesText(forecast->second.memory));
    text += "\n";
  }
  double records = 0;
  for (const JobVertex& vertex : runner.graph().vertices) {
    if (auto forecast = forecasts.find(vertex.uid); forecast != forecasts.end())
      records += forecast->second.records;
  }
  auto on_disk = static_cast<double>(runner.state_disk_bytes());
  if (on_disk == 0 && records == 0) return text;
  text += "state on disk: " + BytesText(on_disk) + " at the end";
  if (records > 0) text += ", forecast up to " + BytesText(records);
  text += "\n";
  return text;
}

}  // namespace penstock
