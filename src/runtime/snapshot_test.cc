// When a savepoint is complete, and whose parts it holds.
#include "runtime/snapshot.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

std::vector<SubtaskSnapshot> Part(const std::string& uid) {
  std::vector<SubtaskSnapshot> parts(1);
  parts[0].uid = uid;
  return parts;
}

TEST(SnapshotCollector, ATaskThatPassedTheBarrierAndThenFinishedCountsOnce) {
  SnapshotCollector collector;
  collector.Start(2);
  collector.Add(0, 1, Part("source at the barrier"));
  collector.Add(0, 0, Part("source at its end"));
  EXPECT_FALSE(collector.IsComplete(1));
  collector.Add(1, 1, Part("sink"));
  ASSERT_TRUE(collector.IsComplete(1));
  std::vector<SubtaskSnapshot> all = collector.Collect(1);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].uid, "source at the barrier");
}

TEST(SnapshotCollector, AFinishedTaskStandsForLaterEpochs) {
  SnapshotCollector collector;
  collector.Start(2);
  collector.Add(0, 0, Part("finished"));
  collector.Add(1, 1, Part("running"));
  EXPECT_TRUE(collector.IsComplete(1));
  EXPECT_FALSE(collector.IsComplete(0));
}

}  // namespace
}  // namespace penstock
