// Which savepoint a job finds in a place, and what is said where there is none: the same in a bucket as in a
// folder.
#include "engine/savepoints/savepoint.h"

#include <gtest/gtest.h>

#include "checkpoint/savepoint_folder.h"
#include "engine/testing/savepoint_version1.h"
#include "env/files/memory_file_system.h"
#include "env/objects/testing/one_bucket.h"

namespace penstock {
namespace {

class SavepointTest : public testing::TestWithParam<std::string> {
 protected:
  FilePlace At(const std::string& path) { return PlaceOf(GetParam() + path, &files_, &bucket_).value(); }
  void Write(const std::string& path, const std::string& list) {
    FilePlace place = At(path);
    SubtaskSnapshot part;
    part.uid = "op";
    part.lists = {list};
    Manifest manifest;
    manifest.epoch = 1;
    ByteWriter graph;
    JobGraph().Write(graph);
    manifest.graph = graph.Take();
    ASSERT_TRUE(WriteSavepoint(place.files.get(), {part}, manifest, place.path, 1).ok());
  }
  // The list of what job `number` finds, or "none"; else the error's code.
  std::string Find(const std::string& path, int number) {
    Result<std::optional<SavepointContent>> found = OpenSavepoint(At(path), number);
    if (!found) return std::to_string(static_cast<int>(found.error().code()));
    return *found ? (*found)->parts.at(0).lists.at(0) : "none";
  }
  static std::string CodeOf(StatusCode code) { return std::to_string(static_cast<int>(code)); }

  MemoryFileSystem files_;
  OneBucket bucket_{1};
};

TEST_P(SavepointTest, AJobHasItsOwnOrTheOnlyOneThatIsNamed) {
  Write("/sp/job-1", "first");
  Write("/sp/job-3", "third");
  EXPECT_EQ(Find("/sp", 1), "first");
  EXPECT_EQ(Find("/sp/", 3), "third");
  EXPECT_EQ(Find("/sp", 2), "none");
  EXPECT_EQ(Find("/sp/job-3", 2), "third");
  EXPECT_EQ(Find("/elsewhere", 1), CodeOf(StatusCode::kNotFound));
}

TEST_P(SavepointTest, WhatWasNotCompletedIsRefusedAndNotLeftBehind) {
  Write("/sp/job-1", "first");
  FilePlace job = At("/sp/job-1");
  ASSERT_TRUE(job.files->Remove(job.path + "/manifest").ok());
  EXPECT_EQ(Find("/sp", 1), CodeOf(StatusCode::kCorruption));
  EXPECT_EQ(Find("/sp/job-1", 1), CodeOf(StatusCode::kCorruption));
  Result<std::optional<SavepointContent>> found = OpenSavepoint(At("/sp"), 1);
  EXPECT_NE(found.error().message().find(job.path), std::string::npos) << found.error().ToString();
}

TEST_P(SavepointTest, AFileOfTheFirstVersionIsReadWhereverItLies) {
  SubtaskSnapshot part;
  part.uid = "op";
  part.lists = {"old"};
  FilePlace place = At("/old/job-1");
  ASSERT_TRUE(WriteFile(*place.files, place.path, SavepointFileOfVersion1({part})).ok());
  EXPECT_EQ(Find("/old", 1), "old");
  EXPECT_EQ(Find("/old/job-1", 5), "old");
  ASSERT_TRUE(WriteFile(*place.files, place.path, "something else").ok());
  EXPECT_EQ(Find("/old", 1), CodeOf(StatusCode::kCorruption));
}

TEST_P(SavepointTest, CheckpointsAreNoSavepointThatWasNotCompleted) {
  FilePlace place = At("/cp/jobs/j");
  Manifest manifest;
  manifest.epoch = 1;
  ASSERT_TRUE(CheckpointStore(place.files, place.path, 1).Seal({}, &manifest).ok());
  EXPECT_EQ(Find("/cp/jobs/j", 1), "none");
}

INSTANTIATE_TEST_SUITE_P(Places, SavepointTest, testing::Values("", "s3://b"),
                         [](const auto& place) { return place.param.empty() ? "Folder" : "Bucket"; });

}  // namespace
}  // namespace penstock
