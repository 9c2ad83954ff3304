// Sealing, reading back and damage.
#include "checkpoint/checkpoint_store.h"

#include <gtest/gtest.h>

#include <map>

#include "data/key_codec.h"
#include "env/clock.h"
#include "env/files/memory_file_system.h"
#include "state/state_backend.h"

namespace penstock {
namespace {

class CheckpointStoreTest : public testing::Test {
 protected:
  static SubtaskSnapshot Part(const std::string& uid, int subtask) {
    SubtaskSnapshot part;
    part.uid = uid;
    part.subtask = subtask;
    part.watermark = 42;
    part.keyed = std::string(subtask == 0 ? 1000 : 100000, 'k');
    part.lists = {"one", ""};
    part.splits = {{"file-1", "position"}};
    part.committables = {"hidden to visible"};
    return part;
  }
  Manifest Sealed(uint64_t epoch) {
    Manifest manifest;
    manifest.identity = {"job", "run", 7};
    manifest.epoch = epoch;
    EXPECT_TRUE(store_.Seal({Part("a", 0), Part("b", 1)}, &manifest).ok());
    return manifest;
  }
  std::string FileNamed(const std::string& prefix) {
    const std::vector<FileInfo> entries = files_.List(directory_).value();
    for (const FileInfo& info : entries) {
      if (info.path.substr(directory_.size() + 1).starts_with(prefix)) return info.path;
    }
    return "";
  }
  // A subtask whose keyed state is that of `backend` at the barrier of `epoch`.
  static SubtaskSnapshot Keyed(StateBackend* backend, uint64_t epoch, uint64_t decided) {
    KeyedSnapshot keyed = backend->Checkpoint(epoch, decided).value();
    SubtaskSnapshot part;
    part.uid = "op";
    part.keyed = std::move(keyed.bytes);
    part.since = keyed.since;
    return part;
  }
  Manifest SealKeyed(StateBackend* backend, uint64_t epoch, uint64_t decided) {
    Manifest manifest;
    manifest.epoch = epoch;
    Status sealed = store_.Seal({Keyed(backend, epoch, decided)}, &manifest);
    EXPECT_TRUE(sealed.ok()) << sealed.ToString();
    return manifest;
  }
  static void Set(StateBackend* backend, int key, const std::string& value) {
    std::string bytes = "key " + std::to_string(key);
    (*backend->OpenMap({"values"}))->Put(0, {bytes, HashKey(bytes)}, "e", value);
  }
  // The value of every key of the checkpoint, restored.
  std::map<std::string, std::string> Values(const Manifest& manifest) {
    std::map<std::string, std::string> values;
    Result<std::vector<SubtaskSnapshot>> parts = store_.ReadParts(manifest);
    EXPECT_TRUE(parts) << parts.status().ToString();
    auto backend = MakeHashBackend({}, &clock_);
    if (!parts || !backend->Restore(parts->at(0).keyed).ok()) return values;
    MapState* map = *backend->OpenMap({"values"});
    map->ForEachKey(
        0, [&](StateKey key) { values[std::string(key.bytes)] = map->Get(0, key, "e").value_or("nothing"); });
    return values;
  }
  size_t Files() { return files_.List(directory_).value().size(); }
  // The file with one byte changed.
  void Damage(const std::string& path, size_t at) {
    std::string bytes = ReadFile(files_, path).value();
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    EXPECT_TRUE(WriteFileAtomically(files_, path, bytes).ok());
  }

