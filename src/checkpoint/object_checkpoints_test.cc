// Checkpoints in a bucket: sealing and restoring over a store that fails, and two processes that both believe
// to own the job.
#include <gtest/gtest.h>

#include "checkpoint/checkpoint_store.h"
#include "env/objects/object_files.h"
#include "env/objects/testing/one_bucket.h"

namespace penstock {
namespace {

class ObjectCheckpointsTest : public testing::Test {
 protected:
  // What a process has: a claim of its own, and the epochs it knew when it started.
  std::unique_ptr<CheckpointStore> Process(uint64_t claim) {
    std::string path = "s3://b/run/claim-" + std::to_string(claim);
    EXPECT_TRUE(files_->Create(path, path, "claim " + std::to_string(claim)).ok());
    EXPECT_TRUE(files_->Remove("s3://b/run/claim-" + std::to_string(std::exchange(last_claim_, claim))).ok());
    auto store = std::make_unique<CheckpointStore>(files_, "s3://b/run/jobs/j", claim);
    store->GuardByClaim(path);
    std::vector<uint64_t> epochs = store->Epochs().value();
    store->ContendBehind(epochs.empty() ? 0 : epochs.back());
    return store;
  }
  static Status Seal(CheckpointStore* store, uint64_t epoch, const std::string& state) {
    SubtaskSnapshot part;
    part.uid = "op";
    part.lists = {state};
    Manifest manifest;
    manifest.identity = {"job", "run", epoch};
    manifest.epoch = epoch;
    return store->Seal({part}, &manifest);
  }
  static std::string Newest(const CheckpointStore& store) {
    std::vector<uint64_t> epochs = store.Epochs().value();
    Manifest manifest = store.ReadManifest(epochs.back()).value();
    return store.ReadParts(manifest).value().at(0).lists.at(0);
  }

