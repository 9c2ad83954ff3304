// What has expired is removed from the store without being asked for, and from checkpoints.
#include <gtest/gtest.h>

#include "data/key_codec.h"
#include "env/clock.h"
#include "state/bounded_backend.h"
#include "state/keyed_merge.h"
#include "state/ordered_store.h"

namespace penstock {
namespace {

constexpr int64_t kTtl = 10'000;
constexpr int kKeys = 5000;

size_t Records(OrderedStore& store) {
  size_t count = 0;
  auto view = store.View();
  auto cursor = view->NewCursor();
  for (cursor->Seek(""); cursor->valid(); cursor->Next()) ++count;
  return count;
}

class ExpiryTest : public testing::Test {
 protected:
  ExpiryTest() : store_(MakeMemoryStore()) {
    memory_.set_limit(1000);
    backend_ = MakeTieredBackend({}, &clock_, &memory_, store_);
    sums_ = *backend_->OpenFixed({"sums", 8, kTtl});
    lists_ = *backend_->OpenMap({"lists", 0, kTtl});
  }
  void Write(int from, int to) {
    for (int i = from; i < to; ++i) {
      std::string key = "key " + std::to_string(i);
      StateKey state_key{key, HashKey(key)};
      uint8_t* at = nullptr;
      uint8_t created = 0;
      ASSERT_TRUE(sums_->Access(0, {&state_key, 1}, {&at, 1}, {&created, 1}).ok());
      std::memcpy(at, &i, 4);
      std::memset(at + 4, 0, 4);
      lists_->Put(1, state_key, "e", "v");
      if (i % 500 == 0) Settle();
    }
    Settle();
  }
  void Settle() { ASSERT_TRUE(backend_->Settle().ok()); }
  std::string Checkpoint(uint64_t epoch, uint64_t decided) {
    return backend_->Checkpoint(epoch, decided)->bytes;
  }

  ManualClock clock_{1'000'000'000};
  MemoryBudget memory_;
  std::shared_ptr<OrderedStore> store_;
  std::unique_ptr<BoundedBackend> backend_;
  FixedState* sums_ = nullptr;
  MapState* lists_ = nullptr;
};

TEST_F(ExpiryTest, WhatHasExpiredLeavesTheStoreAndTheChain) {
  Write(0, kKeys);
  std::string base = Checkpoint(1, 0);
  EXPECT_GT(Records(*store_), 2U * kKeys - 100);
  clock_.AdvanceMicros((kTtl - 1000) * 1000);
  Write(0, 10);  // these go on
  clock_.AdvanceMicros(2000 * 1000);
  for (int step = 0; step < 40; ++step) {
    clock_.AdvanceMicros(kTtl / 20 * 1000);
    Write(0, 10);
  }
  EXPECT_LT(Records(*store_), 100U) << "of " << 2 * kKeys;
  EXPECT_EQ(sums_->size(0), 10U);
  std::string delta = Checkpoint(2, 1);
  std::string_view chain[] = {base, delta};
  std::string merged = MergeKeyed(chain).value();
  EXPECT_LT(merged.size(), 2000U) << "of " << base.size();
  EXPECT_GT(merged.size(), 200U);
}

TEST_F(ExpiryTest, WhatHasNotExpiredStays) {
  Write(0, kKeys);
  for (int step = 0; step < 40; ++step) {
    clock_.AdvanceMicros(kTtl / 50 * 1000);
    Settle();
  }
  EXPECT_EQ(sums_->size(0), static_cast<size_t>(kKeys));
  for (int i = 0; i < kKeys; i += 97) {
    std::string key = "key " + std::to_string(i);
    EXPECT_TRUE(lists_->Get(1, {key, HashKey(key)}, "e"));
  }
}

}  // namespace
}  // namespace penstock
