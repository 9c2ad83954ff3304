// Building tasks out of a graph, and the two ways of running them.
#include "runtime/job_runner.h"

#include <algorithm>
#include <chrono>

#include "env/thread.h"
#include "runtime/sink_operator.h"

namespace penstock {

// A task's place in the executor.
struct JobRunner::Slot {
  enum State : uint8_t { kWaiting, kReady, kRunning, kRunningWoken, kFinished };
  State state = kWaiting;
  int64_t wake_at_ms = INT64_MAX;
  bool exhausted = false;
};

JobRunner::JobRunner(JobGraph graph, JobOptions options, JobEnvironment environment)
    : graph_(std::move(graph)), options_(std::move(options)), environment_(environment) {}

// Clients' threads may wake tasks until the readers and writers are gone, so these go first.
JobRunner::~JobRunner() { tasks_.clear(); }

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

Result<std::vector<SourceSplit>> JobRunner::DiscoverFor(int vertex, int subtask) {
  std::lock_guard lock(enumeration_mutex_);
  Enumeration& e = enumerations_[vertex];
  ASSIGN_OR_RETURN(std::vector<SourceSplit> found, e.enumerator->Discover());
  for (SourceSplit& split : found) {
    if (std::find(e.known.begin(), e.known.end(), split.id) != e.known.end()) continue;
    e.known.push_back(split.id);
    e.assigned[e.next++ % e.assigned.size()].push_back(std::move(split));
  }
  std::vector<SourceSplit> mine;
  mine.swap(e.assigned[static_cast<size_t>(subtask)]);
  return mine;
}

Status JobRunner::AddChain(Task* task, int vertex_id, int subtask, int parent_node, int lane, int input) {
  const JobVertex& vertex = graph_.vertices[static_cast<size_t>(vertex_id)];
  OperatorChain::NodeSpec node;
  node.vertex = &vertex;
  node.parent = parent_node;
  node.lane = lane;
  node.input = input;
  node.context.operator_name = vertex.name;
  node.context.subtask = subtask;
  node.context.parallelism = vertex.parallelism;
  node.context.clock = environment_.clock;
  node.context.eval = environment_.eval;
  node.context.files = environment_.files;
  node.context.batch_rows = options_.batch_rows;
  node.context.metrics = NewMetrics(vertex.name, subtask);
  if (vertex.kind == VertexKind::kSink) {
    ASSIGN_OR_RETURN(std::unique_ptr<Sink> sink, environment_.registry->NewSink(vertex));
    size_t index = tasks_.size();
    SinkContext context{subtask,
                        vertex.parallelism,
                        environment_.clock,
                        environment_.files,
                        environment_.eval,
                        [this, index] { Wake(index); }};
    node.op = std::make_unique<SinkOperator>(std::move(sink), std::move(context));
  } else if (vertex.kind == VertexKind::kOperator) {
    ASSIGN_OR_RETURN(node.op, environment_.registry->NewOperator(vertex));
    KeyGroupRange range = KeyGroupRange::Of(subtask, vertex.parallelism, graph_.max_parallelism);
    node.state = MakeHashBackend(range, environment_.clock);
  }
  if (node.op) {
    std::vector<std::string> lists;
    for (const SubtaskSnapshot& part : options_.restore) {
      if (part.uid != vertex.uid) continue;
      if (node.state && !part.keyed.empty()) RETURN_IF_ERROR(node.state->Restore(part.keyed));
      lists.insert(lists.end(), part.lists.begin(), part.lists.end());
    }
    if (!lists.empty()) RETURN_IF_ERROR(node.op->RestoreState(lists));
  }
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
    auto exchange = std::make_unique<Exchange>(edge, vertex.schema, subtask, graph_.max_parallelism, targets);
    task->chain().AddExchange(index, edge.lane, std::move(exchange));
  }
  return Status::Ok();
}

