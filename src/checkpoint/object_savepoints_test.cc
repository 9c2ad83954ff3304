// Savepoints in a bucket: whole or not there, whatever calls of the store fail; copies between the two kinds
// of places.
#include <gtest/gtest.h>

#include "checkpoint/savepoint_folder.h"
#include "env/files/memory_file_system.h"
#include "env/objects/object_files.h"
#include "env/objects/testing/one_bucket.h"

namespace penstock {
namespace {

constexpr const char* kPlace = "s3://b/sp/one/job-1";

class ObjectSavepointsTest : public testing::Test {
 protected:
  explicit ObjectSavepointsTest() { Seal("five"); }
  void Seal(const std::string& list) {
    SubtaskSnapshot part;
    part.uid = "op";
    part.lists = {list};
    part.committables = {"to be committed"};
    Manifest manifest;
    manifest.identity = {"job", "run", 7};
    manifest.epoch = ++epoch_;
    CheckpointStore store(local_, "/cp", 3);
    ASSERT_TRUE(store.Seal({part}, &manifest).ok());
  }
  Status Copy(uint64_t nonce = 1) { return CopyFrom(local_, "/cp", bucket_files_, kPlace, nonce); }
  Status CopyFrom(const std::shared_ptr<FileStore>& from, const std::string& directory,
                  const std::shared_ptr<FileStore>& to, const std::string& path, uint64_t nonce = 1) const {
    return CopyToSavepoint(CheckpointStore(from, directory, 0), epoch_, to.get(), path, nonce);
  }
  // The list of its only part; "" where there is no savepoint.
  static Result<std::string> Content(const std::shared_ptr<FileStore>& files, const std::string& path) {
    ASSIGN_OR_RETURN(bool there, IsSavepointFolder(files.get(), path));
    if (!there) return std::string();
    ASSIGN_OR_RETURN(Manifest manifest, ReadSavepointManifest(files.get(), path));
    ASSIGN_OR_RETURN(std::vector<SubtaskSnapshot> parts, ReadSavepointParts(files, path, manifest));
    return parts.at(0).lists.at(0);
  }
  Result<std::string> Content() { return Content(bucket_files_, kPlace); }
  std::vector<std::string> Keys() {
    std::vector<std::string> keys;
    ListPage all = ListAll(*bucket_.model(), "", false).value();
    for (const ObjectInfo& object : all.objects) keys.push_back(object.key);
    return keys;
  }
  size_t Pending() { return bucket_.model()->uploads().Pending("").value().size(); }
  // `before` calls are answered, the next `count` meet the fault.
  void FailAfter(size_t before, ObjectFault fault, size_t count) {
    std::deque<ObjectFault> faults(before, ObjectFault::kNone);
    faults.insert(faults.end(), count, fault);
    bucket_.model()->Meet(faults);
  }
  void Reset() {
    bucket_.model()->Meet({});
    bucket_.model()->LandLateWrites();
    for (const std::string& key : Keys()) ASSERT_TRUE(bucket_.model()->Remove(key).ok());
  }

  uint64_t epoch_ = 0;
  OneBucket bucket_{1};  // every fault reaches the caller
  MemoryFileSystem files_;
  std::shared_ptr<FileStore> local_ = std::make_shared<LocalFileStore>(&files_);
  std::shared_ptr<FileStore> bucket_files_ = std::make_shared<ObjectFileStore>(&bucket_);
};

TEST_F(ObjectSavepointsTest, CopiesGoFromEitherPlaceToEither) {
  ASSERT_TRUE(Copy().ok());
  EXPECT_EQ(Content().value(), "five");
  // A savepoint is no folder of checkpoints: those of the bucket are sealed there.
  SubtaskSnapshot part;
  part.uid = "op";
  part.lists = {"in the bucket"};
  Manifest manifest;
  manifest.epoch = epoch_;
  ASSERT_TRUE(CheckpointStore(bucket_files_, "s3://b/cp", 1).Seal({part}, &manifest).ok());
  ASSERT_TRUE(CopyFrom(bucket_files_, "s3://b/cp", bucket_files_, "s3://b/other").ok());
  EXPECT_EQ(Content(bucket_files_, "s3://b/other").value(), "in the bucket");
  ASSERT_TRUE(CopyFrom(bucket_files_, "s3://b/cp", local_, "/back").ok());
  EXPECT_EQ(Content(local_, "/back").value(), "in the bucket");
}

// After the failure nothing, or all of it: also where a write lands when nobody waits for it any more.
TEST_F(ObjectSavepointsTest, WhateverCallFailsNothingHalfIsTaken) {
  for (ObjectFault fault : {ObjectFault::kServerError, ObjectFault::kLostResponse, ObjectFault::kLate}) {
    for (size_t count : {size_t{1}, size_t{500}}) {  // a moment, and for good
      bool done = false;
      int whole = 0;
      for (size_t before = 0; !done; ++before) {
        ASSERT_LT(before, 50u);
        FailAfter(before, fault, count);
        int64_t met = bucket_.model()->faults_met();
        done = Copy(before).ok();
        done = done && bucket_.model()->faults_met() == met;
        bucket_.model()->Meet({});
        for (int late = 0; late < 2; ++late) {
          Result<std::string> content = Content();
          ASSERT_TRUE(content) << before << ": " << content.error().ToString();
          EXPECT_TRUE(*content == "five" || (content->empty() && !done)) << before;
          whole += *content == "five" ? 1 : 0;
          bucket_.model()->LandLateWrites();
        }
        Reset();
      }
      EXPECT_GT(whole, 0);
    }
  }
}

TEST_F(ObjectSavepointsTest, WhoIsToldThatItIsThereHasIt) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    OneBucket bucket(seed % 2 == 0 ? 2 : 10);
    auto files = std::make_shared<ObjectFileStore>(&bucket);
    bucket.model()->MeetAtRandom(seed, 0.3);
    Status copied = CopyFrom(local_, "/cp", files, kPlace, seed);
    bucket.model()->LandLateWrites();
    Result<std::string> content = Content(files, kPlace);
    ASSERT_TRUE(content) << "seed " << seed << ": " << content.error().ToString();
    EXPECT_TRUE(*content == "five" || (content->empty() && !copied.ok())) << "seed " << seed;
  }
}

