// Checkpoints of keyed state as bases and deltas against a model of the standard library: random operations,
// checkpoints that count and such that are abandoned, chains that become a base, restores by other numbers of
// subtasks. What a delta holds, and bytes that are none.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <tuple>

#include "data/key_codec.h"
#include "env/clock.h"
#include "env/random.h"
#include "state/bounded_backend.h"
#include "state/keyed_image.h"
#include "state/keyed_merge.h"
#include "state/ordered_store.h"
#include "state/pieces/keyed_pieces.h"
#include "state/pieces/slices.h"

namespace penstock {
namespace {

constexpr int kGroups = 16;

// Which backends a job's subtasks have: in memory, or over a store with a budget that is always short.
enum class Kind : uint8_t { kHash, kTieredModel, kTieredRocks, kAnyOfThem };

// What the backends of a job share.
struct Backends {
  LocalFileSystem files;
  MemoryBudget memory, unlimited;
  std::shared_ptr<OrderedStore> store;
  std::string directory;
  int made = 0;

  explicit Backends(Kind kind) {
    if (kind == Kind::kTieredModel || kind == Kind::kAnyOfThem) store = MakeMemoryStore();
    if (kind != Kind::kTieredRocks) return;
    directory = testing::TempDir() + "/keyed_delta_" + std::to_string(EntropySeed());
    store = MakeRocksStore(&files, directory, &memory);
  }
  std::unique_ptr<BoundedBackend> Make(Kind kind, const KeyGroupRange& range, const Clock* clock) {
    if (kind == Kind::kHash || (kind == Kind::kAnyOfThem && ++made % 3 == 0))
      return MakeHashBackend(range, clock, &unlimited);
    return MakeTieredBackend(range, clock, &memory, store);
  }
};

std::string BytesOf(KeyedPart snapshot) {
  if (!snapshot.source) return snapshot.bytes;
  Result<std::string> bytes = KeyedBytes(*snapshot.source);
  EXPECT_TRUE(bytes) << bytes.status().ToString();
  return bytes ? *bytes : "";
}

// Every entry of a base, with its time, independent of the order it is written in.
std::multiset<std::string> Entries(std::string_view bytes) {
  std::multiset<std::string> entries;
  if (bytes.empty()) return entries;
  Result<KeyedImage> image = KeyedImage::Read(bytes);
  EXPECT_TRUE(image) << image.status().ToString();
  if (!image) return entries;
  EXPECT_FALSE(image->delta);
  for (const StateImage& state : image->states) {
    std::string name(state.name);
    for (const auto& [group, section] : state.groups) {
      ByteReader in(section);
      while (in.ok() && !in.at_end()) {
        std::string at = name + "/" + std::to_string(group) + "/" + std::to_string(in.Fixed<int64_t>()) + "/";
        if (state.kind == StateKind::kTimers) {
          entries.insert(at + std::string(in.String()));
          continue;
        }
        for (uint64_t left = in.Count(); left > 0; --left) {
          if (state.kind == StateKind::kFixed) {
            FixedEntry entry = TakeFixedEntry(state, &in);
            entries.insert(at + std::string(entry.key) + "/" + std::to_string(entry.upper) + "/" +
                           std::string(entry.tail));
            continue;
          }
          std::string key(in.String());
          std::string last;
          for (uint64_t elements = in.Count(); elements > 0; --elements) {
            MapElement element = TakeMapElement(&in);
            EXPECT_LT(last, element.element) << "elements are in order";
            last = element.element;
            entries.insert(at + key + "/" + last + "/" + std::to_string(element.time) + "/" +
                           std::string(element.value));
          }
        }
      }
      EXPECT_TRUE(in.ok());
    }
  }
  return entries;
}

// What a job's state should be.
struct Model {
  std::map<std::tuple<int64_t, std::string>, int64_t> counts;
  std::map<std::tuple<int64_t, std::string>, int64_t> distinct;  // sub-keys
  std::map<std::tuple<int64_t, std::string, std::string>, std::string> lists;
  std::set<std::pair<int64_t, std::string>> timers;
  bool operator==(const Model&) const = default;
};

struct Subtask {
  KeyGroupRange range;
  std::unique_ptr<BoundedBackend> backend;
  FixedState* counts = nullptr;
  FixedState* distinct = nullptr;
  MapState* lists = nullptr;
  TimerQueue* timers = nullptr;

