// Measured on a small state, right for a large one: within a quarter, for widths and numbers that fall
// between powers of two.
#include "engine/forecast/entry_size.h"

#include <gtest/gtest.h>

#include "data/key_codec.h"
#include "state/state_backend.h"

namespace penstock {
namespace {

constexpr int64_t kKeys = 150'000;

std::string NameOf(int64_t k, size_t size) {
  std::string name = std::to_string(k * 7919);
  name.resize(size, 'k');
  return name;
}

TEST(MeasureState, FixedEntriesAreForecastFromFewOfThem) {
  ManualClock clock(0);
  for (size_t key_bytes : {9, 30, 70}) {
    for (size_t value_bytes : {8, 48}) {
      std::unique_ptr<StateBackend> backend = MakeHashBackend(KeyGroupRange{}, &clock);
      FixedState* state = *backend->OpenFixed({"s", value_bytes, 0});
      for (int64_t k = 0; k < kKeys; ++k) {
        std::string name = NameOf(k, key_bytes);
        StateKey key{name, HashKey(name)};
        uint8_t *value = nullptr, created = 0;
        ASSERT_TRUE(state->Access(0, std::span(&key, 1), std::span(&value, 1), std::span(&created, 1)).ok());
      }
      auto real = static_cast<double>(backend->MemoryBytes());
      sql::StateUse use;
      use.fixed_bytes = value_bytes;
      EntrySample none;
      std::unique_ptr<KeyFeeder> feeder = MakeKeyFeeder(use, none, nullptr);
      const sql::KeyClass keys[] = {{kKeys, 1}};
      double forecast = *MeasureState({{key_bytes}}, feeder.get(), keys, &clock);
      EXPECT_NEAR(forecast / real, 1, 0.25) << key_bytes << " and " << value_bytes;
    }
  }
}

sql::StateUse EachRow(size_t name_bytes) {
  sql::StateUse use;
  use.ordered = true;
  use.keeping = sql::Keeping::kEach;
  use.element_bytes = name_bytes;
  return use;
}

// Bytes of `keys` keys whose one value is replaced, by values of these lengths in turn.
double Replaced(int64_t keys, std::initializer_list<size_t> lengths, const Clock* clock) {
  std::unique_ptr<StateBackend> backend = MakeHashBackend(KeyGroupRange{}, clock);
  MapState* state = *backend->OpenMap({"s", 0, 0});
  for (int64_t k = 0; k < keys; ++k) {
    std::string name = NameOf(k, 9);
    for (size_t length : lengths) state->Put(0, {name, HashKey(name)}, "", std::string(length, 'x'));
  }
  return static_cast<double>(backend->MemoryBytes());
}

TEST(MeasureState, RoomThatAReplacedValueLeavesIsCounted) {
  ManualClock clock(0);
  double real = Replaced(20'000, {40, 60, 80, 50}, &clock), once = Replaced(20'000, {40}, &clock);
  sql::StateUse use;
  use.ordered = true;
  EntrySample sample{{}, {40, 60, 80, 50}, {}, 0};
  std::unique_ptr<KeyFeeder> feeder = MakeKeyFeeder(use, sample, nullptr);
  const sql::KeyClass classes[] = {{20'000, 4}};
  double forecast = *MeasureState({{9}}, feeder.get(), classes, &clock);
  EXPECT_GE(real, once + 20'000 * 40);  // the room of the longest
  EXPECT_NEAR(forecast / real, 1, 0.1);
}

// One key has as many elements as all others together.
TEST(MeasureState, KeysWithManyRowsAndKeysWithFewAreMeasuredApart) {
  ManualClock clock(0);
  std::unique_ptr<StateBackend> backend = MakeHashBackend(KeyGroupRange{}, &clock);
  MapState* state = *backend->OpenMap({"s", 0, 0});
  for (int64_t k = 0; k < 10'001; ++k) {
    std::string name = NameOf(k, 9);
    for (int64_t e = 0; e < (k == 0 ? 20'000 : 2); ++e)
      state->Put(0, {name, HashKey(name)}, NumberedName(static_cast<uint64_t>(e), 16), std::string(30, 'x'));
  }
  sql::StateUse use = EachRow(16);
  EntrySample sample{{0}, {30}, {}, 0};
  std::unique_ptr<KeyFeeder> feeder = MakeKeyFeeder(use, sample, nullptr);
  const sql::KeyClass classes[] = {{10'000, 2}, {1, 20'000}};
  double forecast = *MeasureState({{9}}, feeder.get(), classes, &clock);
  EXPECT_NEAR(forecast / static_cast<double>(backend->MemoryBytes()), 1, 0.1);
}

TEST(MeasureState, OrderedEntriesAreForecastFromFewOfThem) {
  ManualClock clock(0);
  for (size_t row_bytes : {20, 200}) {
    for (int elements : {1, 4, 40}) {
      std::unique_ptr<StateBackend> backend = MakeHashBackend(KeyGroupRange{}, &clock);
      MapState* state = *backend->OpenMap({"s", 0, 0});
      int64_t keys = kKeys / 2 / elements;
      for (int64_t k = 0; k < keys; ++k) {
        std::string name = NameOf(k, 9);
        for (int e = 0; e < elements; ++e)
          state->Put(0, {name, HashKey(name)}, NameOf(e, 16), std::string(row_bytes, 'x'));
      }
      auto real = static_cast<double>(backend->MemoryBytes());
      sql::StateUse use = EachRow(16);
      EntrySample sample{{0}, {row_bytes}, {}, 0};
      std::unique_ptr<KeyFeeder> feeder = MakeKeyFeeder(use, sample, nullptr);
      const sql::KeyClass classes[] = {{static_cast<double>(keys), static_cast<double>(elements)}};
      double forecast = *MeasureState({{9}}, feeder.get(), classes, &clock);
      EXPECT_NEAR(forecast / real, 1, 0.25) << row_bytes << " and " << elements;
    }
  }
}

}  // namespace
}  // namespace penstock
