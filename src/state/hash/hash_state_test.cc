// The structures under hot state against models of the standard library, from seeds; snapshots, also of the
// version before, and what a delta sees.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "data/key_codec.h"
#include "env/clock.h"
#include "env/random.h"
#include "state/hash/ordered_elements.h"
#include "state/hash/segmented_table.h"
#include "state/state_backend.h"

namespace penstock {
namespace {

StateKey KeyOf(const std::string& bytes) { return {bytes, HashKey(bytes)}; }

std::string NumberKey(uint64_t number) {
  std::string key(9, '\x01');
  for (size_t i = 0; i < 8; ++i) key[1 + i] = static_cast<char>(number >> (56 - 8 * i));
  return key;
}

// Short, long, alike in their first bytes, with and without the marker.
std::string AnyKey(Random& random) {
  uint64_t number = random.Below(400);
  switch (random.Below(4)) {
    case 0: return NumberKey(number);
    case 1: return std::string(1 + number % 3, '\0') + std::to_string(number);
    case 2: return "\x01the same beginning of many keys " + std::to_string(number);
    default: return std::string("\x02") + std::to_string(number % 20);
  }
}

TEST(SegmentedTable, AgreesWithAMapThroughSplitsAndErasures) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    Random random(seed);
    SegmentedTable table({0, 128, 128}, {16, sizeof(uint64_t)}, seed % 2 == 0 ? 2048 : 1 << 20);
    std::map<std::string, uint64_t> model;
    for (int step = 0; step < 20000; ++step) {
      std::string key = AnyKey(random) + std::to_string(random.Below(5));
      if (random.Below(4) == 0) {
        EXPECT_EQ(table.Erase(KeyOf(key)), model.erase(key) > 0);
        continue;
      }
      bool created = false, moved = false;
      uint8_t* value = table.FindOrInsert(KeyOf(key), 0, 1, &created, &moved);
      uint64_t stored = 0;
      auto [at, fresh] = model.try_emplace(key, step);
      EXPECT_EQ(created, fresh);
      if (created) std::memcpy(value, &at->second, sizeof(uint64_t));
      std::memcpy(&stored, value, sizeof(stored));
      EXPECT_EQ(stored, at->second);
    }
    EXPECT_EQ(table.size(), model.size());
    EXPECT_EQ(table.segments() > 1, seed % 2 == 0);
    std::map<std::string, uint64_t> found;
    table.ForEach([&](const FlatTable::Entry& entry) {
      std::memcpy(&found[std::string(entry.key)], entry.value, sizeof(uint64_t));
    });
    EXPECT_EQ(found, model);
  }
}

TEST(SegmentedTable, SegmentsStayBelowTheirSizeAndInTheOrderOfKeyGroups) {
  KeyGroupRange range{32, 64, 128};
  SegmentedTable table(range, {16, 8}, 4096);
  for (uint64_t i = 0; i < 20000; ++i) {
    StateKey key = KeyOf(NumberKey(i));
    std::string bytes = NumberKey(i);
    key.bytes = bytes;
    bool created = false, moved = false;
    if (range.Contains(key.hash)) table.FindOrInsert(key, 0, 1, &created, &moved);
  }
  EXPECT_LT(table.MemoryBytes(), table.segments() * (4096 + 256));
  int last = 0;
  std::map<int, int> seen;
  table.ForEach([&](const FlatTable::Entry& entry) {
    int group = KeyGroupOf(entry.hash, 128);
    EXPECT_GE(group, last);
    last = group;
    ++seen[group];
  });
  EXPECT_EQ(seen.size(), 32U);
}

TEST(SegmentedTable, AFewWideValuesAreNotSplitIntoEmptySegments) {
  constexpr size_t kWidth = size_t{1} << 20;
  SegmentedTable table({0, 128, 128}, {16, kWidth});
  bool created = false, moved = false;
  for (uint64_t i = 0; i < 20; ++i) {
    std::string key = std::to_string(i);
    table.FindOrInsert({key, HashKey(key)}, 0, 0, &created, &moved);
  }
  EXPECT_LE(table.segments(), 8U);
  EXPECT_LE(table.MemoryBytes(), 100 * kWidth);
}

