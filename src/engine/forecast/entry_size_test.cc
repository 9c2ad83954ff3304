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
      double forecast = *MeasureState({false, key_bytes, 0, value_bytes, 1}, kKeys, &clock);
      EXPECT_NEAR(forecast / real, 1, 0.25) << key_bytes << " and " << value_bytes;
    }
  }
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
      double forecast = *MeasureState({true, 9, 16, row_bytes, static_cast<double>(elements)},
                                      static_cast<double>(keys), &clock);
      EXPECT_NEAR(forecast / real, 1, 0.25) << row_bytes << " and " << elements;
    }
  }
}

}  // namespace
}  // namespace penstock
