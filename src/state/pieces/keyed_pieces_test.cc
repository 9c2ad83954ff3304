// Keyed state in pieces: that what is read is what was written, that slices stay small however large the
// state is, and that damage is noticed.
#include "state/pieces/keyed_pieces.h"

#include <gtest/gtest.h>

#include <set>

#include "data/key_codec.h"
#include "env/clock.h"
#include "state/bounded_backend.h"
#include "state/keyed_image.h"
#include "state/keyed_merge.h"
#include "state/ordered_store.h"
#include "state/pieces/slices.h"

namespace penstock {
namespace {

constexpr size_t kWidth = 96;
constexpr int kGroups = 4;

std::string Written(KeyedSource& source) {
  std::string bytes;
  Status written = WritePieces(source, [&](std::string_view piece) {
    bytes.append(piece);
    return Status::Ok();
  });
  EXPECT_TRUE(written.ok()) << written.ToString();
  return bytes;
}

// Entries of a base; with the size of its largest slice.
std::multiset<std::string> Entries(KeyedSource& source, size_t* largest) {
  std::multiset<std::string> entries;
  for (size_t s = 0; s < source.states().size(); ++s) {
    const KeyedStateInfo& info = source.states()[s];
    StateImage image;
    image.kind = info.kind;
    image.width = info.width;
    for (int group : info.groups) {
      for (uint32_t slice = 0; slice < uint32_t{1} << info.slice_bits; ++slice) {
        Result<std::string> bytes = source.Slice(s, group, slice);
        EXPECT_TRUE(bytes) << bytes.status().ToString();
        if (!bytes) return entries;
        *largest = std::max(*largest, bytes->size());
        ByteReader in(*bytes);
        while (in.ok() && !in.at_end()) {
          std::string at = info.name + "/" + std::to_string(in.Fixed<int64_t>()) + "/";
          for (uint64_t left = in.Count(); left > 0; --left) {
            std::string key, value;
            if (info.kind == StateKind::kFixed) {
              FixedEntry entry = TakeFixedEntry(image, &in);
              key = entry.key;
              value = entry.tail;
              EXPECT_EQ(HashKey(key) >> 32 & (kGroups - 1), static_cast<uint64_t>(group));
            } else {
              key = in.String();
              for (uint64_t more = in.Count(); more > 0; --more) {
                MapElement element = TakeMapElement(&in);
                value.append(element.element).append("=").append(element.value).append(",");
              }
            }
            entries.insert(at + key + "/" + value);
          }
        }
        EXPECT_TRUE(in.ok());
      }
    }
  }
  return entries;
}

// One subtask over a store, with a budget that is always short.
class PiecesTest : public testing::Test {
 protected:
  PiecesTest() {
    memory_.set_limit(int64_t{1} << 20);
    backend_ = MakeTieredBackend({0, kGroups, kGroups}, &clock_, &memory_, MakeMemoryStore());
  }
  void Set(int from, int to, char value) {
    FixedState* state = *backend_->OpenFixed({"values", kWidth});
    for (int i = from; i < to; ++i) {
      std::string key = "key " + std::to_string(i);
      StateKey state_key{key, HashKey(key)};
      uint8_t* at = nullptr;
      uint8_t created = 0;
      ASSERT_TRUE(state->Access(i % 3, {&state_key, 1}, {&at, 1}, {&created, 1}).ok());
      std::memset(at, value, kWidth);
      if (i % 64 == 0) Settle();
    }
  }
  void Put(int from, int to, const std::string& value) {
    MapState* state = *backend_->OpenMap({"lists"});
    for (int i = from; i < to; ++i) {
      std::string key = "list " + std::to_string(i);
      state->Put(7, {key, HashKey(key)}, "e" + std::to_string(i % 5), value);
      if (i % 64 == 0) Settle();
    }
  }
  void Settle() { ASSERT_TRUE(backend_->Settle().ok()); }
  std::shared_ptr<KeyedSource> Checkpoint(uint64_t epoch, uint64_t decided) {
    Result<KeyedPart> part = backend_->CheckpointPart(epoch, decided);
    EXPECT_TRUE(part) << part.status().ToString();
    EXPECT_EQ(part->since, decided);
    EXPECT_TRUE(part->source) << "not all of it is in memory";
    return part->source;
  }
  std::multiset<std::string> Now() {
    size_t largest = 0;
    return Entries(*backend_->SnapshotPart()->source, &largest);
  }