  void Open() {
    counts = *backend->OpenFixed({"counts", sizeof(int64_t), 1000000});
    distinct = *backend->OpenFixed({"distinct", sizeof(int64_t), 0, true});
    lists = *backend->OpenMap({"lists", 0, 1000000});
    timers = *backend->OpenTimers("timers");
  }
  void AddTo(Model* model) const {
    for (int64_t space : counts->Namespaces()) {
      counts->ForEach(space, [&](StateKey key, uint8_t* value) {
        std::memcpy(&model->counts[{space, std::string(key.bytes)}], value, sizeof(int64_t));
      });
    }
    for (int64_t space : distinct->Namespaces()) {
      distinct->ForEach(space, [&](StateKey key, uint8_t* value) {
        std::memcpy(&model->distinct[{space, std::string(key.bytes)}], value, sizeof(int64_t));
      });
    }
    for (int64_t space : lists->Namespaces()) {
      lists->ForEachKey(space, [&](StateKey key) {
        lists->Scan(space, key, "", [&](std::string_view element, std::string_view value) {
          model->lists[{space, std::string(key.bytes), std::string(element)}] = value;
          return true;
        });
      });
    }
    int64_t time = 0;
    std::string key;
    while (timers->Pop(INT64_MAX, &time, &key)) model->timers.emplace(time, key);
  }
};

// A source in 2^bits slices a section.
class FinerSource : public KeyedSource {
 public:
  FinerSource(std::shared_ptr<KeyedSource> source, int bits) : source_(std::move(source)) {
    delta_ = source_->delta();
    max_parallelism_ = source_->max_parallelism();
    states_ = source_->states();
    for (size_t s = 0; s < states_.size(); ++s) {
      if (states_[s].kind != StateKind::kTimers)
        states_[s].slice_bits = std::max(bits, states_[s].slice_bits);
      slices_.emplace_back(source_, s, states_[s].slice_bits);
    }
  }
  Result<std::string> Slice(size_t state, int group, uint32_t slice) override {
    return slices_[state].Read(group, slice);
  }

 private:
  std::shared_ptr<KeyedSource> source_;
  std::vector<SliceReader> slices_;
};

// A job whose subtasks are told what to do; keeps the chains of its checkpoints as a store would.
class DeltaWalk {
 public:
  DeltaWalk(Kind kind, uint64_t seed) : kind_(kind), backends_(kind), random_(seed) {
    Restart(1 + static_cast<int>(random_.Below(4)));
  }

  void Run(int steps) {
    for (int step = 0; step < steps; ++step) {
      clock_.AdvanceMicros(1000);
      for (uint64_t left = random_.Below(30); left > 0; --left) {
        Change();
        if (random_.Below(4) == 0) Settle();
      }
      Checkpoint();
      if (random_.Below(6) == 0) Restart(1 + static_cast<int>(random_.Below(4)));
      if (testing::Test::HasFailure()) return;
    }
  }
  int deltas() const { return deltas_; }

 private:
  using Chain = std::vector<std::string>;

  std::string Key() { return "k" + std::to_string(random_.Below(random_.Below(40) + 1)); }
  int64_t Space() { return static_cast<int64_t>(random_.Below(4)); }
  Subtask& OwnerOf(const std::string& key) {
    for (Subtask& subtask : subtasks_) {
      if (subtask.range.Contains(HashKey(key))) return subtask;
    }
    ADD_FAILURE();
    return subtasks_[0];
  }

  void SetCount(FixedState* state, int64_t space, StateKey key, int64_t value) {
    uint8_t* at = nullptr;
    uint8_t created = 0;
    ASSERT_TRUE(state->Access(space, {&key, 1}, {&at, 1}, {&created, 1}).ok());
    std::memcpy(at, &value, sizeof(value));
  }

