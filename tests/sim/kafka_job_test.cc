// Exactly-once jobs from Kafka to Kafka in the simulation: seeds and every crash point.
#include <gtest/gtest.h>

#include "campaign.h"

namespace penstock::sim {
namespace {

TEST(KafkaJobs, SeedsBreakNoVerdict) {
  size_t deaths = 0;
  std::map<std::string, int64_t> faults;
  for (uint64_t seed = 1; seed <= 300 && !HasFailure(); ++seed) {
    Outcome outcome = RunSeed("kafka", seed, false);
    EXPECT_EQ(outcome.violation, "") << RepeatCommand("kafka", seed);
    deaths += outcome.deaths.size();
    for (const auto& [what, count] : outcome.faults) faults[what] += count;
  }
  EXPECT_GT(deaths, 150u);
  // Rows 8, 9, 13 and 17 of the fault matrix.
  for (const char* what : {"the disk is full", "the process sleeps", "the wall clock jumps back",
                           "the wall clock stops", "transactional ids taken, and the process stopped"})
    EXPECT_GT(faults[what], 3) << what;
}

// A writer may notice it before the decision does, when it writes or flushes.
TEST(KafkaJobs, WhoseIdsAreTakenSaysSoWhereverItIsNoticed) {
  for (uint64_t seed : {10158, 10769})
    EXPECT_EQ(RunSeed("kafka", seed, false).violation, "") << RepeatCommand("kafka", seed);
}

TEST(KafkaJobs, ADeathAtAnyPointChangesNothing) {
  std::set<std::string> died_at;
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    for (const std::string& point : PointsOf(*MakeJob("kafka", seed))) {
      LifePlan plan;
      plan.die_at = point;
      plan.die_hit = static_cast<int64_t>(seed);
      plan.lose_power = seed == 2;
      std::unique_ptr<SimulatedJob> job = MakeJob("kafka", seed);
      Outcome outcome = Carry(job.get(), seed, {plan, plan}, false);
      EXPECT_EQ(outcome.violation, "") << point << ", seed " << seed;
      for (const std::string& death : outcome.deaths) died_at.insert(death.substr(0, death.find(' ')));
    }
  }
  EXPECT_GT(died_at.size(), 40u);
}

}  // namespace
}  // namespace penstock::sim
