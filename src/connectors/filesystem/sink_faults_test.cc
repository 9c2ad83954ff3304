// Sinks of files on disks and buckets that fail: what was acknowledged is there, once; what was not leaves
// nothing that readers see. Every operation fails once: a full disk in the middle of a part, an fsync, a
// name.
#include <gtest/gtest.h>

#include <algorithm>

#include "connectors/filesystem/filesystem_connector.h"
#include "connectors/filesystem/part_store.h"
#include "data/column_builder.h"
#include "env/files/memory_file_system.h"
#include "env/objects/testing/one_bucket.h"
#include "stream/table_spec.h"

namespace penstock {
namespace {

// One life of a process that writes.
struct Process {
  std::unique_ptr<Sink> sink;
  std::unique_ptr<SinkWriter> writer;
  std::unique_ptr<Committer> committer;
};

class SinkFaultsTest : public testing::Test {
 protected:
  SinkFaultsTest() {
    FilesystemConnector::Register(&registry_);
    spec_.table = "t";
    spec_.options = {{"path", "/t"}, {"format", "csv"}};
    spec_.stored = {{"n", DataType::Int(), ""}};
    spec_.columns = spec_.stored;
  }
  JobVertex Vertex() const {
    JobVertex vertex;
    vertex.factory = "filesystem";
    vertex.spec = spec_.Serialize();
    return vertex;
  }
  Result<Process> Start(int subtask = 0, int parallelism = 1) {
    SinkContext context;
    context.clock = &clock_;
    context.files = &files_;
    context.objects = &bucket_;
    context.job = "job";
    context.subtask = subtask;
    context.parallelism = parallelism;
    Process process;
    ASSIGN_OR_RETURN(process.sink, registry_.NewSink(Vertex()));
    ASSIGN_OR_RETURN(process.writer, process.sink->MakeWriter(context));
    ASSIGN_OR_RETURN(process.committer, process.sink->MakeCommitter(context));
    return process;
  }
  static Status Write(Process& process, int from, int count) {
    ColumnBuilder n(DataType::Int());
    for (int i = 0; i < count; ++i) n.Append(from + i);
    return process.writer->Write(Batch(count, {n.Finish()}));
  }
  // An epoch up to its barrier; what it prepared.
  static Result<std::vector<std::string>> Epoch(Process& process, int from, int count) {
    RETURN_IF_ERROR(Write(process, from, count));
    ASSIGN_OR_RETURN(bool flushed, process.writer->Flush());
    CHECK(flushed);
    return process.writer->Prepare(1);
  }
  // How many rows readers see; each value once, from 0 on.
  int Rows() {
    SourceContext context;
    std::atomic<int64_t> bad{0};
    context.clock = &clock_;
    context.files = &files_;
    context.objects = &bucket_;
    context.bad_rows = &bad;
    std::unique_ptr<Source> source = registry_.NewSource(Vertex()).value();
    std::unique_ptr<SplitReader> reader = source->MakeReader(context).value();
    Result<std::vector<SourceSplit>> splits = source->MakeEnumerator(context).value()->Discover();
    if (!splits) return 0;
    EXPECT_TRUE(reader->AddSplits(*splits).ok());
    std::vector<int> values;
    while (true) {
      Result<PollResult> polled = reader->Poll(1000);
      EXPECT_TRUE(polled) << polled.error().ToString();
      if (!polled || polled->state != PollState::kRows) break;
      for (int64_t row = 0; row < polled->batch.rows; ++row)
        values.push_back(static_cast<int>(polled->batch.columns[0]->ValueAt(row).as_int()));
    }
    std::sort(values.begin(), values.end());
    for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], static_cast<int>(i));
    return static_cast<int>(values.size());
  }

  MemoryFileSystem files_;
  OneBucket bucket_{3};
  ManualClock clock_{1'000'000};
  FactoryRegistry registry_;
  TableSpec spec_;
};

