// The main job (examples/clickstream/job.sql) in the simulation: one thread, a manual clock, files in memory,
// and a seed that decides the order of all steps and the size of all batches.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "engine/session.h"
#include "env/files/memory_file_system.h"
#include "runtime/testing/simulated_executor.h"
#include "stream/testing/forwarding_operator.h"

namespace penstock {
namespace {

constexpr int64_t kEvents = 3000;

// What went wrong while the job ran.
struct Findings {
  std::string first;
  void Add(const std::string& finding) {
    if (first.empty()) first = finding;
  }
};

// Looks at what an operator receives: watermarks never regress, marks are in order. (A timer that is lost
// shows in the sums.)
class CheckedOperator : public ForwardingOperator {
 public:
  CheckedOperator(std::unique_ptr<Operator> inner, std::string name, Findings* findings)
      : ForwardingOperator(std::move(inner)), name_(std::move(name)), findings_(findings) {}
  Result<Progress> Process(int input, const Batch& batch, Output& out) override {
    int32_t before = 0;
    for (const Mark& mark : batch.marks) {
      if (mark.offset < before) findings_->Add(name_ + ": marks out of order");
      before = mark.offset;
      if (mark.kind != MarkKind::kWatermark) continue;
      if (mark.watermark < watermark_) findings_->Add(name_ + ": the watermark went back");
      watermark_ = mark.watermark;
    }
    return ForwardingOperator::Process(input, batch, out);
  }

