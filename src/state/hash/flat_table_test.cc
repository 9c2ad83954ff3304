// Tests of the open-addressing table under state.
#include "state/hash/flat_table.h"

#include <gtest/gtest.h>

#include <string>

#include "data/key_codec.h"

namespace penstock {
namespace {

constexpr SlotLayout kLayout{16, sizeof(int64_t)};

void Put(FlatTable& table, const std::string& key, int64_t value) {
  if (table.full()) table.Grow();
  bool created = false;
  std::memcpy(table.FindOrInsert(key, HashKey(key), 0, 0, &created), &value, sizeof(value));
}

int64_t Get(FlatTable& table, const std::string& key) {
  uint8_t* found = table.Find(key, HashKey(key));
  if (found == nullptr) return -1;
  int64_t value = 0;
  std::memcpy(&value, found, sizeof(value));
  return value;
}

TEST(FlatTableTest, AnErasedKeyThatComesBackTakesItsOwnSlot) {
  FlatTable table(kLayout);
  Put(table, "a key that does not fit into the slot", 1);
  size_t bytes = table.MemoryBytes();
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(table.Erase("a key that does not fit into the slot",
                            HashKey("a key that does not fit into the slot")));
    Put(table, "a key that does not fit into the slot", i);
  }
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.MemoryBytes(), bytes);
}

TEST(FlatTableTest, LongKeysSurviveGrowth) {
  FlatTable table(kLayout);
  for (int i = 0; i < 1000; ++i) Put(table, "a key that does not fit into the slot " + std::to_string(i), i);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(Get(table, "a key that does not fit into the slot " + std::to_string(i)), i);
  }
}

TEST(FlatTableTest, ErasedKeysAreGoneAndTheirSlotsAreUsedAgain) {
  FlatTable table(kLayout);
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 50; ++i) Put(table, std::to_string(i), round);
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(table.Erase(std::to_string(i), HashKey(std::to_string(i))));
  }
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(Get(table, "7"), -1);
  EXPECT_LT(table.MemoryBytes(), size_t{1} << 16);
}

}  // namespace
}  // namespace penstock