TEST(SegmentedTable, AWalkSeesWhatChangedSinceAnEpoch) {
  SegmentedTable table({}, {16, 8});
  bool created = false, moved = false;
  for (uint32_t i = 0; i < 10; ++i) {
    std::string key = NumberKey(i);
    table.FindOrInsert(KeyOf(key), 0, i, &created, &moved);
  }
  std::string third = NumberKey(3);
  table.FindOrInsert(KeyOf(third), 0, 11, &created, &moved);
  std::string ninth = NumberKey(9);
  table.Erase(KeyOf(ninth));
  std::set<std::string> changed;
  table.ForEachChanged(8, [&](const FlatTable::Entry& entry) { changed.emplace(entry.key); });
  EXPECT_EQ(changed, (std::set<std::string>{NumberKey(3), NumberKey(8)}));
}

TEST(SegmentedTable, AWalkSeesWhatChangedThroughGrowthAndSplits) {
  SegmentedTable table({0, 128, 128}, {16, 8}, 4096);
  Random random(3);
  std::map<std::string, uint32_t> epochs;
  bool created = false, moved = false;
  for (uint32_t epoch = 1; epoch <= 20; ++epoch) {
    for (int i = 0; i < 300; ++i) {
      std::string key = NumberKey(random.Below(4000));
      table.FindOrInsert(KeyOf(key), 0, epoch, &created, &moved);
      epochs[key] = epoch;
    }
    for (uint32_t from : {epoch, epoch / 2, uint32_t{0}}) {
      std::set<std::string> changed, expected;
      table.ForEachChanged(from, [&](const FlatTable::Entry& entry) { changed.emplace(entry.key); });
      for (const auto& [key, last] : epochs) {
        if (last >= from) expected.insert(key);
      }
      EXPECT_EQ(changed, expected);
    }
  }
  EXPECT_GT(table.segments(), 1U);
}

TEST(OrderedElements, AgreeWithAMapInPointsAndOrder) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    Random random(seed);
    OrderedElements elements;
    std::map<std::string, std::string> model;
    for (int step = 0; step < 20000; ++step) {
      std::string key = AnyKey(random);
      if (random.Below(3) == 0) {
        EXPECT_EQ(elements.Erase(key), model.erase(key) > 0);
      } else {
        std::string value(random.Below(random.Below(20) + 1), static_cast<char>('a' + step % 26));
        elements.Put(key, value, step, 0);
        model[key] = value;
      }
      std::string probe = AnyKey(random);
      OrderedElements::Position at = elements.LowerBound(probe);
      auto expected = model.lower_bound(probe);
      ASSERT_EQ(at.leaf == elements.leaves(), expected == model.end());
      if (expected != model.end()) {
        EXPECT_EQ(elements.ElementAt(at), expected->first);
        EXPECT_EQ(elements.ValueAt(at), expected->second);
      }
    }
    EXPECT_EQ(elements.size(), model.size());
    auto expected = model.begin();
    for (OrderedElements::Position at; at.leaf < elements.leaves(); ++at.leaf) {
      for (at.entry = 0; at.entry < elements.entries(at.leaf); ++at.entry, ++expected)
        EXPECT_EQ(elements.ElementAt(at), expected->first);
    }
  }
}

TEST(OrderedElements, AWalkSeesWhatChangedThroughSplits) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    Random random(seed);
    OrderedElements elements;
    std::map<std::string, uint32_t> epochs;
    for (uint32_t epoch = 1; epoch <= 40; ++epoch) {
      for (int i = 0; i < 30; ++i) {
        std::string key = NumberKey(random.Below(600));
        if (random.Below(5) == 0) {
          elements.Erase(key);
          epochs.erase(key);
        } else {
          elements.Put(key, "v", 0, epoch);
          epochs[key] = epoch;
        }
      }
      for (uint32_t from : {epoch, epoch / 2, uint32_t{0}}) {
        std::vector<std::string> changed, expected;
        elements.ForEachChanged(from, [&](std::string_view element, int64_t, std::string_view) {
          changed.emplace_back(element);
        });
        for (const auto& [key, last] : epochs) {
          if (last >= from) expected.push_back(key);
        }
        ASSERT_EQ(changed, expected);
      }
    }
    EXPECT_GT(elements.leaves(), 3U);
  }
}

TEST(OrderedElements, HeadsNeverContradictTheOrderOfBytes) {
  Random random(7);
  for (int i = 0; i < 5000; ++i) {
    std::string a = AnyKey(random), b = AnyKey(random);
    EXPECT_TRUE(HeadOf(a) >= HeadOf(b) || a < b) << a << ' ' << b;
  }
}