  ManualClock clock_{0};
  MemoryFileSystem files_;
  std::string directory_ = "/jobs/job";
  CheckpointStore store_{&files_, directory_, 1};
};

TEST_F(CheckpointStoreTest, ALostManifestIsMissedOnceSinksMayHaveReachedIt) {
  Sealed(1);
  ASSERT_TRUE(store_.MarkReached(1, "run").ok());
  Sealed(2);
  EXPECT_TRUE(store_.CheckReached("run").ok());
  std::string second = FileNamed("manifest-00000000000000000002");
  ASSERT_TRUE(files_.Remove(second).ok());
  EXPECT_TRUE(store_.CheckReached("run").ok()) << "no sink has reached it";
  Sealed(3);
  ASSERT_TRUE(store_.MarkReached(3, "run").ok());
  ASSERT_TRUE(store_.MarkReached(3, "run").ok()) << "again";
  ASSERT_TRUE(store_.RemoveBefore(3).ok());
  std::string third = FileNamed("manifest-00000000000000000003");
  ASSERT_TRUE(files_.Remove(third).ok());
  Status missed = store_.CheckReached("run");
  EXPECT_EQ(missed.code(), StatusCode::kCorruption);
  EXPECT_NE(missed.message().find(third), std::string::npos) << missed.ToString();
  EXPECT_TRUE(store_.CheckReached("another").ok()) << "a fresh run does not need it";
  Sealed(4);
  EXPECT_TRUE(store_.CheckReached("run").ok()) << "a later one does as well";
  EXPECT_TRUE(store_.RemoveBefore(5).ok());
  EXPECT_TRUE(files_.List(directory_).value().empty());
}

TEST_F(CheckpointStoreTest, AMarkSurvivesAPowerFailure) {
  Sealed(1);
  ASSERT_TRUE(store_.MarkReached(1, "run").ok());
  files_.LosePower();
  ASSERT_TRUE(files_.Remove(FileNamed("manifest-")).ok());
  EXPECT_FALSE(store_.CheckReached("run").ok());
}

TEST_F(CheckpointStoreTest, WhatWasSealedComesBack) {
  Sealed(3);
  EXPECT_EQ(store_.Epochs().value(), std::vector<uint64_t>{3});
  Manifest manifest = store_.ReadManifest(3).value();
  EXPECT_EQ(manifest.identity.run, "run");
  EXPECT_EQ(manifest.claim, 1U);
  std::vector<SubtaskSnapshot> parts = store_.ReadParts(manifest).value();
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[1].uid, "b");
  EXPECT_EQ(parts[1].subtask, 1);
  EXPECT_EQ(parts[1].watermark, 42);
  EXPECT_EQ(parts[1].lists, (std::vector<std::string>{"one", ""}));
  EXPECT_EQ(parts[1].splits[0].position, "position");
  EXPECT_EQ(parts[1].committables[0], "hidden to visible");
}

TEST_F(CheckpointStoreTest, OfTwoProcessesThatSealAnEpochOneIsFenced) {
  Sealed(1);
  CheckpointStore other(&files_, directory_, 2);
  Manifest manifest;
  manifest.epoch = 1;
  EXPECT_EQ(other.Seal({}, &manifest).code(), StatusCode::kFenced);
}

TEST_F(CheckpointStoreTest, EveryFlippedByteOfAManifestIsNoticed) {
  Sealed(1);
  std::string path = FileNamed("manifest-");
  size_t size = ReadFile(files_, path).value().size();
  for (size_t at = 0; at < size; ++at) {
    Damage(path, at);
    EXPECT_EQ(store_.ReadManifest(1).status().code(), StatusCode::kCorruption) << at;
    Damage(path, at);
  }
  EXPECT_TRUE(store_.ReadManifest(1));
}

TEST_F(CheckpointStoreTest, AManifestCutShortAnywhereIsNoticed) {
  Sealed(1);
  std::string path = FileNamed("manifest-");
  std::string bytes = ReadFile(files_, path).value();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(WriteFileAtomically(files_, path, bytes.substr(0, size)).ok());
    EXPECT_EQ(store_.ReadManifest(1).status().code(), StatusCode::kCorruption) << size;
  }
}

TEST_F(CheckpointStoreTest, DamagedStateNamesItsFile) {
  Manifest manifest = Sealed(1);
  std::string path = FileNamed("state-");
  Damage(path, 500);
  Status status = store_.ReadParts(manifest).status();
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_NE(status.message().find(path), std::string::npos);
  EXPECT_TRUE(files_.Remove(path).ok());
  EXPECT_EQ(store_.ReadParts(manifest).status().code(), StatusCode::kNotFound);
}

TEST_F(CheckpointStoreTest, RemovedEpochsLeaveNothing) {
  Sealed(1);
  Sealed(3);
  EXPECT_TRUE(store_.RemoveBefore(3).ok());
  EXPECT_EQ(store_.Epochs().value(), std::vector<uint64_t>{3});
  EXPECT_TRUE(store_.RemoveBefore(4).ok());
  EXPECT_TRUE(files_.List(directory_).value().empty());
}

