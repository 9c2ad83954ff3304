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

// Whatever the sinks have of it: nothing older is taken, and the process says what is gone.
void ExpectMissed(const std::string& job, const std::string& point) {
  int usable = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    Loss loss = LoseNewestManifest(job, seed, point, 1 + static_cast<int64_t>(seed % 4));
    if (!loss.usable) continue;
    ++usable;
    EXPECT_TRUE(loss.names_it && !loss.goes_on) << job << " seed " << seed << ": " << loss.error;
    EXPECT_EQ(loss.wrong, "") << job << " seed " << seed;
  }
  EXPECT_GT(usable, 6);
}

TEST(Damage, ANewestManifestThatIsGoneIsMissedForFiles) {
  ExpectMissed("files", "checkpoint.decided");
  ExpectMissed("files", "checkpoint.told");
}

TEST(Damage, ANewestManifestThatIsGoneIsMissedForKafka) { ExpectMissed("kafka", "checkpoint.told"); }

// Sealed, not marked: no sink can have committed it, so the one before is as good.
TEST(Damage, AManifestThatNoSinkHasReachedIsNotMissed) {
  int usable = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    Loss loss = LoseNewestManifest("files", seed, "checkpoint.sealed", 1 + static_cast<int64_t>(seed % 4));
    if (!loss.usable) continue;
    ++usable;
    EXPECT_TRUE(loss.goes_on) << "seed " << seed << ": " << loss.error;
    EXPECT_EQ(loss.wrong, "") << "seed " << seed;
  }
  EXPECT_GT(usable, 6);
}

}  // namespace
}  // namespace penstock::sim
