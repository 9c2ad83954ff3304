// Job graphs come back as they were written; damaged bytes are an error, never a graph that cannot run.
#include "stream/job_graph.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

JobGraph TwoVertices() {
  JobGraph graph;
  graph.name = "job";
  JobVertex source;
  source.uid = "source@t";
  source.kind = VertexKind::kSource;
  source.inputs = 0;
  source.parallelism = 3;
  source.schema =
      Schema{{"k", DataType::BigInt()},
             {"nested", DataType::Row({{"a", DataType::Array(DataType::Decimal(10, 2).NotNull())},
                                       {"m", DataType::Map(DataType::String(), DataType::Int())}})},
             {"ts", DataType::Timestamp(3).WithTimeAttribute(TimeAttribute::kRowtime)}};
  graph.AddVertex(source);
  JobVertex sink;
  sink.uid = "sink@t";
  sink.kind = VertexKind::kSink;
  graph.AddVertex(sink);
  graph.AddEdge({0, 0, 1, 0, Partitioning::kHash, {0}});
  return graph;
}

std::string BytesOf(const JobGraph& graph) {
  ByteWriter out;
  graph.Write(out);
  return out.Take();
}

Status Reading(const std::string& bytes) {
  ByteReader in(bytes);
  return JobGraph::Read(in).status();
}

TEST(JobGraph, ComesBackAsItWasWritten) {
  std::string bytes = BytesOf(TwoVertices());
  ByteReader in(bytes);
  JobGraph graph = JobGraph::Read(in).value();
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(BytesOf(graph), bytes);
  EXPECT_EQ(graph.vertices[0].schema.ToString(), TwoVertices().vertices[0].schema.ToString());
  EXPECT_TRUE(graph.vertices[0].schema[2].type.is_rowtime());
}

TEST(JobGraph, CutShortAnywhereIsAnError) {
  std::string bytes = BytesOf(TwoVertices());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(Reading(bytes.substr(0, size)).code(), StatusCode::kCorruption) << size;
}

TEST(JobGraph, AnyChangedByteIsAnErrorOrAnotherGraph) {
  const std::string bytes = BytesOf(TwoVertices());
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      ByteReader in(changed);
      Result<JobGraph> graph = JobGraph::Read(in);
      if (graph) (void)BytesOf(*graph);
    }
  }
}

TEST(JobGraph, EdgesAndVerticesThatDoNotFitAreRefused) {
  for (JobEdge edge :
       {JobEdge{0, 0, 2, 0, Partitioning::kForward, {}}, JobEdge{7, 0, 1, 0, Partitioning::kForward, {}},
        JobEdge{0, 0, 1, 1, Partitioning::kForward, {}},
        JobEdge{0, 0, 1, 0, static_cast<Partitioning>(9), {}}}) {
    JobGraph graph = TwoVertices();
    graph.AddEdge(edge);
    EXPECT_EQ(Reading(BytesOf(graph)).code(), StatusCode::kCorruption);
  }
  JobGraph graph = TwoVertices();
  graph.vertices[1].parallelism = 0;
  EXPECT_EQ(Reading(BytesOf(graph)).code(), StatusCode::kCorruption);
}

TEST(JobGraph, ATypeNestedWithoutEndIsAnErrorAndNoRecursion) {
  ByteWriter out;
  for (int depth = 0; depth < 1'000'000; ++depth) {
    out.Fixed(TypeKind::kArray);
    out.Fixed(uint8_t{0});
    for (int zero : {0, 0}) out.Varint(static_cast<uint64_t>(zero));
    out.Varint(1);
    out.String("element");
  }
  ByteReader in(out.bytes());
  EXPECT_EQ(DataType::Read(in).status().code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace penstock
