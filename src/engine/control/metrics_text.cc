// Rendering of metrics.
#include "engine/control/metrics_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/strings.h"
#include "data/batch.h"
#include "data/datetime.h"
#include "engine/control/job_messages.h"
#include "engine/output/terminal_screen.h"

namespace penstock {

namespace {

double Seconds(int64_t nanos) { return static_cast<double>(nanos) / 1e9; }

bool HasTime(int64_t watermark) { return watermark != kNoWatermark && watermark != kMaxWatermark; }

std::string WatermarkText(int64_t watermark) {
  if (watermark == kNoWatermark) return "";
  if (watermark == kMaxWatermark) return "end";
  return FormatTimestamp(int128_t(watermark) * 1'000'000, 3);
}

// A family of Prometheus and where its value is in the figures of a subtask.
struct Family {
  const char* name;
  const char* type;
  const char* help;
  std::function<double(const OperatorFigures&)> value;
  bool of_tasks = false;  // only of heads of tasks
  bool of_time = false;   // only where there is a watermark
  bool forecast = false;  // only where there is a forecast
};

const std::vector<Family>& Families() {
  using F = const OperatorFigures&;
  static const std::vector<Family> kFamilies = {
      {"penstock_rows_in_total", "counter", "Rows taken.", [](F f) { return double(f.rows_in); }},
      {"penstock_rows_out_total", "counter", "Rows emitted.", [](F f) { return double(f.rows_out); }},
      {"penstock_late_rows_total", "counter", "Rows left out because of the watermark.",
       [](F f) { return double(f.late_rows); }},
      {"penstock_partial_rows_total", "counter", "Rows that some of their windows did not take.",
       [](F f) { return double(f.partial_rows); }},
      {"penstock_bad_rows_total", "counter", "Records that could not be used.",
       [](F f) { return double(f.bad_rows); }},
      {"penstock_bad_fields_total", "counter", "Values that became NULL because they could not be read.",
       [](F f) { return double(f.bad_fields); }},
      {"penstock_future_rows_total", "counter", "Rows with a time far ahead of the clock.",
       [](F f) { return double(f.future_rows); }},
      {"penstock_busy_seconds_total", "counter", "Time that the task worked.",
       [](F f) { return Seconds(f.busy_nanos); }, true},
      {"penstock_idle_seconds_total", "counter", "Time that the task waited for input.",
       [](F f) { return Seconds(f.idle_nanos); }, true},
      {"penstock_backpressured_seconds_total", "counter", "Time that the task waited for room behind it.",
       [](F f) { return Seconds(f.blocked_nanos); }, true},
      {"penstock_watermark_seconds", "gauge", "Event time that the operator has reached.",
       [](F f) { return double(f.watermark) / 1e3; }, false, true},
      {"penstock_state_bytes", "gauge", "Bytes of keyed state in memory.",
       [](F f) { return double(f.state_bytes); }},
      {"penstock_state_forecast_bytes", "gauge", "What EXPLAIN STATE has forecast for it.",
       [](F f) { return double(f.forecast_bytes); }, false, false, true},
      {"penstock_spilled_bytes_total", "counter", "Bytes written to the work directory.",
       [](F f) { return double(f.spilled_bytes); }},
  };
  return kFamilies;
}

// A label's value, with the escapes of the format.
std::string Label(const std::string& value) {
  std::string text;
  for (char c : value) {
    if (c == '\n') {
      text += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return "\"" + text + "\"";
}

void AddFamily(const JobMetrics& metrics, const Family& family, std::string* text) {
  *text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", family.name, family.help, family.name, family.type);
  for (const OperatorFigures& f : metrics.operators) {
    if (family.forecast && f.forecast_bytes == 0) continue;
    if ((family.of_tasks && !f.heads_task) || (family.of_time && !HasTime(f.watermark))) continue;
    *text += fmt::format("{}{{job={},operator={},subtask=\"{}\"}} {}\n", family.name, Label(metrics.job.job),
                         Label(f.name), f.subtask, family.value(f));
  }
}

std::string Prometheus(const JobMetrics& metrics) {
  std::string text;
  for (const Family& family : Families()) AddFamily(metrics, family, &text);
  auto add = [&](const char* name, const char* type, const char* help, double value) {
    text += fmt::format("# HELP {} {}\n# TYPE {} {}\n{}{{job={}}} {}\n", name, help, name, type, name,
                        Label(metrics.job.job), value);
  };
  const CheckpointStatistics& c = metrics.job.checkpoints;
  add("penstock_uptime_seconds", "gauge", "Time since the job began.", double(metrics.uptime_ms) / 1e3);
  add("penstock_state_disk_bytes", "gauge", "Bytes of state on disk.", double(metrics.state_disk_bytes));
  add("penstock_restarts_total", "counter", "Restarts after failures.", double(metrics.job.restarts));
  add("penstock_checkpoints_completed_total", "counter", "Checkpoints that count.", double(c.completed));
  add("penstock_checkpoints_failed_total", "counter", "Checkpoints that were given up.", double(c.failed));
  add("penstock_checkpoint_epoch", "gauge", "The last checkpoint that counts.", double(c.last_epoch));
  add("penstock_checkpoint_duration_seconds", "gauge", "How long it took.", double(c.last_duration_ms) / 1e3);
  add("penstock_checkpoint_written_bytes", "gauge", "What it has written.", double(c.last_bytes));
  add("penstock_checkpoint_chain_links", "gauge", "Links of its longest chain.", double(c.longest_chain));
  add("penstock_checkpoint_folds_total", "counter", "Times that chains were shortened.",
      double(c.folds.folded));
  add("penstock_checkpoint_folds_failed_total", "counter", "Times that it failed.", double(c.folds.failed));
  add("penstock_checkpoint_fold_waits_total", "counter", "Checkpoints that waited for it.",
      double(c.folds.waits));
  return text;
}

std::string Json(const JobMetrics& metrics) {
  std::vector<std::string> operators;
  for (const OperatorFigures& f : metrics.operators) {
    std::string text = fmt::format(
        R"({{"operator":{},"subtask":{},"rows_in":{},"rows_out":{},"late_rows":{},"partial_rows":{},)"
        R"("bad_rows":{},"bad_fields":{},"future_rows":{},"watermark":{},"state_bytes":{},)"
        R"("spilled_bytes":{})",
        QuoteJson(f.name), f.subtask, f.rows_in, f.rows_out, f.late_rows, f.partial_rows, f.bad_rows,
        f.bad_fields, f.future_rows, HasTime(f.watermark) ? QuoteJson(WatermarkText(f.watermark)) : "null",
        f.state_bytes, f.spilled_bytes);
    if (f.forecast_bytes > 0) text += fmt::format(R"(,"state_forecast_bytes":{})", f.forecast_bytes);
    if (f.heads_task) {
      text += fmt::format(R"(,"busy_seconds":{:.3f},"idle_seconds":{:.3f},"backpressured_seconds":{:.3f})",
                          Seconds(f.busy_nanos), Seconds(f.idle_nanos), Seconds(f.blocked_nanos));
    }
    operators.push_back(text + "}");
  }
  std::string job = OverviewJson(metrics.job);
  return fmt::format("{},\"uptime_seconds\":{:.3f},\"state_disk_bytes\":{},\"operators\":[{}]}}\n",
                     job.substr(0, job.size() - 1), double(metrics.uptime_ms) / 1e3, metrics.state_disk_bytes,
                     Join(operators, ","));
}

std::string People(const JobMetrics& metrics) {
  const CheckpointStatistics& c = metrics.job.checkpoints;
  std::string text =
      fmt::format("job {} ({})  {}  up {:.1f} s  restarts {}\n", metrics.job.job, metrics.job.name,
                  JobStateName(metrics.job.state), double(metrics.uptime_ms) / 1e3, metrics.job.restarts);
  if (!metrics.job.last_failure.empty()) text += "last failure: " + metrics.job.last_failure + "\n";
  text += fmt::format("checkpoints: {} completed, {} failed; the last is {}, {} ms, {} bytes\n", c.completed,
                      c.failed, c.last_epoch, c.last_duration_ms, GroupedDigits(c.last_bytes));
  if (c.folds.folded + c.folds.failed + c.folds.waits > 0) {
    text +=
        fmt::format("chains: {} links at most; shortened {} times, failed {}, {} checkpoints have waited\n",
                    c.longest_chain, c.folds.folded, c.folds.failed, c.folds.waits);
  }
  if (metrics.state_disk_bytes > 0)
    text += fmt::format("state on disk: {} bytes\n", GroupedDigits(metrics.state_disk_bytes));
  size_t width = 8;
  for (const OperatorFigures& f : metrics.operators) width = std::max(width, f.name.size() + 4);
  bool forecast = std::any_of(metrics.operators.begin(), metrics.operators.end(),
                              [](const OperatorFigures& f) { return f.forecast_bytes > 0; });
  text += fmt::format("{:<{}}  {:>15}  {:>15}  {:>14}{}  {:<23}  load\n", "operator", width, "rows in",
                      "rows out", "state bytes", forecast ? fmt::format("  {:>14}", "forecast") : "",
                      "watermark");
  for (const OperatorFigures& f : metrics.operators) {
    std::string told = f.forecast_bytes > 0 ? GroupedDigits(f.forecast_bytes) : "";
    std::string line =
        fmt::format("{:<{}}  {:>15}  {:>15}  {:>14}{}  {:<23}  {}", fmt::format("{}/{}", f.name, f.subtask),
                    width, GroupedDigits(f.rows_in), GroupedDigits(f.rows_out), GroupedDigits(f.state_bytes),
                    forecast ? fmt::format("  {:>14}", told) : "", WatermarkText(f.watermark),
                    f.heads_task ? LoadText(f.busy_nanos, f.idle_nanos, f.blocked_nanos) : "");
    while (line.back() == ' ') line.pop_back();
    text += line + "\n";
  }
  return text;
}

}  // namespace

std::string LoadText(int64_t busy_nanos, int64_t idle_nanos, int64_t blocked_nanos) {
  int64_t all = busy_nanos + idle_nanos + blocked_nanos;
  if (all <= 0) return "";
  auto percent = [all](int64_t part) { return (part * 100 + all / 2) / all; };
  return fmt::format("busy {} %, idle {} %, back-pressured {} %", percent(busy_nanos), percent(idle_nanos),
                     percent(blocked_nanos));
}

Result<std::string> MetricsText(const JobMetrics& metrics, const std::string& format) {
  if (format == "json") return Json(metrics);
  if (format == "prometheus") return Prometheus(metrics);
  if (format == "text" || format.empty()) return People(metrics);
  return Status::InvalidArgument("metrics are text, json or prometheus, not '" + format + "'");
}

}  // namespace penstock