TEST_F(ObjectSavepointsTest, WhatFailsForAMomentLeavesNothingBehind) {
  Seal(std::string(size_t{20} << 20, 'x'));  // three parts
  for (size_t before = 0; before < 6; ++before) {
    FailAfter(before, ObjectFault::kServerError, 1);
    Status copied = Copy();
    ASSERT_EQ(copied.code(), StatusCode::kUnavailable);
    EXPECT_NE(copied.ToString().find(kPlace), std::string::npos) << copied.ToString();
    EXPECT_EQ(Keys().size(), before < 5 ? 0u : 1u) << before << ": the manifest may yet land";
    EXPECT_EQ(Pending(), 0u) << before;
    if (before == 5) break;
  }
}

TEST_F(ObjectSavepointsTest, ACopyThatIsNotToGoOnLeavesNothingBehind) {
  Seal(std::string(size_t{20} << 20, 'x'));
  CheckpointStore from(local_, "/cp", 0);
  int blocks = 0;
  Status copied = CopyToSavepoint(from, epoch_, bucket_files_.get(), kPlace, 1, [&] {
    return ++blocks < 12 ? Status() : Status(StatusCode::kCancelled, "enough");
  });
  EXPECT_EQ(copied.code(), StatusCode::kCancelled) << copied.ToString();
  EXPECT_EQ(blocks, 12);
  EXPECT_TRUE(Keys().empty());
  EXPECT_EQ(Pending(), 0u);
}

TEST_F(ObjectSavepointsTest, LargeStateGoesAndComesInParts) {
  Seal(std::string(size_t{20} << 20, 'x'));
  ASSERT_TRUE(Copy().ok());
  EXPECT_EQ(Content().value().size(), size_t{20} << 20);
  EXPECT_EQ(Pending(), 0u);
}

TEST_F(ObjectSavepointsTest, ASecondOneInTheSamePlaceIsRefusedAndTheFirstStays) {
  ASSERT_TRUE(Copy(1).ok());
  std::vector<std::string> keys = Keys();
  Seal("six");
  Status copied = Copy(2);
  EXPECT_EQ(copied.code(), StatusCode::kAlreadyExists);
  EXPECT_NE(copied.message().find(kPlace), std::string::npos) << copied.ToString();
  EXPECT_NE(copied.hint().find("another place"), std::string::npos);
  EXPECT_EQ(CheckSavepointPlace(bucket_files_.get(), kPlace, 3).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(Content().value(), "five");
  EXPECT_EQ(Keys(), keys);
}

// It died before the manifest: its state is no savepoint, and goes with the next one there.
TEST_F(ObjectSavepointsTest, WhatADeadWriterLeavesIsNoSavepoint) {
  FailAfter(1, ObjectFault::kServerError, 500);
  EXPECT_FALSE(Copy(1).ok());
  bucket_.model()->Meet({});
  EXPECT_EQ(Keys().size(), 1u);
  EXPECT_FALSE(IsSavepointFolder(bucket_files_.get(), kPlace).value());
  ASSERT_TRUE(CheckSavepointPlace(bucket_files_.get(), kPlace, 2).ok());
  ASSERT_TRUE(Copy(3).ok());
  EXPECT_EQ(Content().value(), "five");
  EXPECT_EQ(Keys().size(), 2u) << "a manifest and its state";
}

TEST_F(ObjectSavepointsTest, WhereNobodyAnswersNothingIsSaidToBeThere) {
  bucket_.model()->Meet({ObjectFault::kServerError});
  EXPECT_EQ(IsSavepointFolder(bucket_files_.get(), kPlace).error().code(), StatusCode::kUnavailable);
  FailAfter(0, ObjectFault::kServerError, 500);
  Status checked = CheckSavepointPlace(bucket_files_.get(), kPlace, 3);
  EXPECT_EQ(checked.code(), StatusCode::kUnavailable);
  EXPECT_NE(checked.ToString().find(kPlace), std::string::npos) << checked.ToString();
}

TEST_F(ObjectSavepointsTest, EveryDamagedByteIsNoticedAndNamesItsObject) {
  ASSERT_TRUE(Copy().ok());
  for (const std::string& key : Keys()) {
    const std::string whole = bucket_.model()->Get(key, {0, 1 << 20}).value();
    for (size_t i = 0; i <= whole.size(); ++i) {
      std::string bytes = whole;
      if (i < whole.size())
        bytes[i] ^= 4;
      else
        bytes.pop_back();
      ASSERT_TRUE(bucket_.model()->Put(key, bytes, PutMode::kReplace).ok());
      Result<std::string> content = Content();
      ASSERT_FALSE(content) << key << " byte " << i;
      EXPECT_EQ(content.error().code(), StatusCode::kCorruption) << content.error().ToString();
      EXPECT_NE(content.error().ToString().find("s3://b/" + key), std::string::npos)
          << content.error().ToString();
    }
    ASSERT_TRUE(bucket_.model()->Put(key, whole, PutMode::kReplace).ok());
  }
}

}  // namespace
}  // namespace penstock
