// sim_test: runs the tests; or with --seeds N [--from S] [--job files|kafka] that many seeds, with --trace
// the events of one, with --bug NAME under a bug that is put in (SeededBug). A seed that breaks a verdict is
// printed with the command that repeats it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "campaign.h"

namespace penstock::sim {
namespace {

struct Arguments {
  uint64_t seeds = 0, from = 1;
  std::string job = "files";
  std::string bug;
  bool trace = false;
};

int RunSeeds(const Arguments& arguments) {
  uint64_t broken = 0, lives = 0, deaths = 0;
  std::map<std::string, int64_t> hits;
  for (const SeededBug* bug : SeededBug::All()) {
    if (bug->name() == arguments.bug) SeededBug::Activate(bug);
  }
  for (uint64_t seed = arguments.from; seed < arguments.from + arguments.seeds; ++seed) {
    Outcome outcome = RunSeed(arguments.job, seed, arguments.trace);
    for (const std::string& line : outcome.trace) fmt::print("{}\n", line);
    lives += static_cast<uint64_t>(outcome.lives);
    deaths += outcome.deaths.size();
    for (const auto& [point, count] : outcome.hits) hits[point] += count;
    if (outcome.violation.empty()) continue;
    ++broken;
    fmt::print("seed {}: {}\n", seed, outcome.violation);
    if (!arguments.trace) fmt::print("  {}\n", RepeatCommand(arguments.job, seed));
  }
  fmt::print("{} seeds of {} from {}: {} lives, {} deaths, {} points hit, {} violations\n", arguments.seeds,
             arguments.job, arguments.from, lives, deaths, hits.size(), broken);
  return broken == 0 ? 0 : 1;
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
    else if (std::strcmp(argv[i], "--trace") == 0)
      arguments.trace = true;
    else {
      fmt::print(stderr,
                 "usage: sim_test [--seeds N] [--from S] [--job files|kafka] [--trace] [--bug NAME]\n");
      return 2;
    }
  }
  return arguments.seeds > 0 ? penstock::sim::RunSeeds(arguments) : RUN_ALL_TESTS();
}
