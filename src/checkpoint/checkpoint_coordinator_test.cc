// The coordinator against a job of two tasks that the test plays, under a manual clock.
#include "checkpoint/checkpoint_coordinator.h"

#include <gtest/gtest.h>

#include "data/key_codec.h"
#include "env/files/memory_file_system.h"

namespace penstock {
namespace {

class PlayedJob : public CheckpointedJob {
 public:
  size_t task_count() const override { return 2; }
  void StartCheckpoint(uint64_t epoch) override { started.push_back(epoch); }
  void CheckpointDecided(uint64_t epoch) override { decided.push_back(epoch); }
  void Fail(Status status) override { failure = std::move(status); }
  std::vector<uint64_t> started, decided;
  Status failure;
};

class PlayedLog : public DecisionLog {
 public:
  explicit PlayedLog(const CheckpointStore* store = nullptr) : store_(store) {}
  Result<std::optional<Decision>> Recover() override { return std::optional<Decision>(); }
  Status Decide(const Decision& decision) override {
    // Whatever is decided is sealed.
    if (store_ != nullptr) {
      Result<Manifest> manifest = store_->ReadManifest(decision.epoch);
      EXPECT_TRUE(manifest && HashKey(manifest->Write()) == decision.manifest_hash);
    }
    decided.push_back(decision.epoch);
    return decide;
  }
  Status Abandon(uint64_t epoch) override {
    abandoned.push_back(epoch);
    return abandon;
  }
  std::vector<uint64_t> decided, abandoned;
  Status decide, abandon;

 private:
  const CheckpointStore* store_;
};

Status NoBroker() { return Status(StatusCode::kUnavailable, "no broker"); }

class CheckpointCoordinatorTest : public testing::Test {
 protected:
  CheckpointCoordinatorTest() {
    options_.interval_ms = 1000;
    options_.timeout_ms = 5000;
  }
  void Start(DecisionLog* log = nullptr) {
    coordinator_ = std::make_unique<CheckpointCoordinator>(options_, JobIdentity{"job", "run", 1}, "",
                                                           &store_, log, &clock_);
    EXPECT_TRUE(coordinator_->Attach(&job_, 1).ok());
  }
  int64_t StepAfter(int64_t millis) {
    clock_.AdvanceMicros(millis * 1000);
    return coordinator_->Step();
  }
  static std::vector<SubtaskSnapshot> Part(int subtask) {
    SubtaskSnapshot part;
    part.uid = "op";
    part.subtask = subtask;
    return {part};
  }