  uint64_t last_claim_ = 0;
  OneBucket bucket_{60};
  std::shared_ptr<FileStore> files_ = std::make_shared<ObjectFileStore>(&bucket_);
};

TEST_F(ObjectCheckpointsTest, WhatIsSealedIsRestoredAndOldOnesGo) {
  auto store = Process(1);
  for (uint64_t epoch = 1; epoch <= 4; ++epoch) {
    ASSERT_TRUE(Seal(store.get(), epoch, "state " + std::to_string(epoch)).ok());
    ASSERT_TRUE(store->RemoveBefore(epoch).ok());
  }
  EXPECT_EQ(store->Epochs().value(), std::vector<uint64_t>{4});
  EXPECT_EQ(Newest(*store), "state 4");
  EXPECT_EQ(files_->List("s3://b/run/jobs/j").value().size(), 2u) << "a manifest and a state file";
}

TEST_F(ObjectCheckpointsTest, OfTwoProcessesThatSealTheSameEpochOneWins) {
  auto old_one = Process(1);
  auto new_one = Process(2);
  EXPECT_TRUE(Seal(new_one.get(), 1, "new").ok());
  EXPECT_EQ(Seal(old_one.get(), 1, "old").code(), StatusCode::kFenced);
}

// Abandoned epochs leave gaps, in which two processes could pass each other.
TEST_F(ObjectCheckpointsTest, ProcessesCannotPassEachOtherInAGap) {
  auto old_one = Process(1);
  ASSERT_TRUE(Seal(old_one.get(), 10, "known to both").ok());
  auto new_one = Process(2);
  EXPECT_EQ(Seal(old_one.get(), 12, "old").code(), StatusCode::kFenced) << "its claim is gone";
  EXPECT_EQ(Seal(new_one.get(), 13, "new").code(), StatusCode::kFenced) << "12 is there and was not known";
  EXPECT_EQ(Process(3)->Epochs().value(), (std::vector<uint64_t>{10, 12})) << "voids are no checkpoints";

  auto third = Process(4);
  ASSERT_TRUE(Seal(third.get(), 15, "third").ok());
  EXPECT_EQ(Seal(old_one.get(), 13, "old").code(), StatusCode::kFenced);
  EXPECT_EQ(Seal(old_one.get(), 16, "old").code(), StatusCode::kFenced);
  EXPECT_EQ(Newest(*third), "third");
}

// What the two would have met at was removed.
TEST_F(ObjectCheckpointsTest, WhoHasLostItsClaimSealsNothingThatCounts) {
  auto old_one = Process(1);
  ASSERT_TRUE(Seal(old_one.get(), 1, "one").ok());
  auto new_one = Process(2);
  for (uint64_t epoch = 2; epoch <= 4; ++epoch) ASSERT_TRUE(Seal(new_one.get(), epoch, "new").ok());
  ASSERT_TRUE(new_one->RemoveBefore(4).ok());
  EXPECT_EQ(Seal(old_one.get(), 2, "old").code(), StatusCode::kFenced);
  EXPECT_EQ(Seal(old_one.get(), 6, "old").code(), StatusCode::kFenced);
  EXPECT_EQ(Newest(*Process(3)), "new");
}

TEST_F(ObjectCheckpointsTest, AManifestThatLandsLateIsOfThatProcess) {
  auto store = Process(1);
  ASSERT_TRUE(Seal(store.get(), 1, "one").ok());
  // The state of epoch 2 is there, then nothing answers any more.
  std::deque<ObjectFault> faults(62, ObjectFault::kLate);
  faults.front() = ObjectFault::kNone;
  bucket_.model()->Meet(faults);
  EXPECT_EQ(Seal(store.get(), 2, "two").code(), StatusCode::kUnavailable);
  bucket_.model()->Meet({});
  bucket_.model()->LandLateWrites();
  ASSERT_TRUE(Seal(store.get(), 3, "three").ok()) << "what is in its way is its own";
  EXPECT_EQ(Newest(*store), "three");
}

// From seeds: two processes take turns at random on a store that fails; each goes on from what it knew. What
// counts is one line of epochs: each is built on the one before.
TEST_F(ObjectCheckpointsTest, HistoryIsALineWhateverFails) {
  int fenced = 0, sealed = 0;
  for (uint64_t seed = 1; seed <= 200 && !HasFailure(); ++seed) {
    OneBucket bucket(60);
    files_ = std::make_shared<ObjectFileStore>(&bucket);
    Random random(seed);
    struct Living {
      std::unique_ptr<CheckpointStore> store;
      uint64_t next = 1;
      std::string history;
    };
    std::vector<Living> living;
    for (uint64_t step = 0; step < 40; ++step) {
      if (living.empty() || random.Below(8) == 0) {
        bucket.model()->LandLateWrites();
        auto store = Process(1000 * seed + step);
        std::vector<uint64_t> epochs = store->Epochs().value();
        Living started{std::move(store), 1, ""};
        started.next = started.store->LastEpochTouched().value() + 1;
        if (!epochs.empty()) started.history = Newest(*started.store);
        living.push_back(std::move(started));
        bucket.model()->MeetAtRandom(seed * 1000 + step, 0.2);
      }
      Living& one = living[random.Below(living.size())];
      one.next += random.Below(4) == 0 ? 1 : 0;  // an abandoned epoch
      std::string history = one.history + "/" + std::to_string(step);
      Status status = Seal(one.store.get(), one.next, history);
      if (status.code() == StatusCode::kFenced) {
        ++fenced;
        living.erase(living.begin() + (&one - living.data()));
        continue;
      }
      ASSERT_TRUE(status.ok()) << status.ToString();
      ++sealed;
      one.history = history;
      (void)one.store->RemoveBefore(one.next > 2 ? one.next - 1 : 1);
      ++one.next;
      bucket.model()->LandLateWrites();
      auto reader = CheckpointStore(files_, "s3://b/run/jobs/j", 0);
      EXPECT_EQ(Newest(reader), history) << "seed " << seed << ", step " << step;
      bucket.model()->MeetAtRandom(seed * 1000 + step, 0.2);
    }
  }
  EXPECT_GT(fenced, 200);
  EXPECT_GT(sealed, 2000);
}

}  // namespace
}  // namespace penstock
