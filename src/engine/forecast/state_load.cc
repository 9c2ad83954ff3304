// Stretches of time, sessions, elements under keys.
#include "engine/forecast/state_load.h"

#include <algorithm>
#include <cmath>

namespace penstock {

namespace {

using sql::DistinctGrowth;
using sql::KeyClass;

// Keys of which each has so many different elements: drawing r of `values` alike ones gives
// values * (1 - (1 - 1 / values)^r); `values` so that all keys together have the elements that are expected.
void KeepDistinct(double elements, std::vector<KeyClass>* classes) {
  auto distinct = [](double values, double rows) {
    return values <= 1 ? 1.0 : -values * std::expm1(rows * std::log1p(-1 / values));
  };
  auto sum = [&](double values) {
    double all = 0;
    for (const KeyClass& one : *classes) all += one.keys * distinct(values, one.rows);
    return all;
  };
  double low = 0, high = 60;  // binary logarithms
  for (int i = 0; i < 60; ++i) {
    double middle = (low + high) / 2;
    (sum(std::exp2(middle)) < elements ? low : high) = middle;
  }
  for (KeyClass& one : *classes) one.rows = std::max(1.0, distinct(std::exp2(high), one.rows));
}

class Loads {
 public:
  Loads(const sql::StateUse& use, const TableSample::Found& found, double rows)
      : use_(use), found_(found), total_(std::max(rows, found.rows)), keys_(found.keys, total_) {
    if (use.keeping == sql::Keeping::kDistinct && !use.name.empty()) names_.emplace(found.names, total_);
  }

  StateLoad OfRows(double rows) const {
    StateLoad load;
    rows = std::max(1.0, rows);
    load.keys = keys_.After(rows);
    if (!use_.ordered) {
      load.classes = {{load.keys.likely, 1}};
      return load;
    }
    load.classes = keys_.KeysByRows(rows);
    if (names_) KeepDistinct(names_->After(rows).likely, &load.classes);
    return load;
  }
  StateLoad OfStretch(double ms, double copies) const {
    StateLoad load = OfRows(std::min(total_, found_.rate * ms));
    load.copies = copies;
    return load;
  }
  StateLoad OfSessions() const {
    StateLoad load;
    double run_ms = total_ / found_.rate;
    keys_.model().ForEachShare([&](double share, double keys) {
      SessionFigures figures =
          SessionsOf(found_.rate * share, static_cast<double>(use_.gap_ms), found_.delay_ms, run_ms);
      if (figures.alive <= 0) return;
      double elements = (use_.per_session ? figures.sessions : figures.rows) / figures.alive;
      load.keys.likely += keys * figures.alive;
      load.classes.push_back({keys * figures.alive, std::max(1.0, elements)});
    });
    load.keys.low = load.keys.high = load.keys.likely;
    return load;
  }

 private:
  const sql::StateUse& use_;
  const TableSample::Found& found_;
  double total_;
  DistinctGrowth keys_;
  std::optional<DistinctGrowth> names_;
};

// Windows that overlap, each from its start to now; those that have ended wait for the watermark.
std::vector<StateLoad> Overlapping(const sql::StateUse& use, double delay, const Loads& loads) {
  constexpr double kTold = 16;  // beyond, a few stand for all
  auto size = static_cast<double>(use.slice_ms), step = static_cast<double>(use.step_ms);
  double count = std::ceil((size + delay) / step), stride = std::max(1.0, count / kTold);
  std::vector<StateLoad> alive;
  for (double at = stride / 2 - 0.5; at < count; at += stride)
    alive.push_back(loads.OfStretch(std::clamp(size + delay - at * step, 1.0, size), stride));
  return alive;
}

}  // namespace

// A row of age a is there for sure up to gap + delay. Beyond, with x = a - gap - delay, the rows between it
// and then must have left no gap: a chance of about c * exp(-r * x), where r is the rate at which gaps begin
// among those (one in e^(rate * gap) - 1 rows), and c makes the sum over all ages what is known of it: a
// session that is open has e^(rate * gap) rows on average.
SessionFigures SessionsOf(double rows_per_ms, double gap_ms, double delay_ms, double run_ms) {
  SessionFigures figures;
  if (rows_per_ms <= 0 || run_ms <= 0) return figures;
  double in_gap = rows_per_ms * gap_ms, sure_ms = std::min(run_ms, gap_ms + delay_ms);
  double between = std::expm1(std::min(in_gap, 500.0));  // rows between gaps
  figures.alive = -std::expm1(-rows_per_ms * sure_ms);
  figures.sessions = -std::expm1(-in_gap) + rows_per_ms * std::exp(-in_gap) * delay_ms;
  double earlier = (between - in_gap) * -std::expm1(-rows_per_ms / between * (run_ms - sure_ms));
  figures.rows = rows_per_ms * sure_ms + std::min(std::max(0.0, earlier), rows_per_ms * (run_ms - sure_ms));
  figures.sessions = std::max(figures.sessions, figures.alive);
  figures.rows = std::max(figures.rows, figures.sessions);
  return figures;
}

std::vector<StateLoad> LoadsOf(const sql::StateUse& use, const TableSample::Found& found, double rows) {
  Loads loads(use, found, rows);
  if (found.rate <= 0 || (use.held_ms == 0 && use.gap_ms == 0))
    return {loads.OfRows(std::max(rows, found.rows))};
  if (use.gap_ms > 0) return {loads.OfSessions()};
  auto held = static_cast<double>(use.held_ms), slice = static_cast<double>(use.slice_ms);
  if (use.step_ms > 0) return Overlapping(use, found.delay_ms, loads);
  if (slice <= 0) return {loads.OfStretch(held + found.delay_ms, 1)};
  // Slices until the watermark has passed the end of a window, and the rows that came in the meantime.
  double full = std::max(1.0, std::round(held / slice)) + std::floor(found.delay_ms / slice);
  std::vector<StateLoad> alive{loads.OfStretch(slice, full)};
  if (double begun = std::fmod(found.delay_ms, slice); begun > 0) alive.push_back(loads.OfStretch(begun, 1));
  return alive;
}

}  // namespace penstock
