// Tests of the table under state.
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

TEST(FlatTableTest, EntriesTakeLittleMoreThanTheirSlots) {
  for (int entries : {100, 1000, 5000, 9000, 20000}) {
    FlatTable table(kLayout);
    for (int i = 0; i < entries; ++i) Put(table, std::to_string(i), i);
    size_t slots = static_cast<size_t>(entries) * kLayout.stride();
    EXPECT_LT(table.MemoryBytes(), slots * 9 / 5 + 512) << entries;
    EXPECT_GE(table.MemoryBytes(), slots + static_cast<size_t>(entries) * 5);
  }
}

TEST(FlatTableTest, KeysThatComeAndGoWithOtherLengthsDoNotFillTheArena) {
  FlatTable table(kLayout);
  for (int i = 0; i < 20000; ++i) {
    auto key = [](int k) {
      return std::string(static_cast<size_t>(20 + k * 7 % 60), 'k') + std::to_string(k);
    };
    Put(table, key(i), i);
    EXPECT_EQ(Get(table, key(i)), i);
    if (i < 10) continue;
    EXPECT_TRUE(table.Erase(key(i - 10), HashKey(key(i - 10))));
    EXPECT_EQ(Get(table, key(i - 5)), i - 5);
  }
  EXPECT_EQ(table.size(), 10U);
  EXPECT_LT(table.MemoryBytes(), 8000U);
}

TEST(FlatTableTest, MovingOnGivesBackWhatErasedEntriesHeldAndMayAddTimes) {
  FlatTable table(kLayout);
  for (int i = 0; i < 10000; ++i) Put(table, std::to_string(i), i);
  for (int i = 0; i < 9900; ++i) table.Erase(std::to_string(i), HashKey(std::to_string(i)));
  EXPECT_TRUE(table.sparse());
  SlotLayout with_times = kLayout;
  with_times.times = true;
  FlatTable moved(with_times);
  table.MoveAllTo(&moved);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(moved.size(), 100U);
  EXPECT_FALSE(moved.sparse());
  EXPECT_LT(moved.MemoryBytes(), 12000U);
  bool created = false;
  uint8_t* value = moved.FindOrInsert("9950", HashKey("9950"), 77, 1, &created);
  EXPECT_FALSE(created);
  EXPECT_EQ(moved.TimeOf(value), 77);
  EXPECT_EQ(Get(moved, "9999"), 9999);
}

}  // namespace
}  // namespace penstock
