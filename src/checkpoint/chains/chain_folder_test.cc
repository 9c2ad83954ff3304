// Chains that are folded while checkpoints go on: one subtask under a manual clock; the fold is stepped by
// the test.
#include "checkpoint/chains/chain_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "data/key_codec.h"
#include "env/files/memory_file_system.h"
#include "state/state_backend.h"

namespace penstock {
namespace {

using Values = std::map<std::string, std::string>;

class ChainFolderTest : public testing::Test {
 protected:
  explicit ChainFolderTest(ChainLimits limits = {4, 1 << 20, 1 << 20, 8, 4}) : limits_(limits) { Restart(); }

  // A new process, which knows nothing of the one before.
  void Restart() {
    folder_.reset();
    step_ = nullptr;
    store_ = std::make_unique<CheckpointStore>(&files_, "/job", ++claim_, limits_);
    folder_ = std::make_unique<ChainFolder>(store_.get(), &clock_);
    folder_->set_background([this](const std::function<bool()>& step) {
      step_ = step;
      return true;
    });
    folder_->set_tell([this](const std::string& text) { told_.push_back(text); });
  }

  void Set(const std::string& key, const std::string& value) {
    (*backend_->OpenMap({"values"}))->Put(0, {key, HashKey(key)}, "e", value);
    now_[key] = value;
  }
  // One key changes in each; the epoch is decided.
  Status Checkpoint() {
    uint64_t epoch = epoch_ + 1;
    Set(fmt::format("key {}", epoch % 3), fmt::format("value of {}", epoch));
    KeyedSnapshot keyed = backend_->Checkpoint(epoch, epoch_).value();
    SubtaskSnapshot part;
    part.uid = "op";
    part.keyed = std::move(keyed.bytes);
    part.since = keyed.since;
    Manifest manifest;
    manifest.epoch = epoch;
    RETURN_IF_ERROR(folder_->Prepare({&part}));
    RETURN_IF_ERROR(store_->SealParts({&part}, &manifest));
    epoch_ = epoch;
    at_barrier_[epoch] = now_;
    links_ = manifest.parts[0].keyed.size();
    newest_ = manifest;
    folder_->Start(epoch);
    return Status::Ok();
  }
  void Checkpoints(int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(Checkpoint().ok());
  }
  bool StepFold() {
    if (!step_) return false;
    if (!step_()) step_ = nullptr;
    return step_ != nullptr;
  }
  void FinishFold() {
    while (StepFold()) {
    }
  }

  Values Restored(uint64_t epoch) {
    Values values;
    Result<Manifest> manifest = store_->ReadManifest(epoch);
    EXPECT_TRUE(manifest) << manifest.status().ToString();
    if (!manifest) return values;
    Result<std::vector<SubtaskSnapshot>> parts = store_->ReadParts(*manifest);
    EXPECT_TRUE(parts) << parts.status().ToString();
    if (!parts) return values;
    auto backend = MakeHashBackend({}, &clock_);
    const SubtaskSnapshot& part = parts->at(0);
    std::string bytes = part.keyed_source ? KeyedBytes(*part.keyed_source).value() : part.keyed;
    EXPECT_TRUE(backend->Restore(bytes).ok());
    MapState* map = *backend->OpenMap({"values"});
    map->ForEachKey(
        0, [&](StateKey key) { values[std::string(key.bytes)] = map->Get(0, key, "e").value_or("nothing"); });
    return values;
  }
  void ExpectAllRestore() {
    const std::vector<uint64_t> epochs = store_->Epochs().value();
    for (uint64_t epoch : epochs) EXPECT_EQ(Restored(epoch), at_barrier_[epoch]) << epoch;
  }
  size_t FilesNamed(const std::string& prefix) {
    size_t count = 0;
    const std::vector<FileInfo> entries = files_.List("/job").value();
    for (const FileInfo& info : entries) count += info.path.starts_with("/job/" + prefix) ? 1 : 0;
    return count;
  }
  void Damage(const FileRange& range) {
    std::string path = "/job/" + range.file, bytes = ReadFile(files_, path).value();
    bytes[range.offset + range.size - 1] ^= 1;
    ASSERT_TRUE(WriteFileAtomically(files_, path, bytes).ok());
  }