  ManualClock clock_{0};
  MemoryBudget memory_;
  std::unique_ptr<BoundedBackend> backend_;
};

TEST_F(PiecesTest, LargeStateIsWrittenAndFoldedInSmallPieces) {
  constexpr size_t kMost = 2 * kSliceBytes;
  Set(0, 40000, 'a');
  Put(0, 3000, std::string(500, 'x'));
  std::shared_ptr<KeyedSource> base = Checkpoint(1, 0);
  ASSERT_GT(base->bytes(), 8 * kMost / 2);
  std::string written = Written(*base);
  ASSERT_TRUE(IsPieces(written));
  std::multiset<std::string> first = Now();
  Set(30000, 45000, 'b');
  Put(2000, 3500, "y");
  std::string delta = Written(*Checkpoint(2, 1));
  std::multiset<std::string> second = Now();
  EXPECT_LT(delta.size(), written.size() / 2);

  size_t largest = 0;
  std::shared_ptr<KeyedSource> read = MakeKeyedView(written).value();
  EXPECT_FALSE(read->delta());
  EXPECT_TRUE(Entries(*read, &largest) == first);
  EXPECT_GT(read->states()[0].slice_bits + read->states()[1].slice_bits, 1);
  std::shared_ptr<KeyedSource> merged = MergeSources({read, MakeKeyedView(delta).value()}).value();
  EXPECT_TRUE(Entries(*merged, &largest) == second);
  EXPECT_LT(largest, kMost) << "of " << written.size();
}

TEST_F(PiecesTest, ARestoreEvictsAsItReads) {
  Set(0, 40000, 'a');
  std::string written = Written(*Checkpoint(1, 0));
  std::multiset<std::string> before = Now();
  MemoryBudget memory(int64_t{1} << 20);
  int64_t most = 0;
  std::vector<std::multiset<std::string>> found;
  std::multiset<std::string> all;
  for (int subtask = 0; subtask < 2; ++subtask) {
    KeyGroupRange range = KeyGroupRange::Of(subtask, 2, kGroups);
    auto backend = MakeTieredBackend(range, &clock_, &memory, MakeMemoryStore());
    ASSERT_TRUE(backend->Restore(*MakeKeyedView(written).value()).ok());
    most = std::max(most, memory.used());
    KeyedPart part = backend->SnapshotPart().value();
    ASSERT_TRUE(part.source);
    size_t largest = 0;
    all.merge(Entries(*part.source, &largest));
  }
  EXPECT_LT(most, int64_t{4} << 20) << "of " << written.size();
  EXPECT_TRUE(all == before);
}

TEST_F(PiecesTest, EveryDamagedByteIsNoticed) {
  Set(0, 9000, 'a');
  std::string whole = Written(*Checkpoint(1, 0));
  auto reads = [](const std::string& bytes) {
    Result<std::shared_ptr<KeyedSource>> source = MakeKeyedView(bytes);
    return source && KeyedBytes(**source);
  };
  ASSERT_TRUE(reads(whole));
  for (size_t i = 0; i < whole.size(); i += i < 4 || i + 400 > whole.size() ? 1 : 4999) {
    std::string damaged = whole;
    damaged[i] ^= 4;
    EXPECT_FALSE(reads(damaged)) << i;
    EXPECT_FALSE(reads(whole.substr(0, i))) << i;
  }
}

TEST(Slices, AreTheSectionInParts) {
  ManualClock clock(0);
  auto backend = MakeHashBackend({0, kGroups, kGroups}, &clock);
  MapState* state = *backend->OpenMap({"lists"});
  for (int i = 0; i < 500; ++i) {
    std::string key = "k" + std::to_string(i);
    state->Put(i % 2, {key, HashKey(key)}, "e", "v" + std::to_string(i));
  }
  ByteWriter out;
  ASSERT_TRUE(backend->Snapshot(out).ok());
  std::shared_ptr<KeyedSource> whole = MakeKeyedView(out.bytes()).value();
  SliceReader slices(whole, 0, 3);
  std::string parts;
  size_t entries = 0;
  for (int group = 0; group < kGroups; ++group) {
    for (uint32_t slice = 0; slice < 8; ++slice) {
      std::string part = slices.Read(group, slice).value();
      ByteReader in(part);
      while (in.ok() && !in.at_end()) {
        in.Fixed<int64_t>();
        for (uint64_t left = in.Count(); left > 0; --left, ++entries) {
          std::string_view key = in.String();
          EXPECT_EQ(static_cast<uint32_t>(HashKey(key)) >> 29, slice);
          for (uint64_t more = in.Count(); more > 0; --more) TakeMapElement(&in);
        }
      }
      EXPECT_TRUE(in.ok());
    }
  }
  EXPECT_EQ(entries, 500U);
}

}  // namespace
}  // namespace penstock