// Several writes of the buffer's size, so that faults come in the middle of a part, too.
constexpr int kRows = 100'000;

TEST_F(SinkFaultsTest, WhatADiskRefusesIsNeverAcknowledged) {
  for (const char* compression : {"none", "gzip", "zstd"}) {
    spec_.options["sink.compression"] = compression;
    int failed = 0;
    for (int64_t operation = 0;; ++operation) {
      spec_.options["path"] = "/" + std::string(compression) + std::to_string(operation);
      files_.FailAfter(operation);
      Result<Process> process = Start();
      Result<std::vector<std::string>> prepared =
          process ? Epoch(*process, 0, kRows) : Result<std::vector<std::string>>(process.error());
      files_.FailAfter(-1);
      files_.LosePower();
      if (prepared) {
        EXPECT_EQ(Rows(), 0);
        ASSERT_TRUE(process->committer->Commit(*prepared).ok());
        files_.LosePower();
        EXPECT_EQ(Rows(), kRows) << compression;
        break;
      }
      ++failed;
      if (process) {
        EXPECT_TRUE(process->writer->Close(false).ok());
      }
      EXPECT_EQ(Rows(), 0) << compression << " " << operation;
      Process next = Start().value();
      std::vector<std::string> again = Epoch(next, 0, kRows).value();
      ASSERT_TRUE(next.committer->Commit(again).ok());
      files_.LosePower();
      EXPECT_EQ(Rows(), kRows) << compression << " " << operation;
    }
    EXPECT_GE(failed, 5) << compression;
  }
}

TEST_F(SinkFaultsTest, ACommitThatFailsIsRepeatedAfterARestart) {
  for (int64_t operation = 0;; ++operation) {
    spec_.options["path"] = "/commit" + std::to_string(operation);
    Process process = Start().value();
    std::vector<std::string> prepared = Epoch(process, 0, 10).value();
    files_.FailAfter(operation);
    Status committed = process.committer->Commit(prepared);
    files_.FailAfter(-1);
    files_.LosePower();
    if (committed.ok()) {
      EXPECT_EQ(Rows(), 10) << "acknowledged, so durable";
      EXPECT_GE(operation, 2);
      break;
    }
    Process next = Start().value();
    ASSERT_TRUE(next.committer->Commit(prepared).ok());
    files_.LosePower();
    EXPECT_EQ(Rows(), 10) << operation;
  }
}

TEST_F(SinkFaultsTest, AnObjectIsSeenWhenItsEpochCountsAndAnotherProcessMayCompleteIt) {
  spec_.options["path"] = "s3://b/t";
  Process process = Start().value();
  std::vector<std::string> prepared = Epoch(process, 0, 10).value();
  EXPECT_EQ(Rows(), 0);
  Process next = Start().value();
  ASSERT_TRUE(next.committer->Commit(prepared).ok());
  ASSERT_TRUE(next.committer->Commit(prepared).ok()) << "again, after a restart";
  EXPECT_EQ(Rows(), 10);
  EXPECT_TRUE(bucket_.model()->uploads().Pending("").value().empty());
}

TEST_F(SinkFaultsTest, AFailedJobTakesItsUploadsBack) {
  spec_.options["path"] = "s3://b/t";
  Process process = Start().value();
  std::vector<std::string> prepared = Epoch(process, 0, 10).value();
  ASSERT_TRUE(Write(process, 10, 10).ok());
  EXPECT_EQ(bucket_.model()->uploads().Pending("").value().size(), 2u);
  ASSERT_TRUE(process.writer->Close(false).ok());
  EXPECT_EQ(bucket_.model()->uploads().Pending("").value().size(), 1u) << "the prepared one may count";
  ASSERT_TRUE(process.committer->Commit(prepared).ok());
  EXPECT_EQ(Rows(), 10);
}

