// Tests of the open-addressing table under state.
#include "state/hash/flat_table.h"

#include <gtest/gtest.h>

#include <string>

#include "data/key_codec.h"

namespace penstock {
namespace {

void Put(FlatTable& table, const std::string& key, int64_t value) {
  table.Reserve(1);
  bool created = false;
  std::memcpy(table.FindOrInsert(key, HashKey(key), 0, &created), &value, sizeof(value));
}

int64_t Get(FlatTable& table, const std::string& key) {
  uint8_t* found = table.Find(key, HashKey(key));
  if (found == nullptr) return -1;
  int64_t value = 0;
  std::memcpy(&value, found, sizeof(value));
  return value;
}

TEST(FlatTableTest, ReserveOfMoreThanTheTableHoldsMakesRoomOnce) {
  FlatTable table(8);
  table.Reserve(1024);
  table.Reserve(5000);
  for (int i = 0; i < 5000; ++i) Put(table, "key-" + std::to_string(i), i);
  EXPECT_EQ(table.size(), 5000U);
  EXPECT_EQ(Get(table, "key-4711"), 4711);
}

TEST(FlatTableTest, LongKeysSurviveGrowth) {
  FlatTable table(8);
  for (int i = 0; i < 1000; ++i) Put(table, "a key that does not fit into the slot " + std::to_string(i), i);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(Get(table, "a key that does not fit into the slot " + std::to_string(i)), i);
  }
}

TEST(FlatTableTest, ErasedKeysAreGoneAndTheirSlotsAreUsedAgain) {
  FlatTable table(8);
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
