// Sealing, reading back and damage.
#include "checkpoint/checkpoint_store.h"

#include <gtest/gtest.h>

#include "env/memory_file_system.h"

namespace penstock {
namespace {

class CheckpointStoreTest : public testing::Test {
 protected:
  static SubtaskSnapshot Part(const std::string& uid, int subtask) {
    SubtaskSnapshot part;
    part.uid = uid;
    part.subtask = subtask;
    part.watermark = 42;
    part.keyed = std::string(1000, 'k');
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
  // The file with one byte changed.
  void Damage(const std::string& path, size_t at) {
    std::string bytes = ReadFile(files_, path).value();
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    EXPECT_TRUE(WriteFileAtomically(files_, path, bytes).ok());
  }

  MemoryFileSystem files_;
  std::string directory_ = "/jobs/job";
  CheckpointStore store_{&files_, directory_, 1};
};

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

}  // namespace
}  // namespace penstock
