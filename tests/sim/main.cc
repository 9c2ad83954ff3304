// sim_test: runs the tests; or with --seeds N [--from S] [--job files|objects|kafka] that many seeds, with
// --trace the events of one, with --bug NAME under a bug that is put in (SeededBug). A seed that breaks a
// verdict is printed with the command that repeats it. --pairs [--seeds N] goes through all pairs of crash
// points instead (pairs.h), --damage N damages checkpoints (damage.h).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "campaign.h"
#include "damage.h"
#include "pairs.h"

namespace penstock::sim {
namespace {

struct Arguments {
  uint64_t seeds = 0, from = 1;
  std::string job = "files";
  std::string bug;
  bool trace = false, pairs = false;
  int64_t visits = 4, stride = 1;
  uint64_t damage = 0;
};

int RunSeeds(const Arguments& arguments) {
  uint64_t broken = 0, lives = 0, deaths = 0;
  std::map<std::string, int64_t> hits, faults;
  for (const SeededBug* bug : SeededBug::All()) {
    if (bug->name() == arguments.bug) SeededBug::Activate(bug);
  }
  for (uint64_t seed = arguments.from; seed < arguments.from + arguments.seeds; ++seed) {
    Outcome outcome = RunSeed(arguments.job, seed, arguments.trace);
    for (const std::string& line : outcome.trace) fmt::print("{}\n", line);
    lives += static_cast<uint64_t>(outcome.lives);
    deaths += outcome.deaths.size();
    for (const auto& [point, count] : outcome.hits) hits[point] += count;
    for (const auto& [what, count] : outcome.faults) faults[what] += count;
    if (outcome.violation.empty()) continue;
    ++broken;
    fmt::print("seed {}: {}\n", seed, outcome.violation);
    if (!arguments.trace) fmt::print("  {}\n", RepeatCommand(arguments.job, seed));
  }
  fmt::print("{} seeds of {} from {}: {} lives, {} deaths, {} points hit, {} violations\n", arguments.seeds,
             arguments.job, arguments.from, lives, deaths, hits.size(), broken);
  for (const auto& [what, count] : faults) fmt::print("  {}: {}\n", what, count);
  return broken == 0 ? 0 : 1;
}

int RunPairs(const Arguments& arguments) {
  PairCounts counts;
  uint64_t seeds = std::max<uint64_t>(1, arguments.seeds);
  for (uint64_t seed = arguments.from; seed < arguments.from + seeds; ++seed) {
    size_t before = counts.violations.size();
    GoThroughPairs({arguments.job, seed, arguments.visits, arguments.stride}, &counts);
    for (; before < counts.violations.size(); ++before) fmt::print("{}\n", counts.violations[before]);
    int64_t deaths = 0;
    for (const auto& [pair, count] : counts.pairs) deaths += count;
    fmt::print(
        "{} seed {}: so far {} runs, {} of them with two deaths, {} x {} points, {} ordered pairs, {} "
        "violations\n",
        arguments.job, seed, counts.runs, deaths, counts.first.size(), counts.second.size(),
        counts.pairs.size(), counts.violations.size());
    std::fflush(stdout);
  }
  for (const std::string& line : MissingPairs(arguments.job, counts)) fmt::print("  {}\n", line);
  return counts.violations.empty() ? 0 : 1;
}

int RunDamage(const Arguments& arguments) {
  DamageCounts counts = DamageCheckpoints(arguments.job, arguments.from, arguments.damage);
  fmt::print(
      "{} damages of checkpoints of {}: {} noticed, {} of bytes that nothing needs; {} put before a new "
      "process\n",
      counts.damages, arguments.job, counts.noticed, counts.harmless, counts.restarts);
  for (const std::string& line : counts.unnoticed) fmt::print("unnoticed: {}\n", line);
  return counts.unnoticed.empty() ? 0 : 1;
}

}  // namespace
}  // namespace penstock::sim

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  penstock::sim::Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    bool more = i + 1 < argc;
    if (std::strcmp(argv[i], "--seeds") == 0 && more)
      arguments.seeds = std::strtoull(argv[++i], nullptr, 10);
    else if (std::strcmp(argv[i], "--from") == 0 && more)
      arguments.from = std::strtoull(argv[++i], nullptr, 10);
    else if (std::strcmp(argv[i], "--job") == 0 && more)
      arguments.job = argv[++i];
    else if (std::strcmp(argv[i], "--bug") == 0 && more)
      arguments.bug = argv[++i];
    else if (std::strcmp(argv[i], "--visits") == 0 && more)
      arguments.visits = std::atoll(argv[++i]);
    else if (std::strcmp(argv[i], "--stride") == 0 && more)
      arguments.stride = std::atoll(argv[++i]);
    else if (std::strcmp(argv[i], "--damage") == 0 && more)
      arguments.damage = std::strtoull(argv[++i], nullptr, 10);
    else if (std::strcmp(argv[i], "--trace") == 0)
      arguments.trace = true;
    else if (std::strcmp(argv[i], "--pairs") == 0)
      arguments.pairs = true;
    else {
      fmt::print(stderr,
                 "usage: sim_test [--seeds N] [--from S] [--job files|objects|kafka] [--trace] [--bug NAME] "
                 "[--pairs "
                 "[--visits N] [--stride N]] [--damage N]\n");
      return 2;
    }
  }
  if (arguments.pairs) return penstock::sim::RunPairs(arguments);
  if (arguments.damage > 0) return penstock::sim::RunDamage(arguments);
  return arguments.seeds > 0 ? penstock::sim::RunSeeds(arguments) : RUN_ALL_TESTS();
}
