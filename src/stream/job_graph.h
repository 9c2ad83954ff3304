// JobGraph: a job as data. Vertices name a factory and carry a serialised spec; edges say how rows are
// distributed. The planner makes it, the runtime executes it, savepoints store it. No closures, no pointers:
// it can be written to bytes and read back (docs/formats/job_graph.md).
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "data/data_type.h"

namespace penstock {

enum class VertexKind : uint8_t { kSource, kOperator, kSink };

enum class Partitioning : uint8_t {
  kForward,    // subtask i to subtask i
  kHash,       // by key group of the key columns
  kRebalance,  // round robin
  kBroadcast,  // to all
  kSingleton,  // all to subtask 0
  kDedicated,  // kHash, but hot keys have subtasks of their own, chosen by what `from` has seen of them
};

struct JobVertex {
  int id = 0;        // index in JobGraph::vertices
  std::string uid;   // stable identity, see docs/ARCHITECTURE.md
  std::string name;  // for people
  VertexKind kind = VertexKind::kOperator;
  std::string factory;  // in the registry of its kind
  std::string spec;     // bytes, read by the factory
  int parallelism = 1;
  int inputs = 1;
  Schema schema;  // of the main lane; of a sink: what it takes
};

struct JobEdge {
  int from = 0;
  int lane = 0;
  int to = 0;
  int input = 0;
  Partitioning partitioning = Partitioning::kForward;
  std::vector<int> keys;  // of kHash and kDedicated
};

struct JobGraph {
  std::string name;
  std::vector<JobVertex> vertices;
  std::vector<JobEdge> edges;
  int max_parallelism = 128;
  bool lock_step = false;  // sources are read in turn, a row at a time

  JobVertex& AddVertex(JobVertex vertex);
  void AddEdge(JobEdge edge) { edges.push_back(std::move(edge)); }

  void Write(ByteWriter& out) const;
  // kCorruption where the bytes are cut short, or name something that is not there.
  static Result<JobGraph> Read(ByteReader& in);

 private:
  bool Consistent() const;
};

}  // namespace penstock
