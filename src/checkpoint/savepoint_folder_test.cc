// Copies of checkpoints: whole, self-contained, and noticed when they are damaged.
#include "checkpoint/savepoint_folder.h"

#include <gtest/gtest.h>

#include "env/failpoint.h"
#include "env/files/memory_file_system.h"

namespace penstock {
namespace {

class SavepointFolderTest : public testing::Test {
 protected:
  static SubtaskSnapshot Part(const std::string& uid, const std::string& list) {
    SubtaskSnapshot part;
    part.uid = uid;
    part.lists = {list};
    part.splits = {{"split", "position of " + list}};
    part.committables = {"to be committed"};
    return part;
  }
  void Seal(uint64_t epoch, const std::string& list) {
    Manifest manifest;
    manifest.identity = {"job", "run", 7};
    manifest.epoch = epoch;
    ASSERT_TRUE(store_.Seal({Part("a", list), Part("b", list + "!")}, &manifest).ok());
  }
  Status Copy(uint64_t epoch, uint64_t nonce = 1) {
    return CopyToSavepoint(CheckpointStore(&files_, "/cp", 0), epoch, &local_, "/sp/one/job-1", nonce);
  }
  Result<std::vector<SubtaskSnapshot>> Read() {
    ASSIGN_OR_RETURN(Manifest manifest, ReadSavepointManifest(&local_, "/sp/one/job-1"));
    return ReadSavepointParts(std::make_shared<LocalFileStore>(&files_), "/sp/one/job-1", manifest);
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    std::vector<FileInfo> files = files_.List("/sp/one/job-1").value();
    for (const FileInfo& file : files) names.push_back(file.path);
    return names;
  }

  MemoryFileSystem files_;
  LocalFileStore local_{&files_};
  CheckpointStore store_{&files_, "/cp", 3};
};

TEST_F(SavepointFolderTest, ACopyStandsWithoutItsCheckpointAndWithoutPower) {
  Seal(5, "five");
  ASSERT_TRUE(Copy(5).ok());
  std::vector<FileInfo> checkpoint = files_.List("/cp").value();
  for (const FileInfo& file : checkpoint) ASSERT_TRUE(files_.Remove(file.path).ok());
  files_.LosePower();
  ASSERT_TRUE(IsSavepointFolder(&local_, "/sp/one/job-1").value());
  Manifest manifest = ReadSavepointManifest(&local_, "/sp/one/job-1").value();
  EXPECT_EQ(manifest.epoch, 5u);
  EXPECT_EQ(manifest.identity.job, "job");
  EXPECT_EQ(manifest.identity.incarnation, 7u);
  EXPECT_EQ(manifest.claim, 0u);
  std::vector<SubtaskSnapshot> parts = Read().value();
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[1].lists, std::vector<std::string>{"five!"});
  EXPECT_EQ(parts[0].splits[0].position, "position of five");
  EXPECT_TRUE(parts[0].committables.empty()) << "they were committed before it was made";
  EXPECT_EQ(parts[0].restored_from, 0u) << "no delta may build on a savepoint";
}

TEST_F(SavepointFolderTest, ADamagedCheckpointIsNotCopied) {
  Seal(5, "five");
  std::vector<FileInfo> checkpoint = files_.List("/cp").value();
  for (const FileInfo& file : checkpoint) {
    if (file.path.find("state-") == std::string::npos) continue;
    std::string bytes = ReadFile(files_, file.path).value();
    bytes[bytes.size() / 2] ^= 1;
    ASSERT_TRUE(WriteFileAtomically(files_, file.path, bytes).ok());
  }
  Status copied = Copy(5);
  EXPECT_EQ(copied.code(), StatusCode::kCorruption);
  EXPECT_FALSE(IsSavepointFolder(&local_, "/sp/one/job-1").value());
  EXPECT_TRUE(Names().empty()) << "nothing is left behind";
}

TEST_F(SavepointFolderTest, EveryDamagedByteOfASavepointIsNoticed) {
  Seal(5, "five");
  ASSERT_TRUE(Copy(5).ok());
  for (const std::string& name : Names()) {
    const std::string whole = ReadFile(files_, name).value();
    for (size_t i = 0; i < whole.size(); ++i) {
      std::string bytes = whole;
      bytes[i] ^= 4;
      ASSERT_TRUE(WriteFileAtomically(files_, name, bytes).ok());
      Result<std::vector<SubtaskSnapshot>> parts = Read();
      ASSERT_FALSE(parts) << name << " byte " << i;
      EXPECT_EQ(parts.error().code(), StatusCode::kCorruption) << parts.error().ToString();
    }
    ASSERT_TRUE(WriteFileAtomically(files_, name, whole).ok());
  }
  EXPECT_TRUE(Read());
}

TEST_F(SavepointFolderTest, WhateverFailsTheOldSavepointOrTheNewOneIsThere) {
  Seal(5, "five");
  Seal(6, "six");
  ASSERT_TRUE(Copy(5).ok());
  bool done = false;
  for (int64_t operations = 0; !done; ++operations) {
    ASSERT_LT(operations, 200);
    files_.FailAfter(operations);
    done = Copy(6, 100 + static_cast<uint64_t>(operations)).ok();
    files_.FailAfter(-1);
    files_.LosePower();
    Result<std::vector<SubtaskSnapshot>> parts = Read();
    ASSERT_TRUE(parts) << "after " << operations << " operations: " << parts.error().ToString();
    const std::string& list = (*parts)[0].lists[0];
    EXPECT_TRUE(list == "six" || (list == "five" && !done)) << list;
  }
  ASSERT_TRUE(Copy(6, 7).ok());
  EXPECT_EQ(Names().size(), 2u) << "of those before nothing stays";
}

// The manifest has its name, and then making that durable fails: the savepoint may be found, so its state
// stays.
TEST_F(SavepointFolderTest, StateStaysWhereItsManifestMayBeThere) {
  Seal(5, "five");
  FailpointActions failing({{"files.new-named"}});
  ScopedFailpointHook hook(&failing);
  EXPECT_FALSE(Copy(5).ok());
  Result<std::vector<SubtaskSnapshot>> parts = Read();
  ASSERT_TRUE(parts) << parts.error().ToString();
  EXPECT_EQ((*parts)[0].lists[0], "five");
}

TEST_F(SavepointFolderTest, APlaceIsCheckedWithoutLeavingAnythingAndWithoutHarm) {
  ASSERT_TRUE(CheckSavepointPlace(&local_, "/sp/one/job-1", 4).ok());
  EXPECT_TRUE(Names().empty());
  Seal(5, "five");
  ASSERT_TRUE(Copy(5).ok());
  ASSERT_TRUE(CheckSavepointPlace(&local_, "/sp/one/job-1", 4).ok())
      << "a folder's savepoint may be replaced";
  EXPECT_TRUE(Read());
  files_.FailAfter(0);
  Status checked = CheckSavepointPlace(&local_, "/sp/one/job-1", 4);
  EXPECT_EQ(checked.code(), StatusCode::kIo);
  EXPECT_NE(checked.ToString().find("no savepoint can be written to '/sp/one/job-1'"), std::string::npos);
}

}  // namespace
}  // namespace penstock