  const ChainLimits limits_;
  ManualClock clock_{0};
  MemoryFileSystem files_;
  std::unique_ptr<StateBackend> backend_ = MakeHashBackend({}, &clock_);
  std::unique_ptr<CheckpointStore> store_;
  std::unique_ptr<ChainFolder> folder_;
  std::function<bool()> step_;
  std::vector<std::string> told_;
  uint64_t claim_ = 0, epoch_ = 0;
  size_t links_ = 0;  // of the newest checkpoint
  Manifest newest_;
  Values now_;
  std::map<uint64_t, Values> at_barrier_;
};

// The same with chains that are read and written in pieces.
class LargeChainFolderTest : public ChainFolderTest {
 protected:
  LargeChainFolderTest() : ChainFolderTest({4, 1 << 20, 0, 8, 4}) {}
};

TEST_F(ChainFolderTest, ACheckpointOnlyAppendsItsDeltaWhileAFoldIsUnderWay) {
  Checkpoints(4);
  EXPECT_EQ(links_, 4u);
  ASSERT_TRUE(step_);
  Checkpoints(2);
  EXPECT_EQ(links_, 6u);
  FinishFold();
  EXPECT_EQ(FilesNamed("base-00000000000000000004-f1-"), 1u);
  Checkpoints(1);
  EXPECT_EQ(links_, 4u) << "the new base and the deltas of epochs 5 to 7";
  EXPECT_TRUE(newest_.parts[0].keyed[0].file.starts_with("base-00000000000000000004-f1-"));
  EXPECT_EQ(folder_->statistics().folded, 1);
  EXPECT_EQ(folder_->statistics().waits, 0);
  ExpectAllRestore();
  ASSERT_TRUE(store_->RemoveBefore(7).ok());
  EXPECT_EQ(FilesNamed("state-"), 3u);
  ExpectAllRestore();
}

TEST_F(LargeChainFolderTest, ItTakesManyStepsAndTheResultIsTheSame) {
  for (int i = 0; i < 200; ++i) Set(fmt::format("many {}", i), "before");
  Checkpoints(4);
  int steps = 0;
  while (StepFold()) {
    if (++steps % 10 == 0 && links_ < 7) Checkpoints(1);
  }
  EXPECT_GT(steps, 50);
  Checkpoints(1);
  EXPECT_EQ(links_, 5u);
  ASSERT_TRUE(store_->RemoveBefore(epoch_).ok());
  ExpectAllRestore();
}

TEST_F(ChainFolderTest, WhatAFoldReadsAndHasWrittenStaysUntilItCounts) {
  Checkpoints(4);
  ASSERT_TRUE(store_->RemoveBefore(4).ok());
  FinishFold();
  // Checkpoints of a task that hands in everything anew refer to none of it.
  ASSERT_TRUE(store_->RemoveBefore(4).ok());
  Checkpoints(1);
  EXPECT_EQ(links_, 2u);
  ASSERT_TRUE(store_->RemoveBefore(5).ok());
  EXPECT_EQ(FilesNamed("state-"), 1u) << "links that were folded go";
  ExpectAllRestore();
}

TEST_F(ChainFolderTest, APinnedCheckpointKeepsTheLinksThatWereFolded) {
  Checkpoints(4);
  FinishFold();
  Checkpoints(3);
  // A savepoint is copied of epoch 4: CheckpointPins::Limit.
  ASSERT_TRUE(store_->RemoveBefore(4).ok());
  ExpectAllRestore();
  EXPECT_EQ(store_->Epochs().value().size(), 4u);
}

TEST_F(ChainFolderTest, ADeltaOnAnOlderCheckpointBuildsOnWhatWasFoldedOfIt) {
  Checkpoints(5);  // the fold is of epoch 4
  FinishFold();
  Checkpoints(1);
  Manifest sixth = newest_;
  // Epoch 6 was sealed, but the task knows of 5 only.
  epoch_ = 5;
  backend_->OpenMap({"values"}).value();
  Set("late", "1");
  KeyedSnapshot keyed = backend_->Checkpoint(7, 5).value();
  SubtaskSnapshot part;
  part.uid = "op";
  part.keyed = std::move(keyed.bytes);
  part.since = keyed.since;
  Manifest manifest;
  manifest.epoch = 7;
  ASSERT_TRUE(store_->Seal({part}, &manifest).ok());
  EXPECT_EQ(manifest.parts[0].keyed[0], sixth.parts[0].keyed[0]);
  EXPECT_EQ(manifest.parts[0].keyed.size(), 3u);
  EXPECT_EQ(Restored(7), now_);
}

TEST_F(ChainFolderTest, ACheckpointWaitsAtTheHardLimit) {
  Checkpoints(8);
  EXPECT_EQ(links_, 8u);
  ASSERT_TRUE(step_) << "nobody has stepped it";
  Checkpoints(1);
  EXPECT_EQ(links_, 6u) << "the fold was of epoch 4";
  EXPECT_EQ(folder_->statistics().waits, 1);
  EXPECT_EQ(folder_->statistics().folded, 1);
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_NE(told_[0].find("has waited"), std::string::npos) << told_[0];
  ExpectAllRestore();
}

TEST_F(ChainFolderTest, NoChainGrowsWithoutBoundWhoeverIsSlow) {
  size_t longest = 0;
  for (int i = 0; i < 60; ++i) {
    Checkpoints(1);
    longest = std::max(longest, links_);
    ASSERT_TRUE(store_->RemoveBefore(epoch_).ok());
    if (i % 7 == 0) StepFold();
  }
  EXPECT_LE(longest, 8u);
  ExpectAllRestore();
}

TEST_F(LargeChainFolderTest, AFoldThatFailsIsCountedToldAndTriedAgain) {
  for (int i = 0; i < 50; ++i) Set(fmt::format("many {}", i), "before");
  Checkpoints(4);
  ASSERT_TRUE(StepFold());
  ASSERT_TRUE(StepFold());
  EXPECT_EQ(FilesNamed("base-"), 2u);
  files_.FailAfter(3);
  FinishFold();
  files_.FailAfter(-1);
  Checkpoints(1);
  EXPECT_EQ(folder_->statistics().failed, 1);
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_NE(told_[0].find("could not be shortened"), std::string::npos) << told_[0];
  EXPECT_FALSE(step_) << "there is a pause";
  clock_.AdvanceMicros(1'000'000);
  Checkpoints(1);
  ASSERT_TRUE(step_);
  FinishFold();
  Checkpoints(1);
  EXPECT_EQ(folder_->statistics().folded, 1);
  EXPECT_EQ(links_, 2u);
  ASSERT_TRUE(store_->RemoveBefore(epoch_).ok());
  EXPECT_EQ(FilesNamed("base-"), 1u) << "what was begun is gone";
  ExpectAllRestore();
}

TEST_F(ChainFolderTest, CheckpointsGoOnWhereEveryFoldFails) {
  for (int i = 0; i < 30; ++i) {
    files_.FailAfter(step_ ? 0 : -1);
    FinishFold();
    files_.FailAfter(-1);
    Checkpoints(1);
    clock_.AdvanceMicros(300'000);
  }
  EXPECT_GT(folder_->statistics().failed, 1);
  ExpectAllRestore();
}

TEST_F(ChainFolderTest, DamageIsAFailureOfTheFoldAndOfACheckpointThatWaits) {
  Checkpoints(4);
  Damage(newest_.parts[0].keyed[1]);
  FinishFold();
  Checkpoints(4);
  EXPECT_EQ(folder_->statistics().failed, 1);
  EXPECT_NE(told_.at(0).find("does not match the checksum"), std::string::npos) << told_[0];
  Checkpoints(1);
  EXPECT_EQ(links_, 9u) << "another fold would fail, and a moment ago one did";
  clock_.AdvanceMicros(1'000'000);
  EXPECT_EQ(Checkpoint().code(), StatusCode::kCorruption);
}

TEST_F(ChainFolderTest, WhatNobodyRefersToGoesWithTheNextProcess) {
  Checkpoints(5);
  FinishFold();
  EXPECT_EQ(FilesNamed("base-"), 1u);
  Restart();
  EXPECT_EQ(store_->Epochs().value().back(), 5u);
  store_->GoOnFrom(store_->ReadManifest(5).value());
  Checkpoints(1);
  EXPECT_EQ(links_, 6u) << "its chain is that of epoch 5";
  ASSERT_TRUE(store_->RemoveBefore(6).ok());
  EXPECT_EQ(FilesNamed("base-"), 0u);
  FinishFold();
  Checkpoints(1);
  EXPECT_EQ(links_, 2u);
  ExpectAllRestore();
}

TEST_F(LargeChainFolderTest, OneThatIsCancelledLeavesNothing) {
  for (int i = 0; i < 50; ++i) Set(fmt::format("many {}", i), "before");
  Checkpoints(4);
  for (int i = 0; i < 5; ++i) StepFold();
  EXPECT_EQ(FilesNamed("base-"), 2u);
  folder_->Close();
  EXPECT_EQ(FilesNamed("base-"), 1u);
  EXPECT_EQ(folder_->statistics().failed, 0);
  EXPECT_FALSE(StepFold());
  Checkpoints(1);
  EXPECT_FALSE(step_) << "none begins any more";
}

// With a thread: whatever it has done by the time, the checkpoints are whole.
TEST_F(LargeChainFolderTest, AThreadFoldsBesideTheCheckpoints) {
  for (int i = 0; i < 500; ++i) Set(fmt::format("many {}", i), "before");
  folder_->set_background(nullptr);
  size_t longest = 0;
  for (int i = 0; i < 200; ++i) {
    Checkpoints(1);
    longest = std::max(longest, links_);
    ASSERT_TRUE(store_->RemoveBefore(epoch_).ok());
  }
  EXPECT_LE(longest, 8u);
  EXPECT_GT(folder_->statistics().folded, 10);
  ExpectAllRestore();
  folder_->Close();
  Restart();
  store_->GoOnFrom(store_->ReadManifest(epoch_).value());
  Checkpoints(1);
  folder_->Close();
  ASSERT_TRUE(store_->RemoveBefore(epoch_).ok());
  EXPECT_EQ(FilesNamed("base-"), 1u);
  ExpectAllRestore();
}

}  // namespace
}  // namespace penstock
