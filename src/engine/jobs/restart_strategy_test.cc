// Pauses between restarts.
#include "engine/jobs/restart_strategy.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

sql::Config With(std::initializer_list<std::pair<const char*, const char*>> options) {
  sql::Config config;
  for (const auto& [key, value] : options) config.Set(key, value);
  return config;
}

TEST(RestartStrategyTest, WithoutCheckpointsAFailureIsTheEnd) {
  RestartStrategy strategy(ReadRestartOptions({}, false).value());
  EXPECT_EQ(strategy.OnFailure(0), std::nullopt);
}

TEST(RestartStrategyTest, FixedDelayTriesAsOftenAsItSays) {
  RestartStrategy strategy(ReadRestartOptions(With({{"restart-strategy.type", "fixed-delay"},
                                                    {"restart-strategy.fixed-delay.attempts", "2"},
                                                    {"restart-strategy.fixed-delay.delay", "3 s"}}),
                                              true)
                               .value());
  EXPECT_EQ(strategy.OnFailure(0), 3000);
  EXPECT_EQ(strategy.OnFailure(10), 3000);
  EXPECT_EQ(strategy.OnFailure(20), std::nullopt);
  EXPECT_EQ(strategy.restarts(), 2);
}

TEST(RestartStrategyTest, ExponentialDelayGrowsToItsLimitAndResets) {
  RestartStrategy strategy(
      ReadRestartOptions(With({{"restart-strategy.exponential-delay.initial-backoff", "1 s"},
                               {"restart-strategy.exponential-delay.backoff-multiplier", "2.0"},
                               {"restart-strategy.exponential-delay.max-backoff", "3 s"},
                               {"restart-strategy.exponential-delay.reset-backoff-threshold", "1 min"}}),
                         true)
          .value());
  EXPECT_EQ(strategy.OnFailure(0), 1000);
  EXPECT_EQ(strategy.OnFailure(1000), 2000);
  EXPECT_EQ(strategy.OnFailure(3000), 3000);
  EXPECT_EQ(strategy.OnFailure(6000), 3000);
  EXPECT_EQ(strategy.OnFailure(100000), 1000);
}

TEST(RestartStrategyTest, FailureRateCountsWithinItsInterval) {
  RestartStrategy strategy(
      ReadRestartOptions(With({{"restart-strategy.type", "failure-rate"},
                               {"restart-strategy.failure-rate.max-failures-per-interval", "2"},
                               {"restart-strategy.failure-rate.failure-rate-interval", "10 s"}}),
                         true)
          .value());
  EXPECT_TRUE(strategy.OnFailure(0));
  EXPECT_TRUE(strategy.OnFailure(1000));
  EXPECT_TRUE(strategy.OnFailure(11000));
  EXPECT_TRUE(strategy.OnFailure(11500));
  EXPECT_FALSE(strategy.OnFailure(11600));
}

TEST(RestartStrategyTest, UnknownStrategiesAreRefused) {
  EXPECT_EQ(ReadRestartOptions(With({{"restart-strategy.type", "often"}}), true).status().number(),
            ErrorNumber::kBadOption);
}

}  // namespace
}  // namespace penstock