Status JobRunner::BuildTasks() {
  // Producers first: their channels exist when the consumers' gates are made.
  for (const JobVertex& vertex : graph_.vertices) {
    bool chained = std::any_of(graph_.edges.begin(), graph_.edges.end(),
                               [&](const JobEdge& e) { return e.to == vertex.id && IsChained(e); });
    if (chained) continue;
    for (int subtask = 0; subtask < vertex.parallelism; ++subtask) {
      size_t index = tasks_.size();
      Task::Callbacks callbacks;
      callbacks.on_snapshot = [this](uint64_t epoch, std::vector<SubtaskSnapshot> parts) {
        CollectSnapshot(epoch, std::move(parts));
      };
      callbacks.discover = [this, id = vertex.id, subtask] { return DiscoverFor(id, subtask); };
      auto task = std::make_unique<Task>(vertex.name, environment_.clock, std::move(callbacks));
      if (vertex.kind == VertexKind::kSource) {
        SourceContext context{subtask,
                              vertex.parallelism,
                              environment_.clock,
                              environment_.files,
                              environment_.eval,
                              [this, index] { Wake(index); },
                              &NewMetrics(vertex.name + " (source)", subtask)->bad_rows};
        context.restored = std::any_of(options_.restore.begin(), options_.restore.end(),
                                       [&](const SubtaskSnapshot& part) { return part.uid == vertex.uid; });
        if (!sources_[vertex.id]) {
          ASSIGN_OR_RETURN(sources_[vertex.id], environment_.registry->NewSource(vertex));
          Enumeration& e = enumerations_[vertex.id];
          ASSIGN_OR_RETURN(e.enumerator, sources_[vertex.id]->MakeEnumerator(context));
          e.assigned.resize(static_cast<size_t>(vertex.parallelism));
          for (const SubtaskSnapshot& part : options_.restore) {
            if (part.uid != vertex.uid) continue;
            for (const SourceSplit& split : part.splits) {
              e.known.push_back(split.id);
              e.assigned[e.next++ % e.assigned.size()].push_back(split);
            }
          }
        }
        ASSIGN_OR_RETURN(std::unique_ptr<SplitReader> reader, sources_[vertex.id]->MakeReader(context));
        task->SetSource(&vertex, subtask, std::move(reader),
                        enumerations_[vertex.id].enumerator->discovery_interval_ms());
      }
      RETURN_IF_ERROR(AddChain(task.get(), vertex.id, subtask, -1, 0, 0));
      tasks_.push_back(std::move(task));
    }
  }
  // Gates.
  size_t index = 0;
  for (const JobVertex& vertex : graph_.vertices) {
    bool chained = std::any_of(graph_.edges.begin(), graph_.edges.end(),
                               [&](const JobEdge& e) { return e.to == vertex.id && IsChained(e); });
    if (chained) continue;
    for (int subtask = 0; subtask < vertex.parallelism; ++subtask, ++index) {
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
  return Status::Ok();
}

Status JobRunner::Prepare() {
  RETURN_IF_ERROR(BuildTasks());
  slots_ = std::make_unique<Slot[]>(tasks_.size());
  for (size_t i = 0; i < tasks_.size(); ++i) {
    RETURN_IF_ERROR(tasks_[i]->Open());
  }
  // First splits, once every reader stands.
  size_t index = 0;
  for (const JobVertex& vertex : graph_.vertices) {
    bool chained = std::any_of(graph_.edges.begin(), graph_.edges.end(),
                               [&](const JobEdge& e) { return e.to == vertex.id && IsChained(e); });
    if (chained) continue;
    for (int subtask = 0; subtask < vertex.parallelism; ++subtask, ++index) {
      if (vertex.kind != VertexKind::kSource) continue;
      ASSIGN_OR_RETURN(std::vector<SourceSplit> splits, DiscoverFor(vertex.id, subtask));
      tasks_[index]->AddSplits(std::move(splits));
    }
  }
  return Status::Ok();
}

Status JobRunner::Run() { return CloseTasks(graph_.lock_step ? RunLockStep() : RunThreaded()); }

Status JobRunner::CloseTasks(Status status) {
  for (auto& task : tasks_) {
    Status closed = task->Close(status.ok());
    if (status.ok() && !closed.ok()) status = closed;
  }
  // A job that came to its end before it was idle: what its tasks had last is what there is to go on from.
  if (options_.savepoint && !savepoint_complete_) savepoint_ = std::move(finished_parts_);
  return status;
}

void JobRunner::Cancel() {
  cancelled_ = true;
  std::lock_guard lock(mutex_);
  wakeup_.notify_all();
}

void JobRunner::CollectSnapshot(uint64_t epoch, std::vector<SubtaskSnapshot> parts) {
  std::lock_guard lock(snapshot_mutex_);
  if (epoch == 0) {
    ++finished_tasks_;
    for (SubtaskSnapshot& part : parts) finished_parts_.push_back(std::move(part));
  } else {
    ++acknowledged_[epoch];
    for (SubtaskSnapshot& part : parts) collected_[epoch].push_back(std::move(part));
  }
  for (auto& [open_epoch, count] : acknowledged_) {
    if (count + finished_tasks_ < tasks_.size() || savepoint_complete_) continue;
    savepoint_ = collected_[open_epoch];
    savepoint_.insert(savepoint_.end(), finished_parts_.begin(), finished_parts_.end());
    savepoint_complete_ = true;
  }
}

void JobRunner::RequestSavepoint() {
  savepoint_requested_ = true;
  for (size_t i = 0; i < tasks_.size(); ++i) {
    if (!tasks_[i]->is_source()) continue;
    tasks_[i]->RequestBarrier(1);
    Wake(i);
  }
}

bool JobRunner::OnQuiet(bool exhausted, bool moved) {
  if (!options_.stop_when_idle || stop_requested_) return false;
  int64_t now = environment_.clock->MonotonicMillis();
  if (!exhausted || moved) {
    quiet_since_ = -1;
    return false;
  }
  if (quiet_since_ < 0) quiet_since_ = now;
  if (now - quiet_since_ < options_.idle_ms) return false;
  if (options_.savepoint && !savepoint_requested_) {
    RequestSavepoint();
    return false;
  }
  if (options_.savepoint && !savepoint_complete_) return false;
  stop_requested_ = true;
  for (size_t i = 0; i < tasks_.size(); ++i) {
    if (!tasks_[i]->is_source()) continue;
    tasks_[i]->RequestStop();
    Wake(i);
  }
  return true;
}

void JobRunner::Wake(size_t task) {
  if (!slots_) return;
  std::lock_guard lock(mutex_);
  Slot& slot = slots_[task];
  if (slot.state == Slot::kWaiting) {
    slot.state = Slot::kReady;
    ready_.push_back(task);
    wakeup_.notify_one();
  } else if (slot.state == Slot::kRunning) {
    slot.state = Slot::kRunningWoken;
  }
}

void JobRunner::Finish(Status status) {
  if (!done_) outcome_ = std::move(status);
  done_ = true;
  wakeup_.notify_all();
}

void JobRunner::WorkerLoop() {
  std::unique_lock lock(mutex_);
  while (!done_) {
    if (cancelled_) return Finish(Status(StatusCode::kCancelled, "the job was cancelled"));
    int64_t now = environment_.clock->MonotonicMillis();
    int64_t next_wake = now + 50;
    for (size_t i = 0; i < tasks_.size(); ++i) {
      Slot& slot = slots_[i];
      if (slot.state != Slot::kWaiting) continue;
      if (slot.wake_at_ms <= now) {
        slot.state = Slot::kReady;
        ready_.push_back(i);
      } else {
        next_wake = std::min(next_wake, slot.wake_at_ms);
      }
    }
    if (ready_.empty()) {
      if (running_ == 0) {
        bool exhausted = true;
        for (size_t i = 0; i < tasks_.size(); ++i) {
          if (tasks_[i]->is_source() && slots_[i].state != Slot::kFinished)
            exhausted = exhausted && slots_[i].exhausted;
        }
        lock.unlock();
        OnQuiet(exhausted, false);
        lock.lock();
      }
      if (ready_.empty() && !done_)
        wakeup_.wait_for(lock, std::chrono::milliseconds(std::max<int64_t>(1, next_wake - now)));
      continue;
    }
    size_t index = ready_.front();
    ready_.erase(ready_.begin());
    Slot& slot = slots_[index];
    slot.state = Slot::kRunning;
    ++running_;
    lock.unlock();
    Result<StepResult> result = StepResult{};
    bool moved = false;
    for (int rounds = 0; rounds < 32; ++rounds) {  // a slice of work before others get their turn
      result = tasks_[index]->Step(options_.batch_rows);
      if (!result || result->want != StepResult::Want::kAgain) break;
      moved = moved || result->moved;
      if (cancelled_.load(std::memory_order_relaxed)) break;
    }
    lock.lock();
    --running_;
    if (moved) quiet_since_ = -1;
    if (!result) return Finish(result.error());
    slot.exhausted = result->exhausted;
    if (result->want == StepResult::Want::kFinished) {
      slot.state = Slot::kFinished;
      if (--unfinished_ == 0) return Finish(Status::Ok());
      continue;
    }
    bool woken = slot.state == Slot::kRunningWoken;
    slot.wake_at_ms = result->wake_at_ms;
    if (woken || result->want == StepResult::Want::kAgain) {
      slot.state = Slot::kReady;
      ready_.push_back(index);
      wakeup_.notify_one();
    } else {
      slot.state = Slot::kWaiting;
    }
  }
}

Status JobRunner::RunThreaded() {
  {
    std::lock_guard lock(mutex_);
    unfinished_ = tasks_.size();
    for (size_t i = 0; i < tasks_.size(); ++i) {
      slots_[i].state = Slot::kReady;
      ready_.push_back(i);
    }
  }
  if (tasks_.empty()) return Status::Ok();
  size_t threads =
      options_.threads > 0 ? static_cast<size_t>(options_.threads) : static_cast<size_t>(AvailableCores());
  std::vector<Thread> workers;
  for (size_t i = 1; i < std::min(threads, tasks_.size()); ++i) {
    workers.emplace_back("worker-" + std::to_string(i), [this] { WorkerLoop(); });
  }
  WorkerLoop();
  for (Thread& worker : workers) worker.Join();
  return outcome_;
}

}  // namespace penstock
