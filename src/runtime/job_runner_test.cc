// What a job makes of the snapshot it is restored from.
#include "runtime/job_runner.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

using SplitsOfSubtasks = std::map<int, std::vector<std::string>>;

// Notes which splits its reader is given.
class NotingReader : public SplitReader {
 public:
  NotingReader(int subtask, SplitsOfSubtasks* given) : subtask_(subtask), given_(given) {}
  Status AddSplits(std::vector<SourceSplit> splits) override {
    for (const SourceSplit& split : splits) (*given_)[subtask_].push_back(split.id);
    return Status::Ok();
  }
  Result<PollResult> Poll(int64_t) override {
    PollResult result;
    result.state = PollState::kEnd;
    return result;
  }
  std::vector<SourceSplit> Snapshot() const override { return {}; }

 private:
  int subtask_;
  SplitsOfSubtasks* given_;
};

class EmptyEnumerator : public SplitEnumerator {
 public:
  Result<std::vector<SourceSplit>> Discover() override { return std::vector<SourceSplit>(); }
};

class NotingSource : public Source {
 public:
  explicit NotingSource(SplitsOfSubtasks* given) : given_(given) {}
  Result<std::unique_ptr<SplitEnumerator>> MakeEnumerator(const SourceContext&) override {
    return std::unique_ptr<SplitEnumerator>(new EmptyEnumerator);
  }
  Result<std::unique_ptr<SplitReader>> MakeReader(const SourceContext& context) override {
    return std::unique_ptr<SplitReader>(new NotingReader(context.subtask, given_));
  }

 private:
  SplitsOfSubtasks* given_;
};

// The splits a..d of two subtasks, restored at another parallelism or the same.
SplitsOfSubtasks RestoredAt(int parallelism) {
  SplitsOfSubtasks given;
  FactoryRegistry registry;
  registry.AddSource("noting", [&](std::string_view) -> Result<std::unique_ptr<Source>> {
    return std::unique_ptr<Source>(new NotingSource(&given));
  });
  JobGraph graph;
  JobVertex vertex;
  vertex.uid = "source";
  vertex.kind = VertexKind::kSource;
  vertex.factory = "noting";
  vertex.parallelism = parallelism;
  vertex.inputs = 0;
  graph.AddVertex(vertex);
  graph.lock_step = true;  // one thread
  JobOptions options;
  for (int subtask : {0, 1}) {
    SubtaskSnapshot part;
    part.uid = "source";
    part.subtask = subtask;
    part.splits = {{subtask == 0 ? "a" : "b", "1"}, {subtask == 0 ? "c" : "d", "1"}};
    options.restore.push_back(part);
  }
  ManualClock clock(0);
  EvalContext eval;
  JobRunner runner(graph, options, JobEnvironment{&registry, &clock, nullptr, &eval});
  EXPECT_TRUE(runner.Prepare().ok());
  EXPECT_TRUE(runner.Run().ok());
  return given;
}

TEST(JobRunner, SplitsStayWhereTheirWatermarkIs) {
  EXPECT_EQ(RestoredAt(2), (SplitsOfSubtasks{{0, {"a", "c"}}, {1, {"b", "d"}}}));
}

TEST(JobRunner, SplitsAreDealtOutAtAnotherParallelism) {
  EXPECT_EQ(RestoredAt(4), (SplitsOfSubtasks{{0, {"a"}}, {1, {"c"}}, {2, {"b"}}, {3, {"d"}}}));
}

}  // namespace
}  // namespace penstock
