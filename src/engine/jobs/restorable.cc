// Operator ids of a job beside those of what it starts from. Step 11 of a record's way
// (docs/ARCHITECTURE.md).
#include "engine/jobs/restorable.h"

#include <set>

#include "base/bytes.h"
#include "base/strings.h"
#include "env/clock.h"
#include "state/state_backend.h"

namespace penstock {

namespace {

// What an operator without states writes.
std::string NoKeyedState(int max_parallelism) {
  SystemClock clock;
  ByteWriter none;
  (void)MakeHashBackend(KeyGroupRange::Of(0, 1, max_parallelism), &clock)->Snapshot(none);
  return none.Take();
}

std::string List(const std::set<std::string>& uids) {
  return uids.empty() ? "none" : Join(std::vector<std::string>(uids.begin(), uids.end()), ", ");
}

// Watches on keys come and go with 'penstock.hot-keys'; what they have seen may be lost.
bool IsWatch(const std::string& uid) { return uid.starts_with("hot_key_watch@"); }

bool HasOperatorState(const SubtaskSnapshot& part, const std::string& none) {
  bool keyed = part.keyed_source != nullptr || (!part.keyed.empty() && part.keyed != none);
  return !IsWatch(part.uid) && (keyed || !part.lists.empty());
}

const JobVertex* Find(const JobGraph& graph, const std::string& uid) {
  for (const JobVertex& vertex : graph.vertices) {
    if (vertex.uid == uid) return &vertex;
  }
  return nullptr;
}

// The vertex that an edge comes from; through a watch, the one before it.
const JobVertex& Producer(const JobGraph& graph, const JobEdge& edge) {
  const JobVertex& from = graph.vertices[static_cast<size_t>(edge.from)];
  for (const JobEdge& before : graph.edges) {
    if (IsWatch(from.uid) && before.to == edge.from) return graph.vertices[static_cast<size_t>(before.from)];
  }
  return from;
}

// What a vertex computes out of which inputs. Options of sources and sinks may change.
std::string Computation(const JobGraph& graph, const JobVertex& vertex) {
  ByteWriter out;
  out.String(vertex.factory);
  if (vertex.kind == VertexKind::kOperator) out.String(vertex.spec);
  for (const JobEdge& edge : graph.edges) {
    if (edge.to != vertex.id) continue;
    out.String(Producer(graph, edge).uid);
    for (int number : {edge.lane, edge.input}) out.Varint(static_cast<uint64_t>(number));
    for (int key : edge.keys) out.Varint(static_cast<uint64_t>(key));
  }
  return out.Take();
}

// A vertex and all that lies before it.
void AddAncestors(const JobGraph& graph, const JobVertex& vertex, std::set<std::string>* uids) {
  if (!uids->insert(vertex.uid).second) return;
  for (const JobEdge& edge : graph.edges) {
    if (edge.to == vertex.id) AddAncestors(graph, graph.vertices[static_cast<size_t>(edge.from)], uids);
  }
}

// Operators in both graphs that compute something else now, and whose result goes into the state of a part:
// their own state, or that of an operator behind them, means something else then.
std::set<std::string> ChangedBeforeState(const JobGraph& before, const JobGraph& now,
                                         const std::vector<SubtaskSnapshot>& parts, const std::string& none) {
  std::set<std::string> feeding;
  for (const SubtaskSnapshot& part : parts) {
    if (!HasOperatorState(part, none)) continue;
    for (const JobGraph* graph : {&before, &now}) {
      if (const JobVertex* vertex = Find(*graph, part.uid)) AddAncestors(*graph, *vertex, &feeding);
    }
  }
  std::set<std::string> changed;
  for (const std::string& uid : feeding) {
    const JobVertex *old = Find(before, uid), *present = Find(now, uid);
    if (old != nullptr && present != nullptr && Computation(before, *old) != Computation(now, *present))
      changed.insert(uid);
  }
  return changed;
}

}  // namespace

void DropChanged(const JobGraph& before, const JobGraph& now, std::vector<SubtaskSnapshot>* parts) {
  for (SubtaskSnapshot& part : *parts) {
    const JobVertex *old = Find(before, part.uid), *present = Find(now, part.uid);
    if (old == nullptr || present == nullptr || old->kind != VertexKind::kOperator) continue;
    if (old->factory == present->factory && old->spec == present->spec) continue;
    part.keyed.clear();
    part.keyed_source.reset();
    part.lists.clear();
  }
}

Status CheckRestorable(const JobGraph* before, const JobGraph& now, const std::vector<SubtaskSnapshot>& parts,
                       const std::string& from) {
  std::string none = NoKeyedState(now.max_parallelism);
  std::set<std::string> present, gone, changed;
  for (const JobVertex& vertex : now.vertices) present.insert(vertex.uid);
  std::set<std::string> added = present;
  for (const SubtaskSnapshot& part : parts) {
    added.erase(part.uid);
    bool empty = !HasOperatorState(part, none) && part.splits.empty() && part.committables.empty();
    if (!empty && !present.contains(part.uid)) gone.insert(part.uid);
  }
  if (before != nullptr) changed = ChangedBeforeState(*before, now, parts, none);
  if (gone.empty() && changed.empty()) return Status::Ok();
  return SqlError(ErrorNumber::kStateNotRestorable, {},
                  "the statement has changed since " + from +
                      " was written: operators with state that are gone: " + List(gone) +
                      "; that compute something else: " + List(changed) + "; that are new: " + List(added),
                  "start it anew, or leave behind what does not fit with --allow-non-restored-state");
}

}  // namespace penstock
