// Runs in a bucket: claims without locks, records that land late, stores that cannot be used.
#include <gtest/gtest.h>

#include "engine/jobs/run_directory.h"
#include "env/objects/object_files.h"
#include "env/objects/testing/one_bucket.h"

namespace penstock {
namespace {

class RunInABucketTest : public testing::Test {
 protected:
  Result<std::unique_ptr<RunDirectory>> Claim(bool fresh = false) {
    RunStart start;
    start.fresh = fresh;
    ASSIGN_OR_RETURN(std::unique_ptr<RunDirectory> directory,
                     RunDirectory::Claim(std::make_shared<ObjectFileStore>(&bucket_), &clock_, &random_,
                                         "s3://b/cp/script", start));
    RETURN_IF_ERROR(directory->Begin());
    return directory;
  }
  bool IsThere(const std::string& path) { return bucket_.model()->Stat(path).has_value(); }

  OneBucket bucket_{5};
  ManualClock clock_{1'000'000};
  Random random_{1};
};

TEST_F(RunInABucketTest, AnUnfinishedRunIsResumedAndAFinishedOneIsNot) {
  std::string first = Claim().value()->run();
  std::unique_ptr<RunDirectory> second = Claim().value();
  EXPECT_TRUE(second->resumed());
  EXPECT_EQ(second->run(), first);
  ASSERT_TRUE(second->Finish().ok());
  std::unique_ptr<RunDirectory> third = Claim().value();
  EXPECT_FALSE(third->resumed());
  EXPECT_NE(third->run(), first);
  EXPECT_NE(Claim(true).value()->run(), third->run());
}

TEST_F(RunInABucketTest, WhoTakesOverRemovesTheClaimOfTheOneBefore) {
  std::unique_ptr<RunDirectory> first = Claim().value();
  EXPECT_EQ(first->claim_path(), "s3://b/cp/script/claim-1");
  EXPECT_TRUE(IsThere("cp/script/claim-1"));
  std::unique_ptr<RunDirectory> second = Claim().value();
  EXPECT_EQ(second->claim(), 2u);
  EXPECT_FALSE(IsThere("cp/script/claim-1"));
  EXPECT_TRUE(IsThere("cp/script/claim-2"));
}

TEST_F(RunInABucketTest, AStoreThatOverwritesWhatIsToBeCreatedIsRefused) {
  bucket_.model()->IgnoreCreateNew();
  Result<std::unique_ptr<RunDirectory>> claimed = Claim();
  ASSERT_FALSE(claimed);
  EXPECT_NE(claimed.error().message().find("overwrites"), std::string::npos) << claimed.error().ToString();
  EXPECT_NE(claimed.error().hint().find("If-None-Match"), std::string::npos);
}

// The first attempt to write the record is carried out when the run has long finished.
TEST_F(RunInABucketTest, ARecordThatLandsLateDoesNotBringARunBack) {
  std::string run;
  {
    // Of a claim: list, create, create again, list of names; then the record is looked for and written.
    for (int before = 0; before < 12; ++before) {
      std::deque<ObjectFault> faults(static_cast<size_t>(before), ObjectFault::kNone);
      faults.push_back(ObjectFault::kLate);
      bucket_.model()->Meet(faults);
      std::unique_ptr<RunDirectory> directory = Claim().value();
      bucket_.model()->Meet({});
      run = directory->run();
      ASSERT_TRUE(directory->Finish().ok());
      bucket_.model()->LandLateWrites();
      std::unique_ptr<RunDirectory> next = Claim().value();
      EXPECT_FALSE(next->resumed()) << before;
      EXPECT_NE(next->run(), run) << before;
      ASSERT_TRUE(next->Finish().ok());
    }
  }
}

// Whatever of a process fails before it has begun, and lands when another has.
TEST_F(RunInABucketTest, ARecordOfAnEarlierClaimThatLandsLateCountsForNothing) {
  int failed = 0;
  for (size_t before = 0; before < 16; ++before) {
    std::deque<ObjectFault> faults(before, ObjectFault::kNone);
    faults.insert(faults.end(), 10, ObjectFault::kLate);
    bucket_.model()->Meet(faults);
    failed += Claim(true) ? 0 : 1;
    bucket_.model()->Meet({});
    std::unique_ptr<RunDirectory> second = Claim().value();
    bucket_.model()->LandLateWrites();
    std::unique_ptr<RunDirectory> third = Claim().value();
    EXPECT_TRUE(third->resumed()) << before;
    EXPECT_EQ(third->run(), second->run()) << before;
    ASSERT_TRUE(third->Finish().ok());
    EXPECT_FALSE(Claim().value()->resumed()) << before;
  }
  EXPECT_GT(failed, 5);
}

// All is done by then: an error would have it done again by the next execution, which finds the mark.
TEST_F(RunInABucketTest, ARunWhoseEndGotNoAnswerHasNotFailed) {
  for (size_t answered : {0, 1}) {
    for (ObjectFault fault : {ObjectFault::kLostResponse, ObjectFault::kLate, ObjectFault::kServerError}) {
      std::unique_ptr<RunDirectory> directory = Claim(true).value();
      std::deque<ObjectFault> faults(answered, ObjectFault::kNone);
      faults.insert(faults.end(), 10, fault);
      bucket_.model()->Meet(faults);
      EXPECT_TRUE(directory->Finish().ok());
      bucket_.model()->Meet({});
      bucket_.model()->LandLateWrites();
      std::unique_ptr<RunDirectory> next = Claim().value();
      bool never_marked = answered == 0 && fault == ObjectFault::kServerError;
      EXPECT_EQ(next->resumed(), never_marked);
      ASSERT_TRUE(next->Finish().ok());
    }
  }
}

}  // namespace
}  // namespace penstock