  void Change() {
    std::string key = Key();
    int64_t space = Space();
    auto value = static_cast<int64_t>(random_.Below(1000));
    StateKey state_key{key, HashKey(key)};
    Subtask& owner = OwnerOf(key);
    std::string inner = key + "/" + std::to_string(random_.Below(5));
    StateKey sub_key{inner, SubKeyHash(HashKey(key), HashKey(inner))};
    std::string element = std::string("\x01e") + std::to_string(random_.Below(12));
    switch (random_.Below(20)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        SetCount(owner.counts, space, state_key, value);
        model_.counts[{space, key}] = value;
        break;
      case 5:
        owner.counts->Erase(space, state_key);
        model_.counts.erase({space, key});
        break;
      case 6:
      case 7:
        SetCount(owner.distinct, space, sub_key, value);
        model_.distinct[{space, inner}] = value;
        break;
      case 8:
        owner.distinct->Erase(space, sub_key);
        model_.distinct.erase({space, inner});
        break;
      case 9:
      case 10:
      case 11:
      case 12:
        owner.lists->Put(space, state_key, element, std::to_string(value));
        model_.lists[{space, key, element}] = std::to_string(value);
        break;
      case 13:
        owner.lists->Erase(space, state_key, element);
        model_.lists.erase({space, key, element});
        break;
      case 14:
        owner.lists->Clear(space, state_key);
        std::erase_if(model_.lists, [&](const auto& entry) {
          return std::get<0>(entry.first) == space && std::get<1>(entry.first) == key;
        });
        break;
      case 15:
      case 16:
        owner.timers->Register(value, state_key);
        model_.timers.emplace(value, key);
        break;
      case 17:
        if (auto next = owner.timers->NextTime()) {
          int64_t time = 0;
          std::string popped;
          ASSERT_TRUE(owner.timers->Pop(*next, &time, &popped));
          EXPECT_EQ(model_.timers.erase({time, popped}), 1U);
        }
        break;
      case 18:
        owner.timers->Erase(value, state_key);
        model_.timers.erase({value, key});
        break;
      default: DropNamespace(space);
    }
  }

  void DropNamespace(int64_t space) {
    bool counts = random_.Below(2) == 0;
    for (Subtask& subtask : subtasks_) {
      if (counts)
        subtask.counts->EraseNamespace(space);
      else
        subtask.lists->EraseNamespace(space);
    }
    auto in_space = [&](const auto& entry) { return std::get<0>(entry.first) == space; };
    if (counts)
      std::erase_if(model_.counts, in_space);
    else
      std::erase_if(model_.lists, in_space);
  }

  // Everything that may leave memory does, or nothing.
  void Settle() {
    backends_.memory.set_limit(random_.Below(2) == 0 ? 100 : MemoryBudget::kUnlimited);
    for (Subtask& subtask : subtasks_) {
      Status settled = subtask.backend->Settle();
      ASSERT_TRUE(settled.ok()) << settled.ToString();
    }
  }

  // One that is abandoned must be right, too: it may have been sealed without anybody knowing.
  void Checkpoint() {
    ++epoch_;
    std::vector<Chain>& chains = chains_[epoch_];
    for (size_t i = 0; i < subtasks_.size(); ++i) {
      uint64_t known = random_.Below(4) == 0 ? before_ : decided_;
      Result<KeyedPart> keyed = subtasks_[i].backend->CheckpointPart(epoch_, known);
      ASSERT_TRUE(keyed);
      Chain chain;
      if (keyed->since != 0) {
        ASSERT_EQ(keyed->since, known);
        ++deltas_;
        chain = chains_[known][i];
      }
      if (random_.Below(3) == 0) Settle();  // while it is written the state goes on
      if (std::string bytes = BytesOf(std::move(*keyed)); !bytes.empty()) chain.push_back(std::move(bytes));
      std::string merged = Merged(chain);
      ByteWriter whole;
      ASSERT_TRUE(subtasks_[i].backend->Snapshot(whole).ok());
      ASSERT_EQ(Entries(merged), Entries(whole.bytes()));
      if (random_.Below(8) == 0) chain = {merged};
      chains.push_back(std::move(chain));
    }
    if (random_.Below(3) == 0) return;  // abandoned
    before_ = std::exchange(decided_, epoch_);
    chains_.erase(chains_.begin(), chains_.lower_bound(before_));
    decided_model_ = model_;
  }