// Whatever operation fails, the manifest is there whole or not at all, and what is left over goes with the
// next removal.
TEST_F(CheckpointStoreTest, AnEpochIsSealedWholeOrNotAtAll) {
  Sealed(1);
  int64_t failures = 0;
  for (Status status(StatusCode::kIo, ""); !status.ok(); ++failures) {
    files_.FailAfter(failures);
    Manifest manifest;
    manifest.epoch = static_cast<uint64_t>(failures) + 2;
    status = store_.Seal({Part("a", 0)}, &manifest);
    files_.FailAfter(-1);
    const std::vector<uint64_t> epochs = store_.Epochs().value();
    for (uint64_t epoch : epochs) EXPECT_TRUE(store_.ReadParts(store_.ReadManifest(epoch).value()));
    if (status.ok()) {
      EXPECT_EQ(epochs.back(), manifest.epoch);
    }
    EXPECT_GE(store_.LastEpochTouched().value(), epochs.back());
  }
  EXPECT_GT(failures, 6);
  EXPECT_TRUE(store_.RemoveBefore(static_cast<uint64_t>(failures) + 2).ok());
  EXPECT_TRUE(files_.List(directory_).value().empty());
}

TEST_F(CheckpointStoreTest, ADeltaRefersToTheFilesBeforeIt) {
  auto backend = MakeHashBackend({}, &clock_);
  for (int i = 0; i < 10000; ++i) Set(backend.get(), i, "before");
  Manifest first = SealKeyed(backend.get(), 1, 0);
  EXPECT_GT(first.written_bytes, 100000U);
  Set(backend.get(), 7, "after");
  Manifest second = SealKeyed(backend.get(), 2, 1);
  EXPECT_LT(second.written_bytes, 200U);
  ASSERT_EQ(second.parts[0].keyed.size(), 2U);
  EXPECT_EQ(second.parts[0].keyed[0], first.parts[0].keyed[0]);
  EXPECT_TRUE(store_.RemoveBefore(2).ok());
  std::map<std::string, std::string> values = Values(store_.ReadManifest(2).value());
  EXPECT_EQ(values.size(), 10000U);
  EXPECT_EQ(values["key 7"], "after");
  EXPECT_EQ(values["key 8"], "before");
  EXPECT_EQ(Files(), 3U) << "base, state and manifest";
}

TEST_F(CheckpointStoreTest, WhatAnAbandonedEpochHeldIsInTheNext) {
  auto backend = MakeHashBackend({}, &clock_);
  for (int i = 0; i < 10; ++i) Set(backend.get(), i, "1");
  SealKeyed(backend.get(), 1, 0);
  Set(backend.get(), 2, "2");
  Keyed(backend.get(), 2, 1);  // never arrives
  Set(backend.get(), 3, "3");
  SealKeyed(backend.get(), 3, 1);  // sealed, but nobody learns of it
  Set(backend.get(), 4, "4");
  Manifest fourth = SealKeyed(backend.get(), 4, 1);
  std::map<std::string, std::string> values = Values(fourth);
  EXPECT_EQ(values["key 2"] + values["key 3"] + values["key 4"] + values["key 5"], "2341");
}

TEST_F(CheckpointStoreTest, ADeltaOnAnEpochThatIsNotThereIsRefused) {
  auto backend = MakeHashBackend({}, &clock_);
  Set(backend.get(), 1, "1");
  SealKeyed(backend.get(), 1, 0);
  EXPECT_TRUE(store_.RemoveBefore(2).ok());
  Set(backend.get(), 1, "2");
  Manifest manifest;
  manifest.epoch = 2;
  EXPECT_EQ(store_.Seal({Keyed(backend.get(), 2, 1)}, &manifest).code(), StatusCode::kInternal);
  EXPECT_TRUE(store_.Epochs().value().empty());
}

