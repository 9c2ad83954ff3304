// Rows 2 and 7 of the fault matrix, a part of each: pairs of crash points, damaged checkpoints. The whole is
// run by hand (docs/reliability.md).
#include <gtest/gtest.h>

#include "damage.h"
#include "pairs.h"

namespace penstock::sim {
namespace {

void ExpectPairs(const std::string& job, int64_t stride, size_t least) {
  PairCounts counts;
  GoThroughPairs({job, 1, 2, stride}, &counts);
  for (const std::string& violation : counts.violations) ADD_FAILURE() << violation;
  EXPECT_GT(counts.pairs.size(), least);
}

TEST(Pairs, OfDeathsChangeNothingForFiles) { ExpectPairs("files", 29, 50); }

TEST(Pairs, OfDeathsChangeNothingForKafka) { ExpectPairs("kafka", 59, 50); }

void ExpectNoticed(const std::string& job) {
  DamageCounts counts = DamageCheckpoints(job, 1, 2000);
  for (const std::string& line : counts.unnoticed) ADD_FAILURE() << line;
  EXPECT_EQ(counts.restarts, 20u);
  EXPECT_GT(counts.noticed, 1500u);
}

TEST(Damage, OfACheckpointIsNoticedForFiles) { ExpectNoticed("files"); }

TEST(Damage, OfACheckpointIsNoticedForKafka) { ExpectNoticed("kafka"); }

}  // namespace
}  // namespace penstock::sim
