// Retries against the model: lost answers, refusals, and writes that land late.
#include "env/objects/retrying_object_store.h"

#include <gtest/gtest.h>

#include "env/objects/memory_object_store.h"

namespace penstock {
namespace {

class RetryingObjectStoreTest : public testing::Test {
 protected:
  RetryingObjectStoreTest() {
    auto model = std::make_unique<MemoryObjectStore>();
    model_ = model.get();
    store_ = std::make_unique<RetryingObjectStore>(std::move(model), RetryLimits{5, 100, 300}, 1,
                                                   [this](int64_t ms) { pauses_.push_back(ms); });
  }
  std::string Whole(const std::string& key) {
    Result<std::string> bytes = store_->Get(key, {0, 1000});
    return bytes ? *bytes : "none";
  }
  MemoryObjectStore* model_;
  std::unique_ptr<RetryingObjectStore> store_;
  std::vector<int64_t> pauses_;
};

TEST_F(RetryingObjectStoreTest, PausesGrowAndAreBounded) {
  model_->Meet(std::deque<ObjectFault>(9, ObjectFault::kServerError));
  Status status = store_->Put("key", "bytes", PutMode::kReplace);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("s3://model/key"), std::string::npos);
  ASSERT_EQ(pauses_.size(), 4u) << "five attempts";
  EXPECT_TRUE(pauses_[0] >= 50 && pauses_[0] <= 100);
  EXPECT_TRUE(pauses_[3] >= 150 && pauses_[3] <= 300);
}

TEST_F(RetryingObjectStoreTest, AnObjectCreatedWithoutAnAnswerIsRecognised) {
  model_->Meet({ObjectFault::kLostResponse});
  EXPECT_TRUE(store_->Put("claim", "process 1", PutMode::kCreateNew).ok());
  EXPECT_EQ(Whole("claim"), "process 1");
}

TEST_F(RetryingObjectStoreTest, AnotherWriterBetweenTheAttemptsIsNotMistakenForUs) {
  model_->Meet({ObjectFault::kLate, ObjectFault::kServerError});
  // The other one writes while we wait.
  ASSERT_EQ(store_->Put("claim", "process 1", PutMode::kCreateNew).code(), StatusCode::kOk);
  model_->Meet({ObjectFault::kServerError});
  EXPECT_EQ(store_->Put("claim", "process 1, longer", PutMode::kCreateNew).code(),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(store_->Put("claim", "process", PutMode::kCreateNew).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(Whole("claim"), "process 1");
}

TEST_F(RetryingObjectStoreTest, AFirstWriteThatLandsLateChangesNothing) {
  model_->Meet({ObjectFault::kLate});
  EXPECT_TRUE(store_->Put("claim", "process 1", PutMode::kCreateNew).ok());
  model_->LandLateWrites();
  EXPECT_EQ(Whole("claim"), "process 1");
}

TEST_F(RetryingObjectStoreTest, AConflictIsTriedAgain) {
  model_->Meet({ObjectFault::kConflict});
  EXPECT_TRUE(store_->Put("claim", "process 1", PutMode::kCreateNew).ok());
  EXPECT_EQ(store_->Put("claim", "process 2", PutMode::kCreateNew).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(pauses_.size(), 1u) << "a name that is taken is no reason to try again";
}

TEST_F(RetryingObjectStoreTest, AnUploadCompletedWithoutAnAnswerIsComplete) {
  UploadInfo upload{"key", *store_->uploads().Begin("key")};
  UploadedPart part = *store_->uploads().AddPart(upload, 1, "bytes");
  model_->Meet({ObjectFault::kLostResponse});
  EXPECT_TRUE(store_->uploads().Complete(upload, {part}).ok());
  EXPECT_TRUE(store_->uploads().Complete(upload, {part}).ok()) << "in another process, after a restart";
  EXPECT_EQ(Whole("key"), "bytes");
}

TEST_F(RetryingObjectStoreTest, AnUploadThatWasAbortedIsAnError) {
  UploadInfo upload{"key", *store_->uploads().Begin("key")};
  UploadedPart part = *store_->uploads().AddPart(upload, 1, "bytes");
  ASSERT_TRUE(store_->uploads().Abort(upload).ok());
  EXPECT_EQ(store_->uploads().Complete(upload, {part}).code(), StatusCode::kNotFound);
}

// Two processes race for claims over a store that fails at every second operation; from seeds.
TEST_F(RetryingObjectStoreTest, OneWinsEveryClaimWhateverFails) {
  auto shared = std::make_unique<MemoryObjectStore>();
  MemoryObjectStore* model = shared.get();
  RetryingObjectStore store(std::move(shared), {40, 1, 1}, 7, [](int64_t) {});
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    model->MeetAtRandom(seed, 0.5);
    std::string key = "claim-" + std::to_string(seed);
    bool first = store.Put(key, "a", PutMode::kCreateNew).ok();
    bool second = store.Put(key, "b", PutMode::kCreateNew).ok();
    model->LandLateWrites();
    EXPECT_TRUE(first) << seed;
    EXPECT_FALSE(second) << seed;
    EXPECT_EQ(*model->Get(key, {0, 9}), "a") << seed;
  }
  EXPECT_GT(model->faults_met(), 500);
}

}  // namespace
}  // namespace penstock