// What dead processes left, in a folder and in a bucket, at another parallelism before.
TEST_F(SinkFaultsTest, WhatDeadAttemptsLeftGoesOnceACheckpointOfThisOneCounts) {
  for (const char* path : {"/left", "s3://b/left"}) {
    spec_.options["path"] = path;
    auto left = [&] {
      SinkContext context;
      context.files = &files_;
      context.objects = &bucket_;
      return MakePartStore(path, context).value()->Left(path).value().size();
    };
    std::vector<std::string> counted;
    {
      Process first = Start(0, 3).value(), second = Start(1, 3).value(), third = Start(2, 3).value();
      counted = Epoch(first, 0, 10).value();
      for (Process* process : {&first, &second, &third}) ASSERT_TRUE(Epoch(*process, 100, 5).has_value());
    }
    EXPECT_EQ(left(), 4u) << path;
    Process living = Start(0, 2).value(), other = Start(1, 2).value();
    ASSERT_TRUE(living.committer->Commit(counted).ok());
    EXPECT_EQ(left(), 3u) << "nothing of this attempt counts yet: the dead one may live";
    std::vector<std::string> own = Epoch(living, 10, 10).value();
    ASSERT_TRUE(Write(living, 20, 5).ok());  // of the next epoch
    std::vector<std::string> others = Epoch(other, 20, 10).value();
    ASSERT_TRUE(living.committer->Commit(own).ok());
    ASSERT_TRUE(other.committer->Commit(others).ok());
    EXPECT_EQ(left(), 1u) << "what is being written";
    EXPECT_EQ(Rows(), 30);
  }
}

TEST_F(SinkFaultsTest, AnUploadThatIsGoneIsToldApartFromOneThatIsComplete) {
  spec_.options["path"] = "s3://b/t";
  Process process = Start().value();
  std::vector<std::string> prepared = Epoch(process, 0, 10).value();
  UploadInfo upload = bucket_.model()->uploads().Pending("").value().at(0);
  ASSERT_TRUE(bucket_.model()->uploads().Abort(upload).ok());
  Status committed = process.committer->Commit(prepared);
  EXPECT_EQ(committed.code(), StatusCode::kCorruption);
  EXPECT_NE(committed.message().find("s3://b/t/part-"), std::string::npos) << committed.message();
}

// From seeds: a bucket that fails, processes that die anywhere, epochs that count or do not.
TEST_F(SinkFaultsTest, EveryEpochThatCountsIsThereOnceWhateverTheBucketDoes) {
  int64_t faults = 0;
  for (uint64_t seed = 1; seed <= 60 && !HasFailure(); ++seed) {
    spec_.options["path"] = "s3://b/seed" + std::to_string(seed);
    Random random(seed);
    bucket_.model()->MeetAtRandom(seed, 0.3);
    int rows = 0;
    std::vector<std::string> decided;  // not known to be committed
    Result<Process> process = Start();
    for (int step = 0; step < 30; ++step) {
      Result<std::vector<std::string>> prepared =
          process ? Epoch(*process, rows, 10) : Result<std::vector<std::string>>(process.error());
      bool dies = !prepared || random.Below(4) == 0;
      if (prepared && (!dies || random.Below(2) == 0)) {
        rows += 10;
        decided.insert(decided.end(), prepared->begin(), prepared->end());
      }
      if (!dies && process->committer->Commit(decided).ok()) {
        decided.clear();
        continue;
      }
      if (process && random.Below(2) == 0) (void)process->writer->Close(false);
      process = Start();
      if (process && process->committer->Commit(decided).ok()) decided.clear();
    }
    bucket_.model()->LandLateWrites();
    Process last = Start().value();
    ASSERT_TRUE(last.committer->Commit(decided).ok());
    EXPECT_EQ(Rows(), rows) << seed;
    faults = bucket_.model()->faults_met();
  }
  EXPECT_GT(faults, 1000);
}

}  // namespace
}  // namespace penstock