class HashBackendTest : public testing::Test {
 protected:
  std::unique_ptr<StateBackend> Backend(KeyGroupRange range = {}) { return MakeHashBackend(range, &clock_); }
  static void Count(FixedState* state, int64_t name_space, const std::string& key) {
    StateKey one[] = {KeyOf(key)};
    uint8_t* value[1];
    uint8_t created[1];
    ASSERT_TRUE(state->Access(name_space, one, value, created).ok());
    int64_t count = 0;
    if (created[0] == 0) std::memcpy(&count, value[0], sizeof(count));
    ++count;
    std::memcpy(value[0], &count, sizeof(count));
  }
  static std::map<std::string, int64_t> Counts(FixedState* state, int64_t name_space) {
    std::map<std::string, int64_t> counts;
    state->ForEach(name_space, [&](StateKey key, uint8_t* value) {
      std::memcpy(&counts[std::string(key.bytes)], value, sizeof(int64_t));
    });
    return counts;
  }
  ManualClock clock_{0};
};

TEST_F(HashBackendTest, ABatchThatMakesATableGrowKeepsItsValuesInPlace) {
  auto backend = Backend();
  FixedState* state = *backend->OpenFixed({"s", 8});
  std::vector<std::string> bytes;
  for (uint64_t i = 0; i < 5000; ++i) bytes.push_back(NumberKey(i % 3000));
  std::vector<StateKey> keys;
  for (const std::string& key : bytes) keys.push_back(KeyOf(key));
  std::vector<uint8_t*> values(keys.size());
  std::vector<uint8_t> created(keys.size());
  ASSERT_TRUE(state->Access(1, keys, values, created).ok());
  for (size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(created[i], i < 3000 ? 1 : 0);
    EXPECT_EQ(values[i], values[i % 3000]);
    EXPECT_EQ(state->Find(1, keys[i]), values[i]);
  }
}

TEST_F(HashBackendTest, ASnapshotIsDividedAmongNewSubtasksByKeyGroup) {
  auto old = Backend();
  FixedState* counts = *old->OpenFixed({"counts", 8});
  MapState* lists = *old->OpenMap({"lists"});
  TimerQueue* timers = *old->OpenTimers("timers");
  for (uint64_t i = 0; i < 500; ++i) {
    std::string key = NumberKey(i % 200);
    Count(counts, static_cast<int64_t>(i % 3), key);
    lists->Put(7, KeyOf(key), std::to_string(i), "v" + std::to_string(i));
    timers->Register(static_cast<int64_t>(i), KeyOf(key));
  }
  ByteWriter snapshot;
  ASSERT_TRUE(old->Snapshot(snapshot).ok());
  size_t keys = 0, elements = 0, fired = 0;
  for (int subtask = 0; subtask < 3; ++subtask) {
    KeyGroupRange range = KeyGroupRange::Of(subtask, 3, 128);
    auto part = Backend(range);
    ASSERT_TRUE(part->Restore(snapshot.bytes()).ok());
    for (const auto& [key, count] : Counts(*part->OpenFixed({"counts", 8}), 1)) {
      EXPECT_TRUE(range.Contains(HashKey(key)));
      EXPECT_EQ(count, Counts(counts, 1)[key]);
      ++keys;
    }
    MapState* list = *part->OpenMap({"lists"});
    list->ForEachKey(7, [&](StateKey key) {
      list->Scan(7, key, "", [&](std::string_view element, std::string_view value) {
        EXPECT_EQ("v" + std::string(element), value);
        return ++elements > 0;
      });
    });
    int64_t time = 0;
    std::string key;
    TimerQueue* queue = *part->OpenTimers("timers");
    while (queue->Pop(1000, &time, &key)) ++fired;
  }
  EXPECT_EQ(keys, Counts(counts, 1).size());
  EXPECT_EQ(elements, 500U);
  EXPECT_EQ(fired, 500U);
}

