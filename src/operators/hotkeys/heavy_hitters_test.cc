// Heavy hitters: none that matters is missed, and none is made up.
#include "operators/hotkeys/heavy_hitters.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "data/key_codec.h"

namespace penstock {
namespace {

const HeavyHitters::Counter* Find(const HeavyHitters& hitters, const std::string& key) {
  for (const HeavyHitters::Counter& counter : hitters.counters()) {
    if (counter.key == key) return &counter;
  }
  return nullptr;
}

TEST(HeavyHitters, AFrequentKeyIsFoundAmongManyRareOnes) {
  HeavyHitters hitters(16);
  for (int i = 0; i < 10000; ++i) {
    std::string key = i % 4 == 0 ? "hot" : "cold" + std::to_string(i);
    hitters.Add(key, HashKey(key));
  }
  const HeavyHitters::Counter* hot = Find(hitters, "hot");
  ASSERT_NE(hot, nullptr);
  EXPECT_GE(hot->count, 2500);
  EXPECT_LE(hot->count - hot->error, 2500);
}

TEST(HeavyHitters, RareKeysAreNotSureToBeFrequent) {
  HeavyHitters hitters(16);
  for (int i = 0; i < 10000; ++i) hitters.Add(std::to_string(i), HashKey(std::to_string(i)));
  for (const HeavyHitters::Counter& counter : hitters.counters()) EXPECT_LE(counter.count - counter.error, 1);
}

TEST(HeavyHitters, WhatWasHotCoolsDown) {
  HeavyHitters hitters(16, 1000);
  for (int i = 0; i < 900; ++i) hitters.Add("before", HashKey("before"));
  for (int i = 0; i < 9000; ++i) hitters.Add("after", HashKey("after"));
  const HeavyHitters::Counter* before = Find(hitters, "before");
  EXPECT_LT(before->count * 20, hitters.total());
  EXPECT_GT(Find(hitters, "after")->count * 2, hitters.total());
}

}  // namespace
}  // namespace penstock
