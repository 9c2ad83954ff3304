// The serialised form of job graphs.
#include "stream/job_graph.h"

#include <algorithm>

namespace penstock {

JobVertex& JobGraph::AddVertex(JobVertex vertex) {
  vertex.id = static_cast<int>(vertices.size());
  vertices.push_back(std::move(vertex));
  return vertices.back();
}

void JobGraph::Write(ByteWriter& out) const {
  out.String(name);
  out.Varint(static_cast<uint64_t>(max_parallelism));
  out.Bool(lock_step);
  out.Varint(vertices.size());
  for (const JobVertex& v : vertices) {
    out.String(v.uid);
    out.String(v.name);
    out.Fixed(v.kind);
    out.String(v.factory);
    out.String(v.spec);
    out.Varint(static_cast<uint64_t>(v.parallelism));
    out.Varint(static_cast<uint64_t>(v.inputs));
    v.schema.Write(out);
  }
  out.Varint(edges.size());
  for (const JobEdge& e : edges) {
    for (int n : {e.from, e.lane, e.to, e.input}) out.Varint(static_cast<uint64_t>(n));
    out.Fixed(e.partitioning);
    out.Varint(e.keys.size());
    for (int key : e.keys) out.Varint(static_cast<uint64_t>(key));
  }
}

Result<JobGraph> JobGraph::Read(ByteReader& in) {
  JobGraph graph;
  graph.name = std::string(in.String());
  graph.max_parallelism = static_cast<int>(in.Varint());
  graph.lock_step = in.Bool();
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    JobVertex v;
    v.uid = std::string(in.String());
    v.name = std::string(in.String());
    v.kind = in.Fixed<VertexKind>();
    v.factory = std::string(in.String());
    v.spec = std::string(in.String());
    v.parallelism = static_cast<int>(in.Varint());
    v.inputs = static_cast<int>(in.Varint());
    ASSIGN_OR_RETURN(v.schema, Schema::Read(in));
    graph.AddVertex(std::move(v));
  }
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    JobEdge e;
    for (int* n : {&e.from, &e.lane, &e.to, &e.input}) *n = static_cast<int>(in.Varint());
    e.partitioning = in.Fixed<Partitioning>();
    for (uint64_t k = 0, keys = in.Count(); k < keys; ++k) e.keys.push_back(static_cast<int>(in.Varint()));
    graph.edges.push_back(std::move(e));
  }
  if (!in.ok() || !graph.Consistent()) return Status::Corruption("serialised job graph is damaged");
  return graph;
}

bool JobGraph::Consistent() const {
  auto count = static_cast<int>(vertices.size());
  if (max_parallelism < 1) return false;
  for (const JobVertex& vertex : vertices) {
    bool fits = vertex.kind <= VertexKind::kSink && vertex.parallelism >= 1 &&
                vertex.parallelism <= max_parallelism && vertex.inputs >= 0;
    if (!fits) return false;
  }
  for (const JobEdge& edge : edges) {
    bool fits = edge.from >= 0 && edge.from < count && edge.to >= 0 && edge.to < count && edge.lane >= 0 &&
                edge.input >= 0 && edge.partitioning <= Partitioning::kDedicated;
    if (!fits || edge.input >= vertices[static_cast<size_t>(edge.to)].inputs) return false;
    if (std::any_of(edge.keys.begin(), edge.keys.end(), [](int key) { return key < 0; })) return false;
  }
  return true;
}

}  // namespace penstock