  // Some of the links as pieces, in finer slices than they have.
  std::string Merged(const Chain& chain) {
    std::vector<std::string> pieces(chain.size());
    std::vector<std::string_view> views(chain.begin(), chain.end());
    for (size_t i = 0; i < chain.size(); ++i) {
      if (random_.Below(2) == 0) continue;
      FinerSource finer(MakeKeyedView(chain[i]).value(), static_cast<int>(random_.Below(4)));
      Status written = WritePieces(finer, [&](std::string_view piece) {
        pieces[i].append(piece);
        return Status::Ok();
      });
      EXPECT_TRUE(written.ok()) << written.ToString();
      views[i] = pieces[i];
    }
    Result<std::string> merged = MergeKeyed(views);
    EXPECT_TRUE(merged) << merged.status().ToString();
    return merged ? *merged : "";
  }

  // As after a crash: from the last checkpoint that counts, by any number of subtasks.
  void Restart(int parallelism) {
    std::vector<std::string> parts;
    for (const Chain& chain : chains_[decided_]) parts.push_back(Merged(chain));
    bool goes_on = decided_ != 0 && random_.Below(2) == 0 && parts.size() == static_cast<size_t>(parallelism);
    auto restore = [&] {
      subtasks_.clear();
      for (int i = 0; i < parallelism; ++i) {
        Subtask& subtask = subtasks_.emplace_back();
        subtask.range = KeyGroupRange::Of(i, parallelism, kGroups);
        subtask.backend = backends_.Make(kind_, subtask.range, &clock_);
        for (const std::string& part : parts) {
          if (part.empty()) continue;
          EXPECT_TRUE(subtask.backend->Restore(part).ok());
        }
        if (goes_on && !parts[static_cast<size_t>(i)].empty()) subtask.backend->GoOnFrom(decided_);
        subtask.Open();
      }
    };
    restore();
    Model found;
    for (const Subtask& subtask : subtasks_) subtask.AddTo(&found);
    EXPECT_EQ(found, decided_model_) << "epoch " << decided_;
    restore();  // looking has taken the timers
    model_ = decided_model_;
    if (goes_on) {
      before_ = decided_;
      chains_.erase(chains_.begin(), chains_.find(decided_));
      chains_.erase(chains_.upper_bound(decided_), chains_.end());
      return;
    }
    chains_.clear();
    decided_ = before_ = 0;
    // What was decided is in memory only; the next checkpoint starts the chains anew.
    chains_[0] = {};
    for (const std::string& part : parts) chains_[0].push_back(part.empty() ? Chain() : Chain{part});
  }