  MemoryFileSystem files_;
  ManualClock clock_{0};
  CheckpointOptions options_;
  CheckpointStore store_{&files_, "/jobs/job", 1};
  PlayedJob job_;
  std::unique_ptr<CheckpointCoordinator> coordinator_;
};

TEST_F(CheckpointCoordinatorTest, AnEpochIsDecidedWhenEveryTaskHasPassedTheBarrier) {
  Start();
  EXPECT_EQ(StepAfter(0), 1000);
  StepAfter(1000);
  EXPECT_EQ(job_.started, std::vector<uint64_t>{1});
  coordinator_->OnSnapshot(0, 1, Part(0));
  StepAfter(1);
  EXPECT_TRUE(job_.decided.empty());
  coordinator_->OnSnapshot(1, 1, Part(1));
  StepAfter(1);
  EXPECT_EQ(job_.decided, std::vector<uint64_t>{1});
  EXPECT_EQ(store_.ReadManifest(1).value().parts.size(), 2U);
}

TEST_F(CheckpointCoordinatorTest, AnEndedTaskStandsForItselfInLaterEpochs) {
  Start();
  coordinator_->OnEnded(0, true, Part(0));
  StepAfter(1000);
  coordinator_->OnSnapshot(1, 1, Part(1));
  StepAfter(1);
  EXPECT_EQ(job_.decided, std::vector<uint64_t>{1});
  EXPECT_EQ(store_.ReadManifest(1).value().parts.size(), 2U);
  EXPECT_FALSE(store_.ReadManifest(1).value().finished);
}

TEST_F(CheckpointCoordinatorTest, TheLastEpochIsDecidedWhenAllTasksHaveEnded) {
  options_.interval_ms = 0;
  Start();
  EXPECT_EQ(StepAfter(10), INT64_MAX);
  coordinator_->OnEnded(0, true, Part(0));
  coordinator_->OnEnded(1, true, Part(1));
  StepAfter(1);
  EXPECT_EQ(job_.decided, std::vector<uint64_t>{kLastEpoch});
  EXPECT_TRUE(store_.ReadManifest(1).value().finished);
}

TEST_F(CheckpointCoordinatorTest, AStoppedJobIsNotFinished) {
  Start();
  coordinator_->OnEnded(0, true, Part(0));
  coordinator_->OnEnded(1, false, Part(1));
  StepAfter(1);
  EXPECT_EQ(job_.decided, std::vector<uint64_t>{kLastEpoch});
  EXPECT_FALSE(store_.ReadManifest(1).value().finished);
}

TEST_F(CheckpointCoordinatorTest, ATimeOutBeyondTheToleratedFailsTheJob) {
  options_.tolerable_failures = 1;
  Start();
  StepAfter(1000);
  StepAfter(5000);
  EXPECT_TRUE(job_.failure.ok());
  // What belongs to the abandoned epoch comes too late, and its number is not used again.
  coordinator_->OnSnapshot(0, 1, Part(0));
  coordinator_->OnSnapshot(1, 1, Part(1));
  StepAfter(1000);
  EXPECT_EQ(job_.started, (std::vector<uint64_t>{1, 2}));
  EXPECT_TRUE(job_.decided.empty());
  StepAfter(5000);
  EXPECT_EQ(job_.failure.code(), StatusCode::kUnavailable);
  EXPECT_EQ(StepAfter(1), INT64_MAX);
}

TEST_F(CheckpointCoordinatorTest, ASealedEpochDoesNotCountUntilItIsDecided) {
  PlayedLog log;
  log.decide = NoBroker();
  options_.tolerable_failures = 3;  // of checkpoints: an outcome that nobody knows is none
  Start(&log);
  StepAfter(1000);
  coordinator_->OnSnapshot(0, 1, Part(0));
  coordinator_->OnSnapshot(1, 1, Part(1));
  StepAfter(1);
  EXPECT_TRUE(job_.decided.empty());
  EXPECT_EQ(job_.failure.code(), StatusCode::kUnavailable);
  EXPECT_EQ(coordinator_->next_epoch(), 2U);
  EXPECT_FALSE(store_.WasDecided().value());
}

TEST_F(CheckpointCoordinatorTest, ASealedEpochIsDecidedByTheLogBeforeTheJobHearsOfIt) {
  PlayedLog log(&store_);
  Start(&log);
  StepAfter(1000);
  coordinator_->OnSnapshot(0, 1, Part(0));
  coordinator_->OnSnapshot(1, 1, Part(1));
  StepAfter(1);
  EXPECT_EQ(log.decided, std::vector<uint64_t>{1});
  EXPECT_EQ(job_.decided, std::vector<uint64_t>{1});
  EXPECT_TRUE(store_.WasDecided().value());
}

TEST_F(CheckpointCoordinatorTest, TheLogIsToldOfAnAbandonedEpoch) {
  PlayedLog log(&store_);
  options_.tolerable_failures = 1;
  Start(&log);
  StepAfter(1000);
  StepAfter(5000);
  EXPECT_EQ(log.abandoned, std::vector<uint64_t>{1});
  EXPECT_TRUE(job_.failure.ok());
  StepAfter(1000);
  coordinator_->OnSnapshot(0, 2, Part(0));
  coordinator_->OnSnapshot(1, 2, Part(1));
  StepAfter(1);
  EXPECT_EQ(log.decided, std::vector<uint64_t>{2});
}

TEST_F(CheckpointCoordinatorTest, AJobWhoseSinksCannotTakeAnEpochBackIsRestored) {
  PlayedLog log(&store_);
  log.abandon = NoBroker();
  options_.tolerable_failures = 1;
  Start(&log);
  StepAfter(1000);
  StepAfter(5000);
  EXPECT_EQ(job_.failure.code(), StatusCode::kUnavailable);
}

TEST_F(CheckpointCoordinatorTest, OldCheckpointsGoOnceALaterOneCounts) {
  options_.retained = 2;
  Start();
  for (uint64_t epoch = 1; epoch <= 4; ++epoch) {
    StepAfter(1000);
    coordinator_->OnSnapshot(0, epoch, Part(0));
    coordinator_->OnSnapshot(1, epoch, Part(1));
    StepAfter(0);
  }
  EXPECT_EQ(store_.Epochs().value(), (std::vector<uint64_t>{3, 4}));
}

TEST_F(CheckpointCoordinatorTest, ARequestedCheckpointIsTakenAtOnceAndStaysWhilePinned) {
  CheckpointPins pins;
  Start();
  coordinator_->set_pins(&pins);
  std::vector<Result<uint64_t>> told;
  coordinator_->RequestCheckpoint([&](const Result<uint64_t>& epoch) { told.push_back(epoch); });
  auto pass = [&](uint64_t epoch) {
    coordinator_->OnSnapshot(0, epoch, Part(0));
    coordinator_->OnSnapshot(1, epoch, Part(1));
    StepAfter(0);
  };
  StepAfter(1);
  EXPECT_EQ(job_.started, std::vector<uint64_t>{1}) << "long before the interval is over";
  EXPECT_TRUE(told.empty());
  pass(1);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].value(), 1U);
  for (uint64_t epoch = 2; epoch <= 4; ++epoch) {
    StepAfter(1000);
    pass(epoch);
  }
  EXPECT_EQ(store_.Epochs().value(), (std::vector<uint64_t>{1, 2, 3, 4}))
      << "one is retained, the rest pinned";
  pins.Remove(1);
  StepAfter(1000);
  pass(5);
  EXPECT_EQ(store_.Epochs().value(), std::vector<uint64_t>{5});
}

TEST_F(CheckpointCoordinatorTest, WhoAskedForACheckpointThatFailsIsToldWhy) {
  options_.tolerable_failures = 1;
  std::string noted;
  Start();
  coordinator_->set_on_failure([&](const std::string& text) { noted = text; });
  std::vector<Result<uint64_t>> told;
  auto ask = [&] {
    coordinator_->RequestCheckpoint([&](const Result<uint64_t>& epoch) { told.push_back(epoch); });
  };
  ask();
  StepAfter(1);
  StepAfter(5000);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].status().message().find("not complete"), std::string::npos);
  EXPECT_NE(noted.find("checkpoint 1 failed (1 of 1"), std::string::npos) << noted;
  EXPECT_TRUE(job_.failure.ok());
  ask();
  StepAfter(1000);
  StepAfter(5000);
  EXPECT_EQ(told.size(), 2U);
  EXPECT_FALSE(job_.failure.ok());
  ask();
  StepAfter(1);
  ASSERT_EQ(told.size(), 3U) << "the job is ending";
  EXPECT_EQ(told[2].status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace penstock
