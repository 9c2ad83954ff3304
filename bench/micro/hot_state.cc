// Hot state alone: counting in a FixedState by batches of 1,024 keys, and counting elements of one key of a
// MapState, beside std::unordered_map and std::map. Prints one line of JSON per structure and number of keys:
// million accesses per core second. Then what a checkpoint of a million keys costs the task that stands still
// for it: everything, and a delta after a thousand of them have changed.
// usage: penstock_bench_state [ACCESSES]
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/key_codec.h"
#include "env/clock.h"
#include "env/random.h"
#include "state/state_backend.h"

namespace penstock {
namespace {

constexpr size_t kBatch = 1024;

double CoreSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// The encoded key of a BIGINT column.
std::string KeyOf(uint64_t number) {
  std::string key(9, '\x01');
  number ^= uint64_t{1} << 63;
  for (size_t i = 0; i < 8; ++i) key[1 + i] = static_cast<char>(number >> (56 - 8 * i));
  return key;
}

// The same accesses for everybody.
struct Workload {
  Workload(uint64_t count, size_t accesses) : keys(count) {
    Random random(42);
    for (uint64_t i = 0; i < count; ++i) keys[i] = KeyOf(i * 7);
    for (size_t i = 0; i < accesses; ++i) order.push_back(static_cast<uint32_t>(random.Below(count)));
  }
  std::vector<std::string> keys;
  std::vector<uint32_t> order;
};

template <typename Run>
void Measure(const char* name, const Workload& work, const Run& run) {
  run();  // fills the state
  double start = CoreSeconds();
  run();
  double rate = static_cast<double>(work.order.size()) / 1e6 / (CoreSeconds() - start);
  std::printf("{\"structure\": \"%s\", \"keys\": %zu, \"million_per_core_second\": %.1f}\n", name,
              work.keys.size(), rate);
}

void CountInFixedState(const Workload& work, FixedState* state) {
  std::vector<StateKey> keys(kBatch);
  std::vector<uint8_t*> values(kBatch);
  std::vector<uint8_t> created(kBatch);
  for (size_t at = 0; at + kBatch <= work.order.size(); at += kBatch) {
    for (size_t i = 0; i < kBatch; ++i) {
      const std::string& key = work.keys[work.order[at + i]];
      keys[i] = {key, HashKey(key)};
    }
    CHECK(state->Access(0, keys, values, created).ok());
    for (size_t i = 0; i < kBatch; ++i) {
      int64_t count = 0;
      if (created[i] == 0) std::memcpy(&count, values[i], sizeof(count));
      ++count;
      std::memcpy(values[i], &count, sizeof(count));
    }
  }
}

void CountInMapState(const Workload& work, MapState* state) {
  StateKey key{"k", HashKey("k")};
  for (uint32_t number : work.order) {
    const std::string& element = work.keys[number];
    int64_t count = 0;
    if (auto stored = state->Get(0, key, element)) std::memcpy(&count, stored->data(), sizeof(count));
    ++count;
    state->Put(0, key, element, {reinterpret_cast<const char*>(&count), sizeof(count)});
  }
}

template <typename Map>
void CountInStandardMap(const Workload& work, Map* map) {
  for (uint32_t number : work.order) ++(*map)[work.keys[number]];
}

void Compare(uint64_t keys, size_t accesses) {
  Workload work(keys, accesses);
  ManualClock clock(0);
  std::unique_ptr<StateBackend> backend = MakeHashBackend({}, &clock);
  FixedState* fixed = *backend->OpenFixed({"fixed", sizeof(int64_t)});
  MapState* map = *backend->OpenMap({"map"});
  std::unordered_map<std::string, int64_t> unordered;
  std::map<std::string, int64_t> ordered;
  Measure("fixed state", work, [&] { CountInFixedState(work, fixed); });
  Measure("std::unordered_map", work, [&] { CountInStandardMap(work, &unordered); });
  Measure("map state, one key", work, [&] { CountInMapState(work, map); });
  Measure("std::map", work, [&] { CountInStandardMap(work, &ordered); });
}

void CountKeys(const std::vector<std::string>& keys, size_t step, FixedState* state) {
  for (size_t i = 0; i < keys.size(); i += step) {
    StateKey key{keys[i], HashKey(keys[i])};
    uint8_t* value = nullptr;
    uint8_t created = 0;
    CHECK(state->Access(0, {&key, 1}, {&value, 1}, {&created, 1}).ok());
    std::memset(value, 0, sizeof(int64_t));
  }
}

void MeasureCheckpoint() {
  constexpr size_t kKeys = 1'000'000;
  ManualClock clock(0);
  std::unique_ptr<StateBackend> backend = MakeHashBackend({}, &clock);
  FixedState* fixed = *backend->OpenFixed({"fixed", sizeof(int64_t)});
  std::vector<std::string> keys(kKeys);
  for (size_t i = 0; i < kKeys; ++i) keys[i] = KeyOf(i * 7);
  CountKeys(keys, 1, fixed);
  for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
    double start = CoreSeconds();
    KeyedSnapshot snapshot = backend->Checkpoint(epoch, epoch - 1).value();
    std::printf("{\"checkpoint\": \"%s\", \"keys\": %zu, \"milliseconds\": %.2f, \"bytes\": %zu}\n",
                snapshot.since == 0 ? "base" : "delta", kKeys, (CoreSeconds() - start) * 1000,
                snapshot.bytes.size());
    CountKeys(keys, 1000, fixed);
  }
}

}  // namespace
}  // namespace penstock

int main(int argc, char** argv) {
  size_t accesses = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2'000'000;
  for (uint64_t keys : {1'000, 100'000, 1'000'000}) penstock::Compare(keys, accesses);
  penstock::MeasureCheckpoint();
}
