// All ordered pairs of crash points.
#include "pairs.h"

#include <fmt/format.h>

#include <algorithm>

#include "campaign.h"

namespace penstock::sim {

namespace {

using Hits = std::map<std::string, int64_t>;

// What goes wrong beside the deaths, in both lives.
std::vector<LifePlan> Circumstances() {
  std::vector<LifePlan> plans(4);
  plans[1].fail_at = "store.state-durable";  // the epoch is abandoned, if that is tolerated
  plans[1].fail_hit = 2;
  plans[2].fail_at = "task.snapshot-taken";  // the job fails, and starts again
  plans[2].fail_hit = 4;
  plans[3].fail_at = "checkpoint.told";
  plans[3].fail_hit = 1;
  return plans;
}

// Which visits of so many: the first ones, the last one, and some between.
std::vector<int64_t> Chosen(int64_t hits, int64_t most) {
  std::set<int64_t> chosen;
  for (int64_t i = 0; i < most; ++i) chosen.insert(most == 1 ? 1 : 1 + i * (hits - 1) / (most - 1));
  if (most > 2 && hits > 1) chosen.insert(2);
  return {chosen.begin(), chosen.end()};
}

class Walk {
 public:
  Walk(const PairOptions& options, PairCounts* counts) : options_(options), counts_(counts) {}

  void Go() {
    for (const LifePlan& circumstance : Circumstances()) {
      for (const auto& [point, hits] : HitsOf({circumstance}, 0)) {
        for (int64_t visit : Chosen(hits, options_.visits)) Behind(circumstance, point, visit);
      }
    }
  }

 private:
  // What the life behind a death at this visit comes by, and a death at each of that.
  void Behind(const LifePlan& circumstance, const std::string& point, int64_t visit) {
    LifePlan first = circumstance;
    first.die_at = point;
    first.die_hit = visit;
    first.lose_power = (counts_->runs + visit) % 2 == 0;
    for (const auto& [next, hits] : HitsOf({first, circumstance}, 1)) {
      if (turn_++ % options_.stride != 0) continue;
      LifePlan second = circumstance;
      second.die_at = next;
      // By turns its first visit and its last.
      second.die_hit = turn_ % 3 == 0 ? hits : 1;
      second.lose_power = turn_ / 2 % 2 == 0;
      Outcome outcome = Run({first, second});
      if (outcome.deaths.size() < 2 || !outcome.deaths[0].starts_with(point + " ") ||
          !outcome.deaths[1].starts_with(next + " "))
        continue;
      ++counts_->pairs[{point, next}];
      counts_->first.insert(point);
      counts_->second.insert(next);
    }
  }

  Hits HitsOf(const std::vector<LifePlan>& plans, size_t life) {
    Outcome outcome = Run(plans);
    return life < outcome.hits_of_lives.size() ? outcome.hits_of_lives[life] : Hits();
  }

  Outcome Run(const std::vector<LifePlan>& plans) {
    std::unique_ptr<SimulatedJob> job = MakeJob(options_.job, options_.seed);
    Outcome outcome = Carry(job.get(), options_.seed, plans, false);
    ++counts_->runs;
    if (outcome.violation.empty()) return outcome;
    std::string text = fmt::format("{} seed {}:", options_.job, options_.seed);
    for (const LifePlan& plan : plans) {
      text += fmt::format(" dies at {} {}{}, fails at {} {};", plan.die_at, plan.die_hit,
                          plan.lose_power ? " without power" : "", plan.fail_at, plan.fail_hit);
    }
    counts_->violations.push_back(text + " " + outcome.violation);
    return outcome;
  }

  const PairOptions& options_;
  PairCounts* counts_;
  int64_t turn_ = 0;
};

}  // namespace

void GoThroughPairs(const PairOptions& options, PairCounts* counts) { Walk(options, counts).Go(); }

std::vector<std::string> MissingPairs(const std::string& job, const PairCounts& counts) {
  std::vector<std::string> lines;
  for (const std::string& point : PointsOf(*MakeJob(job, 1))) {
    if (!counts.first.contains(point)) lines.push_back("never the first: " + point);
    if (!counts.second.contains(point)) lines.push_back("never the second: " + point);
  }
  return lines;
}

}  // namespace penstock::sim
