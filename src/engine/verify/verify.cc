// Which deaths are tried, and what the differences mean.
#include "engine/verify/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/verify/verify_world.h"

namespace penstock {

namespace {

using Tables = std::map<std::string, VerifyWorld::Table>;

constexpr int64_t kFewCheckpoints = 6;
constexpr int64_t kManySteps = 3000;
constexpr int64_t kLongestStepMicros = 600'000'000;

// The script undisturbed, and how it has to be paced to be worth it.
struct Reference {
  Tables tables;
  VerifyPace pace;
  std::map<std::string, int64_t> hits;
  int64_t checkpoints = 0;
};

int64_t HitsOf(const std::map<std::string, int64_t>& hits, const std::string& point) {
  auto found = hits.find(point);
  return found == hits.end() ? 0 : found->second;
}

// Small steps and slow ones until there are some checkpoints, but not so many steps that it takes long.
Result<Reference> RunUndisturbed(FileSystem* files, const VerifyOptions& options) {
  Reference reference;
  while (true) {
    VerifyWorld world(files, options, reference.pace, options.seed);
    RETURN_IF_ERROR(world.Run({}));
    reference.tables = world.Tables();
    reference.hits = world.first_hits();
    reference.checkpoints = HitsOf(reference.hits, "checkpoint.sealed");
    bool takes_any = reference.checkpoints > 0;
    if (world.steps() > kManySteps && reference.pace.max_rows < 65536) {
      reference.pace.max_rows *= 8;
    } else if (world.steps() < 60 && reference.pace.max_rows > 1) {
      reference.pace.max_rows /= 4;
    } else if (takes_any && reference.checkpoints < kFewCheckpoints &&
               reference.pace.max_step_micros < kLongestStepMicros) {
      reference.pace.max_step_micros *= 4;
    } else {
      return reference;
    }
  }
}

// Each point at its first hit, in the middle and at its last, by a kill and by a power failure. What only a
// process that comes after a death passes is hit in a second life.
std::vector<std::vector<VerifyDeath>> DeathsToTry(const Reference& reference, const VerifyOptions& options,
                                                  FileSystem* files) {
  std::vector<std::vector<VerifyDeath>> tries;
  auto add = [&](const std::vector<VerifyDeath>& before, const std::map<std::string, int64_t>& hits) {
    for (const auto& [point, count] : hits) {
      std::set<int64_t> at = {1, (count + 1) / 2, count};
      if (!before.empty()) at = {1};
      for (int64_t hit : at) {
        for (bool power : {false, true}) {
          tries.push_back(before);
          tries.back().push_back({point, hit, power});
        }
      }
    }
  };
  add({}, reference.hits);
  int64_t sealed = HitsOf(reference.hits, "checkpoint.sealed");
  if (sealed > 0) {
    VerifyDeath first{"checkpoint.sealed", (sealed + 1) / 2, true};
    VerifyWorld world(files, options, reference.pace, options.seed);
    std::map<std::string, int64_t> hits;
    if (world.Run({first}).ok()) {
      for (const auto& [point, count] : world.last_hits()) {
        if (point.starts_with("recovery.") || point.starts_with("run.") || point.starts_with("sink.") ||
            point.starts_with("files.") || point.starts_with("kafka.") || point.starts_with("job."))
          hits[point] = count;
      }
    }
    add({first}, hits);
  }
  // An even choice where there are more than may be tried.
  auto most = static_cast<size_t>(std::max(1, options.most_runs));
  if (tries.size() <= most) return tries;
  std::vector<std::vector<VerifyDeath>> chosen;
  for (size_t i = 0; i < most; ++i) chosen.push_back(tries[i * tries.size() / most]);
  return chosen;
}

std::string TextOf(const std::vector<VerifyDeath>& deaths) {
  std::string text;
  for (const VerifyDeath& death : deaths) {
    text += fmt::format("{}{} at {} (hit {})", text.empty() ? "" : ", then ",
                        death.lose_power ? "power failure" : "kill", death.point, death.hit);
  }
  return text;
}

struct Difference {
  DeliveryVerdict verdict = DeliveryVerdict::kExactlyOnce;
  std::string row;
};

// Of multisets. A row too many that the other has, too, is one that came again.
Difference Compare(const std::multiset<std::string>& expected, const std::multiset<std::string>& found) {
  std::vector<std::string> missing, extra;
  std::set_difference(expected.begin(), expected.end(), found.begin(), found.end(),
                      std::back_inserter(missing));
  std::set_difference(found.begin(), found.end(), expected.begin(), expected.end(),
                      std::back_inserter(extra));
  auto strange = std::find_if(extra.begin(), extra.end(),
                              [&](const std::string& row) { return !expected.contains(row); });
  if (strange != extra.end()) return {DeliveryVerdict::kOther, "unexpected: " + *strange};
  if (!missing.empty()) return {DeliveryVerdict::kLossy, "missing: " + missing.front()};
  if (!extra.empty()) return {DeliveryVerdict::kAtLeastOnce, "again: " + extra.front()};
  return {};
}

void Note(const Tables& expected, Tables found, const std::string& crash,
          std::map<std::string, SinkReport>* sinks) {
  for (const auto& [name, table] : expected) {
    SinkReport& sink = (*sinks)[name];
    if (sink.verdict == DeliveryVerdict::kUnseen || sink.verdict == DeliveryVerdict::kTimed) continue;
    Difference difference = Compare(table.rows, found[name].rows);
    if (difference.verdict == DeliveryVerdict::kExactlyOnce) continue;
    ++sink.bad_runs;
    if (difference.verdict <= sink.verdict) continue;
    sink.verdict = difference.verdict;
    sink.crash = crash;
    sink.row = difference.row;
  }
}

}  // namespace

const char* DeliveryName(DeliveryVerdict verdict) {
  static const char* const kNames[] = {"exactly-once", "at-least-once",     "lossy",
                                       "differs",      "depends on timing", "not looked at"};
  return kNames[static_cast<size_t>(verdict)];
}

DeliveryVerdict VerifyReport::verdict() const {
  DeliveryVerdict worst = DeliveryVerdict::kExactlyOnce;
  for (const SinkReport& sink : sinks) worst = std::max(worst, sink.verdict);
  return worst;
}

Result<VerifyReport> Verify(FileSystem* files, const VerifyOptions& options) {
  ASSIGN_OR_RETURN(Reference reference, RunUndisturbed(files, options));
  VerifyReport report;
  report.checkpoints = reference.checkpoints;
  std::map<std::string, SinkReport> sinks;
  for (const auto& [name, table] : reference.tables) {
    sinks[name] = {name, table.connector, std::ssize(table.rows), DeliveryVerdict::kExactlyOnce, 0, "", ""};
    if (!table.seen) sinks[name].verdict = DeliveryVerdict::kUnseen;
  }
  // Another order of steps, nothing else.
  for (uint64_t schedule : {options.seed + 1, options.seed + 2}) {
    VerifyWorld world(files, options, reference.pace, schedule);
    RETURN_IF_ERROR(world.Run({}));
    Tables again = world.Tables();
    for (auto& [name, sink] : sinks) {
      Difference difference = Compare(reference.tables[name].rows, again[name].rows);
      if (difference.verdict == DeliveryVerdict::kExactlyOnce || sink.verdict == DeliveryVerdict::kUnseen)
        continue;
      sink.verdict = DeliveryVerdict::kTimed;
      sink.row = difference.row;
    }
  }
  std::set<std::string> points;
  for (const std::vector<VerifyDeath>& deaths : DeathsToTry(reference, options, files)) {
    VerifyWorld world(files, options, reference.pace, options.seed);
    std::string crash = TextOf(deaths);
    Status ended = world.Run(deaths);
    if (!ended.ok()) return std::move(ended).WithContext("after a " + crash);
    ++report.runs;
    report.deaths += world.deaths();
    for (const VerifyDeath& death : deaths) points.insert(death.point);
    Note(reference.tables, world.Tables(), crash, &sinks);
  }
  report.points = points.size();
  for (auto& [name, sink] : sinks) report.sinks.push_back(std::move(sink));
  return report;
}

void PrintReport(const VerifyReport& report, const std::function<void(const std::string&)>& print) {
  print(
      fmt::format("{} runs with {} deaths at {} steps of the protocol; {} checkpoints in an undisturbed run",
                  report.runs, report.deaths, report.points, report.checkpoints));
  if (report.checkpoints == 0)
    print("the script takes no checkpoints: SET 'execution.checkpointing.dir' and '.interval'");
  for (const SinkReport& sink : report.sinks) {
    // The default catalog and database say nothing.
    std::string name = sink.table;
    if (std::string_view prefix = "default_catalog.default_database."; name.starts_with(prefix))
      name.erase(0, prefix.size());
    print(
        fmt::format("{:<18} {} ({}), {} rows", DeliveryName(sink.verdict), name, sink.connector, sink.rows));
    if (!sink.crash.empty()) {
      print(fmt::format("{:18} in {} of {} runs; the worst: {}", "", sink.bad_runs, report.runs, sink.crash));
    }
    if (!sink.row.empty()) print(fmt::format("{:18} first row: {}", "", sink.row));
  }
}

}  // namespace penstock