 private:
  std::string name_;
  Findings* findings_;
  int64_t watermark_ = kNoWatermark;
};

class ErrorHandler : public ResultHandler {
 public:
  void OnColumns(int, const Schema&) override {}
  void OnRows(int, const Batch&) override {}
  void OnOk(int) override {}
  void OnError(int statement, StatementPhase, const Status& status) override {
    error = "statement " + std::to_string(statement) + ": " + status.ToString();
  }
  std::string error;
};

std::string Tables(const std::string& late_share) {
  std::string metrics =
      "(window_start TIMESTAMP(3), window_end TIMESTAMP(3), page STRING, country STRING, events BIGINT, "
      "users BIGINT, purchases BIGINT, revenue DECIMAL(38, 2))";
  return "CREATE TABLE clicks (event_id BIGINT, user_id BIGINT, page STRING, country STRING, action STRING, "
         "amount DECIMAL(10, 2), event_time TIMESTAMP(3), "
         "WATERMARK FOR event_time AS event_time - INTERVAL '60' SECOND) WITH ('connector' = 'clickstream', "
         "'number-of-rows' = '" +
         std::to_string(kEvents) +
         "', 'events-per-second' = '3', 'pages' = '3', 'seed' = '7', 'late-share' = '" + late_share +
         "', 'malformed-share' = '0.01');\n" + "CREATE TABLE page_metrics " + metrics +
         " WITH ('connector' = 'filesystem', 'path' = 'out/metrics', 'format' = 'json');\n" +
         "CREATE TABLE page_metrics_parquet " + metrics +
         " WITH ('connector' = 'filesystem', 'path' = 'out/parquet', 'format' = 'parquet');\n" +
         "CREATE TABLE late_clicks (event_id BIGINT, user_id BIGINT, page STRING, event_time TIMESTAMP(3)) "
         "WITH ('connector' = 'filesystem', 'path' = 'out/late', 'format' = 'json');\n" +
         "CREATE TABLE bad_clicks (`raw` BYTES, error STRING, `position` STRING) "
         "WITH ('connector' = 'filesystem', 'path' = 'out/bad', 'format' = 'json');\n";
}

struct Outcome {
  std::string error;
  Findings findings;
  std::vector<std::string> trace;
  std::vector<std::string> metrics, late, bad;  // lines, sorted
  bool parquet = false;
};

std::vector<std::string> SortedLines(MemoryFileSystem& files, const std::string& directory) {
  std::vector<std::string> lines;
  Result<std::vector<FileInfo>> found = files.List(directory);
  if (!found) return lines;
  for (const FileInfo& file : *found) {
    if (file.directory) continue;
    std::string text = ReadFile(files, file.path).value();
    for (size_t at = 0; at < text.size();) {
      size_t end = std::min(text.find('\n', at), text.size());
      lines.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

// `fail_after`: file operations before the disk fails, -1 for never.
Outcome Simulate(uint64_t seed, const std::string& late_share, int64_t fail_after = -1) {
  Outcome outcome;
  ManualClock clock(1'700'000'000'000'000);
  MemoryFileSystem files;
  files.FailAfter(fail_after);
  SessionOptions options;
  options.seed = seed;
  options.make_executor = [&] {
    auto trace = [&](const SimulationEvent& event) { outcome.trace.push_back(event.ToString()); };
    return std::make_unique<SimulatedExecutor>(&clock, seed, 400, trace);
  };
  Session session(options, &clock, &files);
  auto factories = session.registry().operators();
  for (const auto& [name, make] : factories) {
    session.registry().AddOperator(
        name, [&outcome, name, make](std::string_view spec) -> Result<std::unique_ptr<Operator>> {
          ASSIGN_OR_RETURN(std::unique_ptr<Operator> inner, make(spec));
          return std::unique_ptr<Operator>(new CheckedOperator(std::move(inner), name, &outcome.findings));
        });
  }
  LocalFileSystem local;
  std::string job = ReadFile(local, PENSTOCK_SOURCE_DIR "/examples/clickstream/job.sql").value();
  ErrorHandler handler;
  EXPECT_TRUE(session.SetOption("parallelism.default", "2").ok());
  session.ExecuteScript(Tables(late_share) + job, &handler);
  outcome.error = handler.error;
  files.FailAfter(-1);
  outcome.metrics = SortedLines(files, "out/metrics");
  outcome.late = SortedLines(files, "out/late");
  outcome.bad = SortedLines(files, "out/bad");
  outcome.parquet = !SortedLines(files, "out/parquet").empty();
  return outcome;
}

int64_t SumOfEvents(const std::vector<std::string>& metrics) {
  const std::string key = "\"events\":";
  return std::accumulate(
      metrics.begin(), metrics.end(), int64_t{0}, [&](int64_t sum, const std::string& line) {
        size_t at = line.find(key);
        return at == std::string::npos ? sum : sum + std::stoll(line.substr(at + key.size()));
      });
}

TEST(ClickstreamSimulation, TheSameSeedGivesTheSameTrace) {
  Outcome first = Simulate(11, "0.02"), second = Simulate(11, "0.02");
  ASSERT_EQ(first.error, "");
  EXPECT_GT(first.trace.size(), 50u);
  EXPECT_EQ(first.trace, second.trace);
  EXPECT_EQ(first.metrics, second.metrics);
  EXPECT_NE(first.trace, Simulate(12, "0.02").trace);
}

TEST(ClickstreamSimulation, EveryOrderOfStepsGivesTheSameResult) {
  Outcome reference = Simulate(1, "0");
  ASSERT_EQ(reference.error, "");
  EXPECT_GT(reference.metrics.size(), 30u);
  EXPECT_TRUE(reference.parquet);
  EXPECT_EQ(SumOfEvents(reference.metrics) + static_cast<int64_t>(reference.bad.size()), kEvents);
  for (uint64_t seed = 2; seed <= 20; ++seed) {
    Outcome outcome = Simulate(seed, "0");
    ASSERT_EQ(outcome.error, "") << "seed " << seed;
    EXPECT_EQ(outcome.findings.first, "") << "seed " << seed;
    EXPECT_EQ(outcome.metrics, reference.metrics) << "seed " << seed;
    EXPECT_EQ(outcome.bad.size(), reference.bad.size()) << "seed " << seed;
    EXPECT_TRUE(outcome.late.empty()) << "seed " << seed;
  }
}

TEST(ClickstreamSimulation, ReadIsAggregatedPlusLatePlusMalformed) {
  size_t most_late = 0;
  for (uint64_t seed = 30; seed < 40; ++seed) {
    Outcome outcome = Simulate(seed, "0.05");
    ASSERT_EQ(outcome.error, "") << "seed " << seed;
    EXPECT_EQ(outcome.findings.first, "") << "seed " << seed;
    int64_t lost = static_cast<int64_t>(outcome.late.size() + outcome.bad.size());
    EXPECT_EQ(SumOfEvents(outcome.metrics) + lost, kEvents) << "seed " << seed;
    most_late = std::max(most_late, outcome.late.size());
  }
  EXPECT_GT(most_late, 0u);
}

TEST(ClickstreamSimulation, ADiskThatFailsEndsTheJobWithItsError) {
  for (int64_t operations : {0, 1, 2, 5, 9, 14, 20}) {
    Outcome outcome = Simulate(7, "0.05", operations);
    EXPECT_NE(outcome.error.find("injected failure"), std::string::npos)
        << operations << " operations: '" << outcome.error << "'";
    for (const std::string& line : outcome.metrics)
      EXPECT_TRUE(line.ends_with("}")) << "half a line: " << line;
  }
}

}  // namespace
}  // namespace penstock