  Kind kind_;
  Backends backends_;
  Random random_;
  ManualClock clock_{1'000'000'000};
  std::vector<Subtask> subtasks_;
  Model model_, decided_model_;
  uint64_t epoch_ = 0, decided_ = 0, before_ = 0;
  std::map<uint64_t, std::vector<Chain>> chains_;
  int deltas_ = 0;
};

class KeyedDelta : public testing::TestWithParam<Kind> {};

TEST_P(KeyedDelta, RandomHistoriesEqualAModel) {
  int deltas = 0;
  uint64_t seeds = GetParam() == Kind::kTieredRocks ? 12 : 60;
  for (uint64_t seed = 1; seed <= seeds && !testing::Test::HasFailure(); ++seed) {
    DeltaWalk walk(GetParam(), seed);
    walk.Run(40);
    deltas += walk.deltas();
    if (testing::Test::HasFailure()) ADD_FAILURE() << "seed " << seed;
  }
  EXPECT_GT(deltas, 25 * static_cast<int>(seeds));
}

std::string KindName(const testing::TestParamInfo<Kind>& info) {
  const char* const names[] = {"Hash", "OverAModel", "OverRocksDB", "AnyOfThem"};
  return names[static_cast<size_t>(info.param)];
}
INSTANTIATE_TEST_SUITE_P(Backends, KeyedDelta,
                         testing::Values(Kind::kHash, Kind::kTieredModel, Kind::kTieredRocks,
                                         Kind::kAnyOfThem),
                         KindName);

TEST(BoundedBackend, StateInMemoryBeyondTheBudgetNamesTheOtherBackend) {
  ManualClock clock(0);
  MemoryBudget memory(int64_t{1} << 20);
  {
    std::unique_ptr<BoundedBackend> backend = MakeHashBackend({}, &clock, &memory);
    MapState* state = *backend->OpenMap({"lists"});
    Status settled;
    for (int i = 0; i < 100000 && settled.ok(); ++i) {
      std::string key = "key " + std::to_string(i);
      state->Put(0, {key, HashKey(key)}, "e", "v");
      settled = backend->Settle();
    }
    EXPECT_EQ(settled.number(), kStateExceedsMemory);
    EXPECT_NE(settled.hint().find("rocksdb"), std::string::npos);
    EXPECT_GT(memory.used(), memory.limit());
  }
  EXPECT_EQ(memory.used(), 0);
}

class KeyedDeltaTest : public testing::TestWithParam<Kind> {
 protected:
  KeyedDeltaTest() : backends_(GetParam()) {
    subtask_.backend = backends_.Make(GetParam(), subtask_.range, &clock_);
    subtask_.Open();
  }
  void Put(const std::string& key, const std::string& element, const std::string& value) {
    subtask_.lists->Put(0, {key, HashKey(key)}, element, value);
  }
  KeyedPart Take(uint64_t epoch, uint64_t decided) {
    backends_.memory.set_limit(epoch % 2 == 0 ? 100 : MemoryBudget::kUnlimited);
    EXPECT_TRUE(subtask_.backend->Settle().ok());
    KeyedPart taken = subtask_.backend->CheckpointPart(epoch, decided).value();
    taken.bytes = BytesOf(taken);
    return taken;
  }
  Backends backends_;
  ManualClock clock_{0};
  Subtask subtask_;
};
INSTANTIATE_TEST_SUITE_P(Backends, KeyedDeltaTest,
                         testing::Values(Kind::kHash, Kind::kTieredModel, Kind::kTieredRocks), KindName);

TEST_P(KeyedDeltaTest, ACheckpointWritesWhatChanged) {
  for (int i = 0; i < 10000; ++i) Put("key " + std::to_string(i), "e", std::string(20, 'v'));
  KeyedPart base = Take(1, 0);
  EXPECT_EQ(base.since, 0U);
  Put("key 7", "e", "w");
  KeyedPart delta = Take(2, 1);
  EXPECT_EQ(delta.since, 1U);
  EXPECT_LT(delta.bytes.size(), 100U);
  KeyedPart nothing = Take(3, 2);
  EXPECT_EQ(nothing.since, 2U);
  EXPECT_TRUE(nothing.bytes.empty());
}

TEST_P(KeyedDeltaTest, WhatAnAbandonedCheckpointHeldIsInTheNext) {
  Put("a", "e", "1");
  KeyedPart base = Take(1, 0);
  Put("b", "e", "2");
  subtask_.lists->Erase(0, {"a", HashKey("a")}, "e");
  EXPECT_EQ(Take(2, 1).since, 1U);  // abandoned
  Put("c", "e", "3");
  KeyedPart delta = Take(3, 1);
  EXPECT_EQ(delta.since, 1U);
  std::string_view chain[] = {base.bytes, delta.bytes};
  ByteWriter whole;
  ASSERT_TRUE(subtask_.backend->Snapshot(whole).ok());
  EXPECT_EQ(Entries(MergeKeyed(chain).value()), Entries(whole.bytes()));
  EXPECT_EQ(Entries(whole.bytes()).size(), 2U);
}

TEST_P(KeyedDeltaTest, NothingDecidedMeansEverything) {
  Put("a", "e", "1");
  EXPECT_EQ(Take(1, 0).since, 0U);
  EXPECT_EQ(Take(2, 0).since, 0U);
  EXPECT_EQ(Take(3, 2).since, 2U);
  EXPECT_EQ(Take(4, 1).since, 0U) << "checkpoint 1 was forgotten";
}

TEST_P(KeyedDeltaTest, MoreErasuresThanTheLogHoldsMakeABase) {
  Put("a", "e", "1");
  Take(1, 0);
  for (int i = 0; i < 400000; ++i) {
    std::string key = "a key that comes and goes " + std::to_string(i);
    Put(key, "e", "1");
    subtask_.lists->Clear(0, {key, HashKey(key)});
  }
  KeyedPart base = Take(2, 1);
  EXPECT_EQ(base.since, 0U);
  EXPECT_EQ(Entries(base.bytes).size(), 1U);
  Put("b", "e", "1");
  EXPECT_EQ(Take(3, 2).since, 2U);
}

TEST_P(KeyedDeltaTest, SavepointsDoNotDisturbDeltas) {
  Put("a", "e", "1");
  Take(1, 0);
  Put("b", "e", "1");
  ByteWriter whole;
  ASSERT_TRUE(subtask_.backend->Snapshot(whole).ok());
  KeyedPart delta = Take(2, 1);
  EXPECT_EQ(delta.since, 1U);
  EXPECT_FALSE(delta.bytes.empty());
}

TEST_P(KeyedDeltaTest, BytesCutShortOrOutOfOrderAreRefused) {
  Put("a", "e", "1");
  subtask_.timers->Register(5, {"a", HashKey("a")});
  std::string base = Take(1, 0).bytes;
  Put("b", "e", "1");
  subtask_.lists->Erase(0, {"a", HashKey("a")}, "e");
  subtask_.counts->EraseNamespace(3);
  subtask_.timers->Erase(5, {"a", HashKey("a")});
  std::string delta = Take(2, 1).bytes;
  for (size_t size = 0; size < delta.size(); ++size) {
    std::string_view chain[] = {base, std::string_view(delta).substr(0, size)};
    EXPECT_EQ(MergeKeyed(chain).status().code(), StatusCode::kCorruption) << size;
  }
  std::string_view swapped[] = {delta, base};
  EXPECT_EQ(MergeKeyed(swapped).status().code(), StatusCode::kCorruption);
  std::string_view twice[] = {base, base};
  EXPECT_EQ(MergeKeyed(twice).status().code(), StatusCode::kCorruption);
  EXPECT_EQ(MakeHashBackend({}, &clock_)->Restore(delta).code(), StatusCode::kCorruption);
}

// Damage that a checksum did not see: an error, or some state, but never a crash or an endless loop.
TEST_P(KeyedDeltaTest, AnyBytesAreReadSafely) {
  Random random(11);
  for (int i = 0; i < 40; ++i) {
    std::string key = "key " + std::to_string(i);
    uint8_t* value = nullptr;
    uint8_t created = 0;
    StateKey one{key, HashKey(key)};
    ASSERT_TRUE(subtask_.counts->Access(i % 3, {&one, 1}, {&value, 1}, {&created, 1}).ok());
    std::memset(value, 0, sizeof(int64_t));
    Put(key, "e" + std::to_string(i), "v");
    subtask_.timers->Register(i, one);
    if (i == 20) Take(1, 0);
  }
  subtask_.counts->EraseNamespace(2);
  std::string delta = Take(2, 1).bytes;
  ByteWriter whole;
  ASSERT_TRUE(subtask_.backend->Snapshot(whole).ok());
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string bytes[] = {whole.bytes(), delta};
    std::string& damaged = bytes[random.Below(2)];
    for (uint64_t left = 1 + random.Below(3); left > 0; --left)
      damaged[random.Below(damaged.size())] = static_cast<char>(random.Next());
    std::string_view chain[] = {bytes[0], bytes[1]};
    Result<std::string> merged = MergeKeyed(chain);
    refused += merged ? 0 : 1;
    if (merged) static_cast<void>(MakeHashBackend({}, &clock_)->Restore(*merged));
  }
  EXPECT_GT(refused, 200);
}

}  // namespace
}  // namespace penstock
