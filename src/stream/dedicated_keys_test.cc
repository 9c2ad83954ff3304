// Who gets a subtask of its own, and who owns which key then.
#include "stream/dedicated_keys.h"

#include <gtest/gtest.h>

#include "data/key_codec.h"

namespace penstock {
namespace {

WatchedKeys Seen(std::vector<std::pair<std::string, int64_t>> rows, int64_t all) {
  WatchedKeys seen;
  seen.rows = all;
  for (const auto& [bytes, count] : rows) seen.keys.push_back({bytes, HashKey(bytes), count});
  return seen;
}

TEST(ChooseDedicated, AKeyThatMakesASubtasksShareGetsOne) {
  EXPECT_EQ(ChooseDedicated(Seen({{"a", 9000}}, 10000), 2).prefixes.size(), 1u);
  EXPECT_EQ(ChooseDedicated(Seen({{"a", 4900}}, 10000), 2).prefixes.size(), 0u);
  EXPECT_EQ(ChooseDedicated(Seen({{"a", 4900}}, 10000), 3).prefixes.size(), 1u);
}

TEST(ChooseDedicated, TheGreatestComeFirstAndOneSubtaskIsLeft) {
  WatchedKeys seen = Seen({{"a", 3000}, {"b", 4000}, {"c", 2500}}, 10000);
  DedicatedKeys keys = ChooseDedicated(seen, 3);
  ASSERT_EQ(keys.prefixes.size(), 2u);
  EXPECT_EQ(keys.IndexOf(HashKey("b")), 0);
  EXPECT_EQ(keys.IndexOf(HashKey("a")), 1);
  EXPECT_EQ(keys.SharedOf(3), 1);
  EXPECT_TRUE(ChooseDedicated(seen, 1).prefixes.empty());
}

TEST(ChooseDedicated, NothingIsChosenAfterFewRowsOrWithoutTheMargin) {
  WatchedKeys seen = Seen({{"a", 90}}, 100);
  EXPECT_TRUE(ChooseDedicated(seen, 2).prefixes.empty());
  seen.fewest = 100;
  EXPECT_EQ(ChooseDedicated(seen, 2).prefixes.size(), 1u);
  EXPECT_TRUE(ChooseDedicated(seen, 2, 1.9).prefixes.empty());
}

TEST(WatchedKeys, AreWrittenAndAddedUp) {
  WatchedKeys both = WatchedKeys::Read(Seen({{"a", 10}, {"b", 5}}, 20).Write()).value();
  both.Add(Seen({{"a", 20}}, 40));
  EXPECT_EQ(both.rows, 60);
  EXPECT_EQ(both.ShareOf(HashKey("a")), 0.5);
  std::string bytes = both.Write();
  bytes.pop_back();
  EXPECT_FALSE(WatchedKeys::Read(bytes).has_value());
}

TEST(KeyGroupRange, EveryKeyHasOneOwnerAndADedicatedOneItsOwn) {
  auto keys =
      std::make_shared<const DedicatedKeys>(ChooseDedicated(Seen({{"a", 4000}, {"b", 3000}}, 10000), 4));
  ASSERT_EQ(keys->prefixes.size(), 2u);
  for (int i = 0; i < 2000; ++i) {
    std::string name = i == 0 ? "a" : i == 1 ? "b" : "key-" + std::to_string(i);
    int owners = 0, owner = -1;
    for (int subtask = 0; subtask < 4; ++subtask) {
      if (!KeyGroupRange::Of(subtask, 4, 128, keys).Contains(HashKey(name))) continue;
      ++owners;
      owner = subtask;
    }
    EXPECT_EQ(owners, 1) << name;
    EXPECT_EQ(owner >= 2, i < 2) << name;
  }
}

}  // namespace
}  // namespace penstock
