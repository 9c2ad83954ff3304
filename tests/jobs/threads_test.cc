// Whole jobs on worker threads: every row is counted, whatever the threads do, and a job that is cancelled
// ends within a second. (How long a cancelled job takes is about real time: this test reads the machine's
// clock.)
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <tuple>

#include "engine/session.h"
#include "env/files/memory_file_system.h"
#include "env/objects/testing/one_bucket.h"

namespace penstock {
namespace {

// Folds the rows of (key, count) queries; rows may come from any task's thread, one at a time.
class CountingHandler : public ResultHandler {
 public:
  void OnColumns(int, const Schema&) override {}
  void OnRows(int, const Batch& batch) override {
    for (int64_t row = 0; row < batch.rows; ++row) {
      ValueRow values = batch.RowAt(row);
      int64_t sign = IsAdd(batch.kind(row)) ? 1 : -1;
      counts[values[0].as_int()] += sign * values[1].as_int();
      rows += sign;
    }
  }
  void OnOk(int) override {}
  void OnError(int statement, StatementPhase, const Status& status) override {
    last = status;
    error = "statement " + std::to_string(statement) + ": " + status.ToString();
  }
  std::map<int64_t, int64_t> counts;
  int64_t rows = 0;
  Status last;
  std::string error;
};

const char* const kBounded =
    "CREATE TABLE g (id BIGINT, k BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '30000', "
    "'rows-per-second' = '100000000', 'seed' = '5', 'fields.k.min' = '0', 'fields.k.max' = '99');";

class Jobs : public testing::Test {
 protected:
  Jobs() : session_({}, &clock_, &files_) {
    EXPECT_TRUE(session_.SetOption("parallelism.default", "3").ok());
  }
  void Run(const std::string& script) {
    EXPECT_TRUE(session_.ExecuteScript(script, &handler_)) << handler_.error;
  }
  // Milliseconds from the call until the job has ended.
  int64_t MillisToCancel() {
    int64_t start = clock_.MonotonicMillis();
    session_.CancelAll();
    EXPECT_FALSE(session_.WaitForJobs(&handler_));
    EXPECT_EQ(handler_.last.code(), StatusCode::kCancelled) << handler_.error;
    return clock_.MonotonicMillis() - start;
  }

