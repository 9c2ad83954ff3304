// Status lines and the summary of a job.
#include "engine/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "data/datetime.h"

namespace penstock {

namespace {

// 12345678 as "12,345,678".
std::string Grouped(int64_t value) {
  std::string digits = std::to_string(value);
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

}  // namespace

JobProgress::JobProgress(const JobRunner* runner, const Clock* clock, std::FILE* out)
    : runner_(runner),
      clock_(clock),
      out_(out),
      terminal_(isatty(fileno(out)) != 0),
      started_ms_(clock->MonotonicMillis()) {
  thread_ = Thread("progress", [this] { Loop(); });
}

JobProgress::~JobProgress() {
  done_ = true;
  thread_.Join();
  Counts counts = Collect();
  int64_t elapsed = std::max<int64_t>(1, clock_->MonotonicMillis() - started_ms_);
  std::string line = fmt::format(
      "{}done in {:.1f} s, {} records/s\n"
      "read {} = taken {} + late {} + malformed {}; written {}\n",
      terminal_ ? "\r\x1b[K" : "", static_cast<double>(elapsed) / 1000, Grouped(counts.read * 1000 / elapsed),
      Grouped(counts.read), Grouped(counts.read - counts.late - counts.malformed), Grouped(counts.late),
      Grouped(counts.malformed), Grouped(counts.written));
  std::fputs(line.c_str(), out_);
  std::fflush(out_);
}

JobProgress::Counts JobProgress::Collect() const {
  Counts counts;
  int64_t watermark = kMaxWatermark;
  for (const VertexMetrics& vertex : runner_->metrics()) {
    const OperatorMetrics& m = *vertex.metrics;
    counts.late += m.late_rows;
    counts.malformed += m.bad_rows;
    if (vertex.name.starts_with("Source ") && !vertex.name.ends_with(" (source)")) counts.read += m.rows_out;
    if (vertex.name.starts_with("Sink ")) counts.written += m.rows_in;
    if (vertex.name == "Watermark") watermark = std::min<int64_t>(watermark, m.watermark);
  }
  counts.read += counts.malformed;
  counts.watermark = watermark == kMaxWatermark ? kNoWatermark : watermark;
  return counts;
}

void JobProgress::PrintStatus(const Counts& counts, int64_t elapsed_ms) {
  std::string watermark = "none";
  if (counts.watermark != kNoWatermark) {
    watermark = FormatTimestamp(int128_t(counts.watermark) * 1'000'000, 0);
  }
  std::string line = fmt::format(
      "{}read {} ({}/s)  watermark {}  late {}  malformed {}  written {}{}", terminal_ ? "\r\x1b[K" : "",
      Grouped(counts.read), Grouped(counts.read * 1000 / std::max<int64_t>(1, elapsed_ms)), watermark,
      Grouped(counts.late), Grouped(counts.malformed), Grouped(counts.written), terminal_ ? "" : "\n");
  std::fputs(line.c_str(), out_);
  std::fflush(out_);
}

void JobProgress::Loop() {
  int64_t next = started_ms_ + 1000;
  while (!done_) {
    PauseMillis(50);
    int64_t now = clock_->MonotonicMillis();
    if (now < next) continue;
    next = now + 1000;
    PrintStatus(Collect(), now - started_ms_);
  }
}

}  // namespace penstock
