// Points that are hit while somebody listens, and while nobody does.
#include "env/failpoint.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

Failpoint first("test.first", "a point of this test");
Failpoint second("test.second", "another");

TEST(Failpoint, IsNothingWhileNobodyListens) { EXPECT_TRUE(first.Hit().ok()); }

TEST(Failpoint, AllAreListedByName) {
  std::vector<std::string> names;
  for (const Failpoint* point : Failpoint::All()) names.push_back(point->name());
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(std::count(names.begin(), names.end(), "test.first"), 1);
}

TEST(Failpoint, FailsAtTheNthHitAlone) {
  FailpointActions actions({{"test.first", 2}});
  ScopedFailpointHook armed(&actions);
  EXPECT_TRUE(first.Hit().ok());
  EXPECT_TRUE(second.Hit().ok());
  EXPECT_EQ(first.Hit().code(), StatusCode::kIo);
  EXPECT_TRUE(first.Hit().ok());
}

TEST(FailpointDeathTest, CrashEndsTheProcessAsAKillDoes) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  FailpointActions actions({{"test.first", 1, FailpointAction::Kind::kCrash}});
  EXPECT_EXIT(
      {
        ScopedFailpointHook armed(&actions);
        (void)first.Hit();
      },
      testing::ExitedWithCode(kFailpointExitCode), "");
}

}  // namespace
}  // namespace penstock
