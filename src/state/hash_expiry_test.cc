// State in memory whose time to live is over goes without being asked for: from memory, and from checkpoints.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "data/key_codec.h"
#include "env/clock.h"
#include "state/bounded_backend.h"
#include "state/keyed_merge.h"

namespace penstock {
namespace {

constexpr int64_t kTtl = 10'000;
constexpr int kKeys = 60'000;

class HashExpiryTest : public testing::Test {
 protected:
  HashExpiryTest() : backend_(MakeHashBackend({}, &clock_, nullptr)) {
    sums_ = *backend_->OpenFixed({"sums", 8, kTtl});
    lists_ = *backend_->OpenMap({"lists", 0, kTtl});
  }
  void Write(int from, int to, const std::string& element = "e") {
    for (int i = from; i < to; ++i) {
      std::string key = "key " + std::to_string(i);
      StateKey state_key{key, HashKey(key)};
      uint8_t* at = nullptr;
      uint8_t created = 0;
      ASSERT_TRUE(sums_->Access(0, {&state_key, 1}, {&at, 1}, {&created, 1}).ok());
      int64_t value = i;
      std::memcpy(at, &value, sizeof(value));
      lists_->Put(i % 3, state_key, element, "v");
    }
  }
  void Pass(int64_t millis, int steps) {
    for (int step = 0; step < steps; ++step) {
      clock_.AdvanceMicros(millis * 1000 / steps);
      ASSERT_TRUE(backend_->Settle().ok());
    }
  }
  std::string Checkpoint(uint64_t epoch, uint64_t decided) {
    return backend_->Checkpoint(epoch, decided)->bytes;
  }

  ManualClock clock_{1'000'000'000};
  std::unique_ptr<BoundedBackend> backend_;
  FixedState* sums_ = nullptr;
  MapState* lists_ = nullptr;
};

TEST_F(HashExpiryTest, KeysThatNeverComeAgainLeaveMemoryAndTheChain) {
  Write(0, kKeys);
  size_t full = backend_->MemoryBytes();
  std::string base = Checkpoint(1, 0);
  Pass(kTtl - 1000, 100);
  EXPECT_EQ(sums_->size(0), static_cast<size_t>(kKeys));
  Write(0, 10);  // these go on
  Pass(kTtl - 1000, 400);
  EXPECT_EQ(sums_->size(0), 10U);
  std::string delta = Checkpoint(2, 1);
  std::string_view chain[] = {base, delta};
  std::string merged = MergeKeyed(chain).value();
  EXPECT_LT(merged.size(), 4000U) << "of " << base.size();
  EXPECT_GT(merged.size(), 200U);
  // The log of erasures goes once the delta counts.
  Checkpoint(3, 2);
  Checkpoint(4, 3);
  Pass(2 * kTtl, 100);
  EXPECT_EQ(sums_->size(0), 0U);
  EXPECT_TRUE(lists_->Namespaces().empty());
  Checkpoint(5, 4);
  Checkpoint(6, 5);
  EXPECT_LT(backend_->MemoryBytes(), full);
}

TEST_F(HashExpiryTest, MemoryIsGivenBack) {
  Write(0, kKeys);
  size_t full = backend_->MemoryBytes();
  Pass(2 * kTtl, 600);
  EXPECT_LT(backend_->MemoryBytes(), full / 100);
}

TEST_F(HashExpiryTest, AnElementExpiresAloneAndWhatIsYoungStays) {
  Write(0, 300, "old");
  std::string base = Checkpoint(1, 0);
  Pass(kTtl * 3 / 4, 10);
  Write(100, 200, "young");
  Pass(kTtl * 3 / 4, 100);
  EXPECT_EQ(sums_->size(0), 100U);
  std::string delta = Checkpoint(2, 1);
  std::string_view chain[] = {base, delta};
  std::string merged = MergeKeyed(chain).value();
  EXPECT_EQ(merged.find("old"), std::string::npos);
  EXPECT_NE(merged.find("young"), std::string::npos);
  for (int i = 100; i < 200; ++i) {
    std::string key = "key " + std::to_string(i);
    EXPECT_TRUE(lists_->Get(i % 3, {key, HashKey(key)}, "young"));
    int64_t value = 0;
    std::memcpy(&value, sums_->Find(0, {key, HashKey(key)}), sizeof(value));
    EXPECT_EQ(value, i);
  }
}

}  // namespace
}  // namespace penstock