TEST_F(HashBackendTest, SubKeysStayInTheKeyGroupOfTheirKey) {
  auto old = Backend();
  FixedState* state = *old->OpenFixed({"distinct", 0, 0, true});
  std::string group = NumberKey(1), other = NumberKey(2);
  std::vector<std::string> bytes;
  for (uint64_t i = 0; i < 100; ++i) bytes.push_back((i % 2 == 0 ? group : other) + NumberKey(i));
  for (const std::string& sub_key : bytes) {
    uint64_t key_hash = HashKey(sub_key.substr(0, 9));
    StateKey one[] = {{sub_key, SubKeyHash(key_hash, HashKey(sub_key))}};
    uint8_t* value[1];
    uint8_t created[1];
    ASSERT_TRUE(state->Access(0, one, value, created).ok());
  }
  ByteWriter snapshot;
  ASSERT_TRUE(old->Snapshot(snapshot).ok());
  int number = KeyGroupOf(HashKey(group), 128);
  auto part = Backend({number, number + 1, 128});
  ASSERT_TRUE(part->Restore(snapshot.bytes()).ok());
  EXPECT_EQ((*part->OpenFixed({"distinct", 0, 0, true}))->size(0), 50U);
}

TEST_F(HashBackendTest, ReadsSnapshotsOfVersion1) {
  ByteWriter old;
  old.Varint(3);
  old.Fixed<uint8_t>(1);
  old.String("counts");
  old.Varint(8);
  old.Varint(1);
  old.Fixed<int64_t>(5);
  old.Varint(1);
  old.String("key");
  old.Fixed<int64_t>(0);
  old.Fixed<int64_t>(42);
  old.Fixed<uint8_t>(2);
  old.String("distinct");
  old.Varint(1);
  old.Fixed<int64_t>(5);
  old.Varint(1);
  old.String("key");
  old.Varint(2);
  for (const char* element : {"a", "b"}) {
    old.String(element);
    old.Fixed<int64_t>(0);
    old.String("12345678");
  }
  old.Fixed<uint8_t>(3);
  old.String("timers");
  old.Varint(1);
  old.Fixed<int64_t>(9);
  old.String("key");
  auto backend = Backend();
  ASSERT_TRUE(backend->Restore(old.bytes()).ok());
  EXPECT_EQ(Counts(*backend->OpenFixed({"counts", 8}), 5), (std::map<std::string, int64_t>{{"key", 42}}));
  EXPECT_EQ((*backend->OpenTimers("timers"))->NextTime(), 9);
  // What the aggregates kept as elements is found as sub-keys.
  FixedState* distinct = *backend->OpenFixed({"distinct", 0, 0, true});
  EXPECT_EQ(distinct->size(5), 2U);
  EXPECT_NE(distinct->Find(5, {"keyb", SubKeyHash(HashKey("key"), HashKey("keyb"))}), nullptr);
  EXPECT_EQ(Backend()->Restore(old.bytes().substr(0, 30)).code(), StatusCode::kCorruption);
}

TEST_F(HashBackendTest, EntriesNotWrittenForTheirTimeToLiveAreNew) {
  auto backend = Backend();
  FixedState* state = *backend->OpenFixed({"s", 8, 1000});
  MapState* map = *backend->OpenMap({"m", 0, 1000});
  Count(state, 0, "key");
  map->Put(0, KeyOf("key"), "e", "v");
  clock_.AdvanceMicros(999 * 1000);
  Count(state, 0, "key");
  EXPECT_TRUE(map->Get(0, KeyOf("key"), "e").has_value());
  clock_.AdvanceMicros(999 * 1000);
  EXPECT_NE(state->Find(0, KeyOf("key")), nullptr);
  EXPECT_FALSE(map->Get(0, KeyOf("key"), "e").has_value());
  EXPECT_TRUE(map->Empty(0, KeyOf("key")));
  clock_.AdvanceMicros(1 * 1000);
  EXPECT_EQ(state->Find(0, KeyOf("key")), nullptr);
  Count(state, 0, "key");
  EXPECT_EQ(Counts(state, 0)["key"], 1);
}

TEST(HashBackend, ACorruptWidthIsAnErrorAndNoAllocation) {
  ByteWriter out;  // version 1: one fixed state whose values claim to be a terabyte wide
  out.Varint(1);
  out.Fixed(uint8_t{1});
  out.String("counts");
  out.Varint(uint64_t{1} << 40);
  out.Varint(1);
  out.Fixed(int64_t{0});
  out.Varint(1);
  out.String("key");
  out.Fixed(int64_t{0});
  ManualClock clock(0);
  EXPECT_FALSE(MakeHashBackend({}, &clock)->Restore(out.bytes()).ok());
}

}  // namespace
}  // namespace penstock