  SystemClock clock_;
  MemoryFileSystem files_;
  Session session_;
  CountingHandler handler_;
};

TEST_F(Jobs, CountEveryRowAtEveryBatchSize) {
  for (const char* rows : {"1", "7", "1024"}) {
    SCOPED_TRACE(rows);
    handler_.counts.clear();
    handler_.rows = 0;
    ASSERT_TRUE(session_.SetOption("penstock.batch-rows", rows).ok());
    Run(std::string("DROP TABLE IF EXISTS g;") + kBounded + "SELECT k, COUNT(*) FROM g GROUP BY k;");
    EXPECT_EQ(handler_.counts.size(), 100u);
    EXPECT_EQ(handler_.rows, 100);
    int64_t sum = 0;
    for (const auto& [key, count] : handler_.counts) sum += count;
    EXPECT_EQ(sum, 30000);
  }
}

std::string CountsOf(const char* rows) {
  return std::string("CREATE TABLE g (k BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '") + rows +
         "', 'rows-per-second' = '100000000', 'seed' = '5', 'fields.k.min' = '0', 'fields.k.max' = '9');"
         "SELECT k, COUNT(*) FROM g GROUP BY k;";
}

TEST_F(Jobs, GoOnFromASavepointWithMoreTasksAndCountNoRowTwice) {
  OneBucket bucket(2);
  for (const char* place : {"/savepoint", "s3://b/savepoint"}) {
    SCOPED_TRACE(place);
    handler_ = CountingHandler();
    SessionOptions before, after;
    before.objects = after.objects = &bucket;
    before.stop_when_idle = true;
    before.savepoint_dir = after.from_savepoint = place;
    for (auto& [options, rows, tasks] : {std::tuple{before, "1000", "2"}, std::tuple{after, "3000", "3"}}) {
      Session session(options, &clock_, &files_);
      ASSERT_TRUE(session.SetOption("parallelism.default", tasks).ok());
      ASSERT_TRUE(session.ExecuteScript(CountsOf(rows), &handler_)) << handler_.error;
    }
    int64_t sum = 0;
    for (const auto& [key, count] : handler_.counts) sum += count;
    EXPECT_EQ(sum, 3000);
    EXPECT_EQ(handler_.rows, 10);
  }
}

// From seeds: calls of the store fail, are carried out without an answer, or late. A job that was told of its
// savepoint goes on from it; else there is none, or it is whole all the same.
TEST_F(Jobs, GoOnFromASavepointOfAStoreThatFailsOrFindNone) {
  int saved = 0, whole = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    OneBucket bucket(seed % 2 == 0 ? 1 : 4);
    SessionOptions before, after;
    before.objects = after.objects = &bucket;
    before.stop_when_idle = true;
    before.savepoint_dir = after.from_savepoint = "s3://b/savepoint";
    bucket.model()->MeetAtRandom(seed, 0.1);
    bool told = Session(before, &clock_, &files_).ExecuteScript(CountsOf("100"), &handler_);
    bucket.model()->LandLateWrites();
    handler_ = CountingHandler();
    bool restored = Session(after, &clock_, &files_).ExecuteScript(CountsOf("300"), &handler_);
    saved += told ? 1 : 0;
    whole += restored ? 1 : 0;
    ASSERT_TRUE(restored || !told) << handler_.error;
    StatusCode code = handler_.last.code();
    EXPECT_TRUE(restored || code == StatusCode::kNotFound || code == StatusCode::kCorruption)
        << handler_.error;
    int64_t sum = 0;
    for (const auto& [key, count] : handler_.counts) sum += count;
    EXPECT_EQ(sum, restored ? 200 : 0) << "what is behind the savepoint";
  }
  EXPECT_GT(saved, 20);
  EXPECT_GT(whole, saved) << "some land when nobody waits for them any more";
  EXPECT_LT(whole, 60);
}

TEST_F(Jobs, DoNotRunWhereTheirSavepointCannotBeWritten) {
  OneBucket bucket(1);
  SessionOptions options;
  options.objects = &bucket;
  options.stop_when_idle = true;
  options.savepoint_dir = "s3://b/savepoint/";
  bucket.model()->Meet({ObjectFault::kServerError});
  EXPECT_FALSE(Session(options, &clock_, &files_).ExecuteScript(CountsOf("10"), &handler_));
  EXPECT_EQ(handler_.last.code(), StatusCode::kUnavailable) << handler_.error;
  EXPECT_NE(handler_.error.find("s3://b/savepoint/job-1"), std::string::npos) << handler_.error;
  EXPECT_EQ(handler_.rows, 0);
  ASSERT_TRUE(Session(options, &clock_, &files_).ExecuteScript(CountsOf("10"), &handler_)) << handler_.error;
  EXPECT_GT(handler_.rows, 0);
  EXPECT_FALSE(Session(options, &clock_, &files_).ExecuteScript(CountsOf("10"), &handler_));
  EXPECT_EQ(handler_.last.code(), StatusCode::kAlreadyExists) << "what is in a bucket is not replaced";
}

TEST_F(Jobs, ABusyJobIsCancelledWithinASecond) {
  Run("CREATE TABLE fast (id BIGINT, k BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = "
      "'100000000');"
      "CREATE TABLE nowhere (k BIGINT, n BIGINT) WITH ('connector' = 'blackhole');"
      "INSERT INTO nowhere SELECT k, COUNT(*) FROM fast GROUP BY k;");
  EXPECT_LT(MillisToCancel(), 1000);
}

TEST_F(Jobs, AWaitingJobIsCancelledWithinASecond) {
  Run("CREATE TABLE slow (id BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1');"
      "CREATE TABLE nowhere (id BIGINT) WITH ('connector' = 'blackhole');"
      "INSERT INTO nowhere SELECT id FROM slow;");
  EXPECT_LT(MillisToCancel(), 1000);
}

TEST_F(Jobs, ALockStepJobIsCancelledWithinASecond) {
  ASSERT_TRUE(
      files_.OpenForWrite("/v", WriteMode::kReplace).value()->Append("{\"kind\":\"+I\",\"row\":[1]}\n").ok());
  Run("CREATE TABLE v (id BIGINT) WITH ('connector' = 'values', 'path' = '/v', 'bounded' = 'false');"
      "CREATE TABLE nowhere (id BIGINT) WITH ('connector' = 'blackhole');"
      "INSERT INTO nowhere SELECT a.id FROM v a JOIN v b ON a.id = b.id;");
  EXPECT_LT(MillisToCancel(), 1000);
}

}  // namespace
}  // namespace penstock
