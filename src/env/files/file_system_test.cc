// One contract for every file system: the machine's and the one in memory.
#include <gtest/gtest.h>

#include <functional>

#include "env/files/memory_file_system.h"
#include "env/random.h"

namespace penstock {
namespace {

class FileSystems : public testing::TestWithParam<bool> {
 protected:
  FileSystems() {
    if (GetParam())
      files_ = std::make_unique<MemoryFileSystem>();
    else
      files_ = std::make_unique<LocalFileSystem>();
    root_ = testing::TempDir() + "penstock-files-" + std::to_string(EntropySeed());
    EXPECT_TRUE(files_->CreateDirectories(root_ + "/a/b").ok());
  }
  ~FileSystems() override {
    for (const char* path : {"/a/b/x", "/a/b/y", "/a/b", "/a", ""}) (void)files_->Remove(root_ + path);
  }
  void Write(const std::string& path, std::string_view bytes, bool append = false) {
    std::unique_ptr<WritableFile> file =
        files_->OpenForWrite(root_ + path, append ? WriteMode::kAppend : WriteMode::kReplace).value();
    EXPECT_TRUE(file->Append(bytes).ok());
    EXPECT_TRUE(file->Sync().ok());
    EXPECT_TRUE(file->Close().ok());
  }
  std::string Read(const std::string& path) { return ReadFile(*files_, root_ + path).value(); }
  std::unique_ptr<FileSystem> files_;
  std::string root_;
};

TEST_P(FileSystems, WritingTruncatesAndAppendingDoesNot) {
  Write("/a/b/x", "one");
  Write("/a/b/x", "two", true);
  EXPECT_EQ(Read("/a/b/x"), "onetwo");
  Write("/a/b/x", "three");
  EXPECT_EQ(Read("/a/b/x"), "three");
  EXPECT_EQ(files_->Stat(root_ + "/a/b/x")->size, 5u);
}

TEST_P(FileSystems, ReadingGoesOnWhereSeekSays) {
  Write("/a/b/x", "0123456789");
  std::unique_ptr<ReadableFile> file = files_->OpenForRead(root_ + "/a/b/x").value();
  char bytes[4];
  ASSERT_TRUE(file->Seek(7).ok());
  EXPECT_EQ(file->Read(bytes, 4).value(), 3u);
  EXPECT_EQ(std::string_view(bytes, 3), "789");
  EXPECT_EQ(file->Read(bytes, 4).value(), 0u);
}

TEST_P(FileSystems, RenamingMovesAndListsAreSorted) {
  Write("/a/b/y", "y");
  Write("/a/b/z", "z");
  ASSERT_TRUE(files_->Rename(root_ + "/a/b/z", root_ + "/a/b/x", RenameMode::kReplace).ok());
  std::vector<FileInfo> found = files_->List(root_ + "/a/b").value();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].path, root_ + "/a/b/x");
  EXPECT_EQ(found[1].path, root_ + "/a/b/y");
  std::vector<FileInfo> above = files_->List(root_ + "/a").value();
  ASSERT_EQ(above.size(), 1u);
  EXPECT_TRUE(above[0].directory);
}

TEST_P(FileSystems, OfSeveralRenamesToANewNameOneWins) {
  Write("/a/b/z", "first");
  Write("/a/b/y", "second");
  ASSERT_TRUE(files_->Rename(root_ + "/a/b/z", root_ + "/a/b/x", RenameMode::kCreateNew).ok());
  Status lost = files_->Rename(root_ + "/a/b/y", root_ + "/a/b/x", RenameMode::kCreateNew);
  EXPECT_EQ(lost.code(), StatusCode::kAlreadyExists) << lost.ToString();
  EXPECT_EQ(Read("/a/b/x"), "first");
  EXPECT_EQ(Read("/a/b/y"), "second");
  EXPECT_EQ(files_->Stat(root_ + "/a/b/z").error().code(), StatusCode::kNotFound);
}

TEST_P(FileSystems, WhatDoesNotExistIsNotFound) {
  EXPECT_EQ(files_->OpenForRead(root_ + "/none").error().code(), StatusCode::kNotFound);
  EXPECT_EQ(files_->Stat(root_ + "/none").error().code(), StatusCode::kNotFound);
  EXPECT_EQ(files_->OpenForWrite(root_ + "/none/x", WriteMode::kReplace).error().code(),
            StatusCode::kNotFound);
  EXPECT_FALSE(files_->Rename(root_ + "/none", root_ + "/a/b/x", RenameMode::kReplace).ok());
}

INSTANTIATE_TEST_SUITE_P(All, FileSystems, testing::Bool(),
                         [](const auto& info) { return info.param ? "Memory" : "Local"; });

TEST_P(FileSystems, ATreeGoesWithEverythingInIt) {
  std::string root = root_ + "/tree";
  ASSERT_TRUE(files_->CreateDirectories(root + "/a/b").ok());
  ASSERT_TRUE(WriteFileAtomically(*files_, root + "/a/b/file", "x").ok());
  ASSERT_TRUE(WriteFileAtomically(*files_, root + "/file", "y").ok());
  ASSERT_TRUE(RemoveTree(*files_, root).ok());
  EXPECT_EQ(files_->Stat(root).error().code(), StatusCode::kNotFound);
  EXPECT_TRUE(RemoveTree(*files_, root).ok());
}

TEST(MemoryFileSystem, LosesWhatWasNotSynced) {
  MemoryFileSystem files;
  std::unique_ptr<WritableFile> file = files.OpenForWrite("x", WriteMode::kReplace).value();
  ASSERT_TRUE(file->Append("kept").ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->Append(" lost").ok());
  ASSERT_TRUE(files.SyncDirectory("").ok());
  files.LosePower();
  EXPECT_EQ(ReadFile(files, "x").value(), "kept");
}

TEST(MemoryFileSystem, LosesNamesOfDirectoriesThatWereNotSynced) {
  MemoryFileSystem files;
  ASSERT_TRUE(files.CreateDirectories("/a").ok());
  ASSERT_TRUE(WriteFileAtomically(files, "/a/old", "x").ok());
  ASSERT_TRUE(files.Rename("/a/old", "/a/new", RenameMode::kReplace).ok());
  EXPECT_TRUE(files.Stat("/a/new"));
  files.LosePower();
  EXPECT_FALSE(files.Stat("/a/new"));
  EXPECT_EQ(ReadFile(files, "/a/old").value(), "x");
}

TEST(MemoryFileSystem, ALuckyPowerFailureKeepsTheFirstChangesOfADirectory) {
  bool both = false, neither = false;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    MemoryFileSystem files;
    Random luck(seed);
    ASSERT_TRUE(files.OpenForWrite("one", WriteMode::kCreateNew));
    ASSERT_TRUE(files.OpenForWrite("two", WriteMode::kCreateNew));
    files.LosePower(&luck);
    bool one = files.Stat("one").has_value(), two = files.Stat("two").has_value();
    EXPECT_TRUE(one || !two);
    both = both || two;
    neither = neither || !one;
  }
  EXPECT_TRUE(both && neither);
}

TEST(MemoryFileSystem, FailsOnDemand) {
  MemoryFileSystem files;
  files.FailAfter(1);
  std::unique_ptr<WritableFile> file = files.OpenForWrite("x", WriteMode::kReplace).value();
  EXPECT_EQ(file->Append("x").code(), StatusCode::kIo);
}

}  // namespace
}  // namespace penstock