TEST_F(CheckpointStoreTest, LongAndHeavyChainsBecomeABase) {
  CheckpointStore store(&files_, directory_, 1, {4, 1000});
  auto backend = MakeHashBackend({}, &clock_);
  std::map<std::string, std::string> expected;
  uint64_t decided = 0;
  size_t longest = 0, bases = 0;
  for (uint64_t epoch = 1; epoch <= 30; ++epoch) {
    int changes = epoch == 10 ? 1000 : 3;
    for (int i = 0; i < changes; ++i) {
      int key = static_cast<int>(epoch) * 7 % 20 + i;
      Set(backend.get(), key, std::to_string(epoch));
      expected["key " + std::to_string(key)] = std::to_string(epoch);
    }
    Manifest manifest;
    manifest.epoch = epoch;
    ASSERT_TRUE(store.Seal({Keyed(backend.get(), epoch, decided)}, &manifest).ok());
    longest = std::max(longest, manifest.parts[0].keyed.size());
    EXPECT_EQ(store.longest_chain(), manifest.parts[0].keyed.size());
    EXPECT_EQ(Values(store.ReadManifest(epoch).value()), expected) << epoch;
    EXPECT_TRUE(decided == 0 || store.RemoveBefore(epoch).ok());
    decided = epoch;
    EXPECT_LE(Files(), 6U);
    std::shared_ptr<ChainFold> fold = store.NewFold(decided);
    EXPECT_TRUE(epoch != 10 || fold) << "too heavy for a delta";
    if (!fold) continue;
    while (fold->Step()) {
    }
    ++bases;
    store.Adopt(fold.get());
    store.EndFold(fold);
    EXPECT_EQ(store.NewFold(decided), nullptr) << "the next checkpoint refers to the base";
  }
  EXPECT_EQ(longest, 4U);
  EXPECT_GT(bases, 5U);
}

TEST_F(CheckpointStoreTest, ADamagedOrMissingLinkIsNamed) {
  auto backend = MakeHashBackend({}, &clock_);
  for (int i = 0; i < 10000; ++i) Set(backend.get(), i, "before");
  SealKeyed(backend.get(), 1, 0);
  Set(backend.get(), 7, "after");
  Manifest second = SealKeyed(backend.get(), 2, 1);
  for (const FileRange& link : second.parts[0].keyed) {
    std::string path = directory_ + "/" + link.file;
    Damage(path, link.offset + link.size / 2);
    Status status = store_.ReadParts(second).status();
    EXPECT_EQ(status.code(), StatusCode::kCorruption);
    EXPECT_NE(status.message().find(path), std::string::npos) << status.message();
    Damage(path, link.offset + link.size / 2);
    EXPECT_TRUE(store_.ReadParts(second));
    std::string bytes = ReadFile(files_, path).value();
    EXPECT_TRUE(WriteFileAtomically(files_, path, bytes.substr(0, link.offset + link.size - 1)).ok());
    EXPECT_EQ(store_.ReadParts(second).status().code(), StatusCode::kCorruption);
    EXPECT_TRUE(files_.Remove(path).ok());
    status = store_.ReadParts(second).status();
    EXPECT_EQ(status.code(), StatusCode::kNotFound);
    EXPECT_NE(status.message().find(path), std::string::npos) << status.message();
    EXPECT_TRUE(WriteFileAtomically(files_, path, bytes).ok());
  }
}

TEST_F(CheckpointStoreTest, StateThatStaysAsItWasIsWrittenOnce) {
  Manifest first = Sealed(1);
  Manifest second = Sealed(2);
  EXPECT_EQ(first.parts[1].keyed, second.parts[1].keyed);
  EXPECT_LT(second.written_bytes, 500U);
  EXPECT_TRUE(store_.RemoveBefore(2).ok());
  EXPECT_TRUE(store_.ReadParts(second));
}

TEST_F(CheckpointStoreTest, AManifestOfAnotherVersionIsRefused) {
  Sealed(1);
  std::string path = FileNamed("manifest-");
  std::string bytes = ReadFile(files_, path).value();
  bytes[std::string("PENSTOCK-MANIFEST").size()] = 1;
  bytes.resize(bytes.size() - sizeof(uint64_t));
  ByteWriter checksum;
  checksum.Fixed(HashKey(bytes));
  EXPECT_TRUE(WriteFileAtomically(files_, path, bytes + checksum.bytes()).ok());
  EXPECT_EQ(store_.ReadManifest(1).status().code(), StatusCode::kUnsupported);
}

}  // namespace
}  // namespace penstock
