// From the graph to tasks: which vertices share a task, their operators with restored state, the channels
// between tasks.
#include <algorithm>

#include "env/failpoint.h"
#include "runtime/job_runner.h"
#include "runtime/sink_operator.h"
#include "state/keyed_image.h"
#include "state/ordered_store.h"

namespace penstock {

namespace {
SeededBug splits_move("bug:restore.splits-move", "splits change hands at a restart, watermarks do not");
SeededBug committables_lost("bug:restore.committables-lost",
                            "only the first subtask's committables come back");
SeededBug groups_lost("bug:restore.groups-lost", "a subtask gets only the state that it wrote itself");
}  // namespace

OperatorMetrics* JobRunner::NewMetrics(const std::string& name, int subtask) {
  VertexMetrics& metrics = metrics_.emplace_back();
  metrics.name = name;
  metrics.subtask = subtask;
  return metrics.metrics.get();
}

// An edge without a queue: the same subtask on both sides, and nothing else feeds the consumer.
bool JobRunner::IsChained(const JobEdge& edge) const {
  const JobVertex& from = graph_.vertices[static_cast<size_t>(edge.from)];
  const JobVertex& to = graph_.vertices[static_cast<size_t>(edge.to)];
  bool single = std::count_if(graph_.edges.begin(), graph_.edges.end(),
                              [&](const JobEdge& e) { return e.to == edge.to; }) == 1;
  bool aligned = from.parallelism == to.parallelism &&
                 (edge.partitioning == Partitioning::kForward || from.parallelism == 1);
  return single && aligned && to.inputs == 1;
}

bool JobRunner::HeadsTask(const JobVertex& vertex) const {
  return std::none_of(graph_.edges.begin(), graph_.edges.end(),
                      [&](const JobEdge& e) { return e.to == vertex.id && IsChained(e); });
}

Status JobRunner::BuildTasks() {
  RETURN_IF_ERROR(ChooseDedicatedKeys());
  // Producers first: their channels exist when the consumers' gates are made.
  for (const JobVertex& vertex : graph_.vertices) {
    if (!HeadsTask(vertex)) continue;
    for (int subtask = 0; subtask < vertex.parallelism; ++subtask) {
      size_t index = tasks_.size();
      auto task =
          std::make_unique<Task>(vertex.name, environment_.clock, CallbacksOf(index, vertex.id, subtask));
      task->set_commits_on_decision(options_.checkpoints != nullptr);
      task->chain().set_keeps_state(options_.checkpoints != nullptr || options_.savepoint);
      if (!options_.restore.empty()) task->GoOnFrom(options_.restore.front().restored_from);
      if (vertex.kind != VertexKind::kSource && options_.restore_watermarks)
        task->StartAtWatermark(RestoredWatermark(vertex.uid));
      if (vertex.kind == VertexKind::kSource) RETURN_IF_ERROR(AddSource(task.get(), vertex, subtask, index));
      RETURN_IF_ERROR(AddChain(task.get(), vertex.id, subtask, -1, 0, 0));
      tasks_.push_back(std::move(task));
    }
  }
  size_t index = 0;
  for (const JobVertex& vertex : graph_.vertices) {
    if (!HeadsTask(vertex)) continue;
    ConnectGates(vertex, index);
    index += static_cast<size_t>(vertex.parallelism);
  }
  return Status::Ok();
}

Task::Callbacks JobRunner::CallbacksOf(size_t task, int vertex, int subtask) {
  Task::Callbacks callbacks;
  callbacks.on_snapshot = [this, task](uint64_t epoch, std::vector<SubtaskSnapshot> parts) {
    if (epoch == kSavepointEpoch)
      snapshots_.Add(task, epoch, std::move(parts));
    else
      options_.checkpoints->OnSnapshot(task, epoch, std::move(parts));
  };
  callbacks.on_ended = [this, task](bool drained, std::vector<SubtaskSnapshot> parts) {
    if (!drained) drained_ = false;
    if (options_.checkpoints != nullptr) options_.checkpoints->OnEnded(task, drained, parts);
    if (options_.savepoint) snapshots_.Add(task, 0, std::move(parts));
  };
  callbacks.discover = [this, vertex, subtask] { return DiscoverFor(vertex, subtask); };
  return callbacks;
}

// At a barrier every subtask of a vertex has received the same marks.
int64_t JobRunner::RestoredWatermark(const std::string& uid) const {
  int64_t least = kMaxWatermark;
  bool found = false;
  for (const SubtaskSnapshot& part : options_.restore) {
    if (part.uid != uid) continue;
    least = std::min(least, part.watermark);
    found = true;
  }
  return found ? least : kNoWatermark;
}

Status JobRunner::AddSource(Task* task, const JobVertex& vertex, int subtask, size_t index) {
  OperatorMetrics* reading = NewMetrics(vertex.name + " (source)", subtask);
  SourceContext context{subtask,
                        vertex.parallelism,
                        environment_.clock,
                        environment_.files,
                        environment_.eval,
                        [this, index] { Wake(index); },
                        &reading->bad_rows,
                        &reading->bad_fields};
  context.objects = environment_.objects;
  context.restored = std::any_of(options_.restore.begin(), options_.restore.end(),
                                 [&](const SubtaskSnapshot& part) { return part.uid == vertex.uid; });
  if (!sources_[vertex.id]) RETURN_IF_ERROR(MakeSource(vertex, context));
  ASSIGN_OR_RETURN(std::unique_ptr<SplitReader> reader, sources_[vertex.id]->MakeReader(context));
  task->SetSource(&vertex, subtask, std::move(reader),
                  enumerations_[vertex.id].enumerator->discovery_interval_ms());
  return Status::Ok();
}

Status JobRunner::MakeSource(const JobVertex& vertex, const SourceContext& context) {
  ASSIGN_OR_RETURN(sources_[vertex.id], environment_.registry->NewSource(vertex));
  Enumeration& e = enumerations_[vertex.id];
  ASSIGN_OR_RETURN(e.enumerator, sources_[vertex.id]->MakeEnumerator(context));
  e.assigned.resize(static_cast<size_t>(vertex.parallelism));
  // At the same parallelism a split stays where it was: the restored watermark of a subtask speaks of its own
  // splits, and would make rows of another's late.
  bool stay = !splits_move.On() &&
              vertex.parallelism == std::count_if(options_.restore.begin(), options_.restore.end(),
                                                  [&](const auto& part) { return part.uid == vertex.uid; });
  for (const SubtaskSnapshot& part : options_.restore) {
    if (part.uid != vertex.uid) continue;
    for (const SourceSplit& split : part.splits) {
      e.known.push_back(split.id);
      size_t next = e.next++ % e.assigned.size();
      e.assigned[stay ? static_cast<size_t>(part.subtask) : next].push_back(split);
    }
  }
  return Status::Ok();
}

Status JobRunner::AddChain(Task* task, int vertex_id, int subtask, int parent_node, int lane, int input) {
  const JobVertex& vertex = graph_.vertices[static_cast<size_t>(vertex_id)];
  OperatorChain::NodeSpec node;
  node.vertex = &vertex;
  node.parent = parent_node;
  node.lane = lane;
  node.input = input;
  node.context.subtask = subtask;
  RETURN_IF_ERROR(MakeNode(vertex, &node));
  if (node.op) RETURN_IF_ERROR(RestoreNode(vertex, &node));
  int index = task->chain().AddNode(std::move(node));
  for (size_t e = 0; e < graph_.edges.size(); ++e) {
    const JobEdge& edge = graph_.edges[e];
    if (edge.from != vertex_id) continue;
    if (IsChained(edge)) {
      RETURN_IF_ERROR(AddChain(task, edge.to, subtask, index, edge.lane, edge.input));
      continue;
    }
    auto& targets = channels_[{static_cast<int>(e), subtask}];
    int consumers = graph_.vertices[static_cast<size_t>(edge.to)].parallelism;
    for (int t = 0; t < consumers; ++t) targets.push_back(std::make_shared<Channel>(options_.channel_rows));
    size_t producer = tasks_.size();
    for (const auto& channel : targets) channel->set_on_room([this, producer] { Wake(producer); });
    auto exchange = std::make_unique<Exchange>(edge, vertex.schema, subtask, graph_.max_parallelism, targets,
                                               DedicatedTo(edge));
    task->chain().AddExchange(index, edge.lane, std::move(exchange));
  }
  return Status::Ok();
}

Status JobRunner::MakeNode(const JobVertex& vertex, OperatorChain::NodeSpec* node) {
  int subtask = node->context.subtask;
  node->context.operator_name = vertex.name;
  node->context.parallelism = vertex.parallelism;
  for (const JobEdge& edge : graph_.edges) {
    if (edge.from == vertex.id && edge.lane == kMainLane)
      node->context.next_parallelism = graph_.vertices[static_cast<size_t>(edge.to)].parallelism;
  }
  node->context.clock = environment_.clock;
  node->context.eval = environment_.eval;
  node->context.files = environment_.files;
  node->context.memory = environment_.memory != nullptr ? environment_.memory : &own_memory_;
  node->context.work_directory = options_.work_directory;
  node->context.batch_rows = options_.batch_rows;
  node->context.restore_watermarks = options_.restore_watermarks;
  node->context.metrics = NewMetrics(vertex.name, subtask);
  metrics_.back().vertex = vertex.id;
  if (vertex.kind == VertexKind::kSink) {
    ASSIGN_OR_RETURN(std::unique_ptr<Sink> sink, environment_.registry->NewSink(vertex));
    size_t index = tasks_.size();
    SinkContext context{subtask,
                        vertex.parallelism,
                        environment_.clock,
                        environment_.files,
                        environment_.eval,
                        [this, index] { Wake(index); },
                        options_.decisions,
                        environment_.objects,
                        options_.job};
    auto op =
        std::make_unique<SinkOperator>(std::move(sink), std::move(context), options_.checkpoints != nullptr);
    node->sink = op.get();
    node->op = std::move(op);
  } else if (vertex.kind == VertexKind::kOperator) {
    ASSIGN_OR_RETURN(node->op, environment_.registry->NewOperator(vertex));
    node->state = MakeState(RangeOf(vertex, subtask));
  }
  return Status::Ok();
}

std::unique_ptr<BoundedBackend> JobRunner::MakeState(const KeyGroupRange& range) {
  MemoryBudget* memory = environment_.memory != nullptr ? environment_.memory : &own_memory_;
  if (options_.state_directory.empty()) return MakeHashBackend(range, environment_.clock, memory);
  if (!store_) {
    store_ = environment_.make_store ? environment_.make_store()
                                     : MakeRocksStore(environment_.files, options_.state_directory, memory);
  }
  return MakeTieredBackend(range, environment_.clock, memory, store_);
}

// Whether a subtask gets exactly what it wrote itself: then its next checkpoint may be a delta on that.
static Result<bool> KeepsItsState(const std::vector<SubtaskSnapshot>& parts, const std::string& uid,
                                  int subtask, const KeyGroupRange& range) {
  if (range.dedicated) return false;  // parts tell groups, not keys
  bool own = false;
  for (const SubtaskSnapshot& part : parts) {
    if (part.uid != uid || !part.has_keyed()) continue;
    if (part.restored_from == 0) return false;
    std::shared_ptr<KeyedSource> keyed = part.keyed_source;
    if (!keyed) {
      ASSIGN_OR_RETURN(keyed, MakeKeyedView(part.keyed));
    }
    if (keyed->max_parallelism() != static_cast<uint64_t>(range.max_parallelism)) return false;
    bool inside = false, outside = false;
    keyed->Locate(range, &inside, &outside);
    if (part.subtask == subtask ? outside : inside) return false;
    own = own || part.subtask == subtask;
  }
  return own;
}

// State goes to whom its key groups belong now; lists to everyone. What a sink had prepared is committed by
// one of its subtasks.
Status JobRunner::RestoreNode(const JobVertex& vertex, OperatorChain::NodeSpec* node) {
  std::vector<std::string> lists;
  for (const SubtaskSnapshot& part : options_.restore) {
    if (part.uid != vertex.uid) continue;
    if (groups_lost.On() && part.subtask != node->context.subtask) continue;
    if (node->state && part.keyed_source) RETURN_IF_ERROR(node->state->Restore(*part.keyed_source));
    if (node->state && !part.keyed.empty()) RETURN_IF_ERROR(node->state->Restore(part.keyed));
    lists.insert(lists.end(), part.lists.begin(), part.lists.end());
    if (committables_lost.On() && part.subtask != 0) continue;
    if (node->sink != nullptr && node->context.subtask == 0)
      node->sink->RestoreCommittables(part.committables);
  }
  if (node->state) {
    int subtask = node->context.subtask;
    KeyGroupRange range = RangeOf(vertex, subtask);
    ASSIGN_OR_RETURN(bool keeps, KeepsItsState(options_.restore, vertex.uid, subtask, range));
    if (keeps) node->state->GoOnFrom(options_.restore.front().restored_from);
  }
  return lists.empty() ? Status::Ok() : node->op->RestoreState(lists);
}

void JobRunner::ConnectGates(const JobVertex& vertex, size_t first_task) {
  for (int subtask = 0; subtask < vertex.parallelism; ++subtask) {
    size_t index = first_task + static_cast<size_t>(subtask);
    for (size_t e = 0; e < graph_.edges.size(); ++e) {
      const JobEdge& edge = graph_.edges[e];
      if (edge.to != vertex.id) continue;
      for (int from = 0; from < graph_.vertices[static_cast<size_t>(edge.from)].parallelism; ++from) {
        auto& channel = channels_[{static_cast<int>(e), from}][static_cast<size_t>(subtask)];
        channel->set_on_push([this, index] { Wake(index); });
        tasks_[index]->gate().AddChannel(edge.input, channel);
      }
    }
  }
}

}  // namespace penstock
