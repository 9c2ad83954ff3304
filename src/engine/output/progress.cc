// Status lines, live tables and the summary of a job.
#include "engine/output/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "engine/control/metrics_text.h"
#include "data/datetime.h"
#include "engine/hot_key_report.h"
#include "engine/watermark_advice.h"

namespace penstock {

namespace {

constexpr int64_t kTerminalMillis = 250;
constexpr int64_t kPlainMillis = 1000;

std::string TimeText(int64_t watermark) {
  if (watermark == kNoWatermark) return "none";
  if (watermark == kMaxWatermark) return "end";
  return FormatTimestamp(int128_t(watermark) * 1'000'000, 0);
}

// How much event time the slowest aggregation is behind the newest watermark of the sources.
std::string LagText(int64_t newest, int64_t slowest) {
  if (newest == kMaxWatermark) return "0.0 s";
  if (newest == kNoWatermark || slowest == kNoWatermark) return "none";
  return fmt::format("{:.1f} s", static_cast<double>(std::max<int64_t>(0, newest - slowest)) / 1000);
}

// The pieces two blanks apart, on as many lines as it takes.
std::vector<std::string> Wrapped(const std::vector<std::string>& pieces, int width) {
  std::vector<std::string> lines;
  for (const std::string& piece : pieces) {
    bool fits =
        !lines.empty() && static_cast<int>(TextColumns(lines.back()) + 2 + TextColumns(piece)) <= width;
    if (fits) {
      lines.back() += "  " + piece;
    } else {
      lines.push_back(piece);
    }
  }
  return lines;
}

}  // namespace

JobProgress::JobProgress(Runners runners, StateForecasts forecasts, const Clock* clock, std::FILE* out,
                         const LiveTables* tables, bool figures)
    : runners_(std::move(runners)),
      forecasts_(std::move(forecasts)),
      clock_(clock),
      out_(out),
      tables_(tables),
      figures_(figures),
      screen_(out),
      started_ms_(clock->MonotonicMillis()),
      recent_ms_(started_ms_) {
  thread_ = Thread("progress", [this] { Loop(); });
}

JobProgress::~JobProgress() {
  done_ = true;
  thread_.Join();
  if (screen_.is_terminal()) screen_.Clear();
  std::string text;
  for (const std::string& line : TableLines(-1, -1)) text += line + "\n";
  if (figures_)
    text += Summary(Collect(), std::max<int64_t>(1, clock_->MonotonicMillis() - started_ms_)) + Loads();
  std::fputs(text.c_str(), out_);
  std::fflush(out_);
}

JobProgress::Counts JobProgress::Collect() const {
  Counts counts;
  std::vector<const JobRunner*> runners = runners_();
  for (const JobRunner* runner : runners) {
    for (const VertexMetrics& vertex : runner->metrics()) {
      const OperatorMetrics& m = *vertex.metrics;
      counts.late += m.late_rows;
      counts.malformed += m.bad_rows;
      bool source = vertex.name.starts_with("Source ");
      if (source) counts.read += vertex.name.ends_with(" (source)") ? m.bad_rows : m.rows_out;
      if (vertex.name.starts_with("Sink ")) counts.written += m.rows_in;
      // Where keys are salted rows are added up in a first phase; the second sees only parts.
      if (vertex.name == "WindowAggregate" || vertex.name == "PartialAggregate")
        counts.aggregated += m.rows_in - m.late_rows;
    }
  }
  int64_t least = kMaxWatermark, slowest = kMaxWatermark;
  bool sources = false, aggregations = false;
  for (const VertexMetrics& vertex : runners.back()->metrics()) {
    const OperatorMetrics& m = *vertex.metrics;
    if (vertex.name == "Watermark") {
      sources = true;
      least = std::min<int64_t>(least, m.watermark);
      counts.newest = std::max<int64_t>(counts.newest, m.watermark);
    }
    if (vertex.name.starts_with("WindowAggregate")) {
      aggregations = true;
      slowest = std::min<int64_t>(slowest, m.watermark);
    }
  }
  if (sources) counts.watermark = least;
  if (aggregations) counts.slowest = slowest;
  return counts;
}

std::vector<std::string> JobProgress::StatusPieces(const Counts& counts, int64_t rate) const {
  return {fmt::format("read {} ({}/s)", GroupedDigits(counts.read), GroupedDigits(rate)),
          "watermark " + TimeText(counts.watermark), "lag " + LagText(counts.newest, counts.slowest),
          "late " + GroupedDigits(counts.late), "malformed " + GroupedDigits(counts.malformed)};
}

std::string JobProgress::Summary(const Counts& counts, int64_t elapsed_ms) const {
  std::string text = fmt::format("done in {:.1f} s, {} records/s\n", static_cast<double>(elapsed_ms) / 1000,
                                 GroupedDigits(counts.read * 1000 / elapsed_ms));
  bool adds_up = counts.read == counts.aggregated + counts.late + counts.malformed;
  const char* plus = adds_up ? " + " : "; ";
  text +=
      fmt::format("read {}{}aggregated {}{}late {}{}malformed {}; written {}\n", GroupedDigits(counts.read),
                  adds_up ? " = " : "; ", GroupedDigits(counts.aggregated), plus, GroupedDigits(counts.late),
                  plus, GroupedDigits(counts.malformed), GroupedDigits(counts.written));
  std::vector<const JobRunner*> runners = runners_();
  return text + WatermarkAdvice(*runners.back()) + HotKeyReport(runners) +
         StateReport(*runners.back(), forecasts_);
}

std::string JobProgress::Loads() const {
  struct Load {
    std::string name;
    int64_t busy = 0, idle = 0, blocked = 0;
  };
  std::vector<Load> loads;
  for (const VertexMetrics& vertex : runners_().back()->metrics()) {
    const OperatorMetrics& m = *vertex.metrics;
    if (m.busy_nanos + m.idle_nanos + m.blocked_nanos == 0) continue;
    if (vertex.subtask == 0 || loads.empty()) loads.push_back({vertex.name});
    Load& load = loads.back();
    load.busy += m.busy_nanos;
    load.idle += m.idle_nanos;
    load.blocked += m.blocked_nanos;
  }
  std::string text;
  for (const Load& load : loads)
    text += fmt::format("{}: {}\n", load.name, LoadText(load.busy, load.idle, load.blocked));
  return text;
}

std::vector<std::string> JobProgress::TableLines(int spare, int width) const {
  std::vector<std::string> lines;
  for (const LiveTables::Entry& entry : tables_->entries()) {
    // The title, the box and the count take six lines.
    int64_t rows = spare < 0 ? entry.rows : std::clamp<int64_t>(spare - 6, 1, entry.rows);
    lines.push_back(entry.name.substr(entry.name.rfind('.') + 1));
    for (std::string& line : entry.table->Render(rows, width, spare >= 0)) lines.push_back(std::move(line));
    if (spare >= 0) spare = std::max(0, spare - static_cast<int>(lines.size()));
  }
  return lines;
}

void JobProgress::Draw(const std::vector<std::string>& status) {
  TerminalScreen::Size size = screen_.size();
  std::vector<std::string> below;
  if (figures_) below = Wrapped(status, size.columns - 1);
  std::vector<std::string> lines =
      TableLines(size.rows - 1 - static_cast<int>(below.size()), size.columns - 1);
  lines.insert(lines.end(), below.begin(), below.end());
  screen_.Draw(std::move(lines));
}

void JobProgress::Loop() {
  int64_t interval = screen_.is_terminal() ? kTerminalMillis : kPlainMillis;
  int64_t next = started_ms_ + interval, rate = 0;
  while (!done_) {
    PauseMillis(25);
    int64_t now = clock_->MonotonicMillis();
    if (now < next) continue;
    next = now + interval;
    Counts counts = Collect();
    if (now - recent_ms_ >= kPlainMillis || rate == 0) {
      rate = (counts.read - recent_read_) * 1000 / std::max<int64_t>(1, now - recent_ms_);
      recent_read_ = counts.read;
      recent_ms_ = now;
    }
    std::vector<std::string> status = StatusPieces(counts, rate);
    if (screen_.is_terminal()) {
      Draw(status);
    } else if (figures_) {
      std::fputs((Join(status, "  ") + "\n").c_str(), out_);
      std::fflush(out_);
    }
  }
}

}  // namespace penstock
