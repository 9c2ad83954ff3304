// JobRunner: one job in this process: makes the tasks of a graph, has an executor step them, watches for
// idleness, takes a savepoint, ends. Thread-safe where it says so.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/executors/lock_step_executor.h"
#include "runtime/snapshot.h"
#include "stream/checkpoint.h"
#include "stream/dedicated_keys.h"
#include "stream/registry.h"

namespace penstock {

struct JobOptions {
  int batch_rows = 1024;  // most rows of a batch
  int turn_rows = 1;      // of a lock-step job: rows that a source hands out in its turn
  int64_t channel_rows = 16384;
  bool stop_when_idle = false;
  int64_t idle_ms = 200;
  bool savepoint = false;      // of stop_when_idle: take a snapshot before ending
  int threads = 0;             // 0: as many as cores
  std::string work_directory;  // OperatorContext's; empty: nothing may be written
  // Keyed state that does not fit into memory goes to this folder; empty: all of it stays in memory.
  std::string state_directory;
  // One per vertex uid; every new subtask gets all old subtasks' parts.
  std::vector<SubtaskSnapshot> restore;
  bool restore_watermarks = false;  // after a failure; a start from a savepoint begins without
  // Who gathers checkpoints; outlives the job. Null: the job takes none, sinks commit as they go.
  CheckpointListener* checkpoints = nullptr;
  // Handed to the sinks; outlives the job. Null where the sealed manifest decides.
  DecisionLog* decisions = nullptr;
  // After a checkpoint that says that other keys should have subtasks of their own the sources are stopped,
  // so that the job can be started again from its last checkpoint (JobRunner::moves_keys).
  bool moves_keys = false;
  std::string job;  // its uid, for sinks that leave traces outside; "" without checkpoints
};

// What the job may use; outlives it.
struct JobEnvironment {
  const FactoryRegistry* registry = nullptr;
  const Clock* clock = nullptr;
  FileSystem* files = nullptr;
  const EvalContext* eval = nullptr;
  MemoryBudget* memory = nullptr;  // shared by all jobs; null: the job has one of its own, without a limit
  // Who steps the tasks; null: a lock-step executor for lock-step graphs, threads for all others.
  std::function<std::unique_ptr<Executor>()> make_executor = nullptr;
  // How a job waits before it starts again; null: in real time.
  std::function<void(int64_t ms)> pause = nullptr;
  // Where state goes that does not fit into memory; null: to RocksDB.
  std::function<std::shared_ptr<OrderedStore>()> make_store = nullptr;
  ObjectStores* objects = nullptr;  // null: there are none
};

struct VertexMetrics {
  std::string name;
  int vertex = -1;  // of the graph; -1: the runtime's own
  int subtask = 0;
  std::unique_ptr<OperatorMetrics> metrics = std::make_unique<OperatorMetrics>();
};

class JobRunner : public CheckpointedJob, private TaskSet {
 public:
  JobRunner(JobGraph graph, JobOptions options, JobEnvironment environment);
  ~JobRunner() override;

  // Makes and opens everything; an error leaves nothing behind.
  Status Prepare();
  // Runs to the end on the calling thread and what threads the executor has; returns the job's outcome.
  Status Run();
  using Quiet = LockStepExecutor::Quiet;
  // For callers that drive the job themselves, under a manual clock: works on the calling thread until
  // nothing moves without time passing or help from outside. The job is closed when this returns `finished`
  // or an error, and must not be driven on. REQUIRES: Run is not used.
  Result<Quiet> RunUntilQuiet();
  // As Executor::AddDriver and AddBackground.
  bool AddDriver(const std::function<int64_t()>& step) { return executor_->AddDriver(step); }
  bool AddBackground(const std::function<bool()>& step) { return executor_->AddBackground(step); }
  // From any thread: ends the job as soon as its tasks notice (well below a second); Run returns kCancelled.
  void Cancel();
  // From any thread, before Release: the sources read no more; what was read is processed and written, then
  // the job ends. Windows do not fire: a later start goes on with them. With `drain` they do, as at the end
  // of the input.
  void Stop(bool drain = false);
  // After Run: frees everything but the metrics.
  void Release();
  size_t task_count() const override { return tasks_.size(); }
  void StartCheckpoint(uint64_t epoch) override;
  void CheckpointDecided(uint64_t epoch) override;
  void Fail(Status status) override;
  // Up to which epoch all sinks have committed; 0 before there are any.
  uint64_t committed_epoch() const;
  // After Run: every source had ended, the job was not stopped before.
  bool drained() const { return drained_; }
  // After Run: the job was stopped only to go on with other dedicated keys.
  bool moves_keys() const { return moves_keys_; }
  // The keys of an operator with a subtask of their own; null: none. And what is known of its keys by now.
  const DedicatedKeys* dedicated(int vertex) const;
  WatchedKeys SeenBefore(int vertex) const;
  // After Run: the snapshot asked for by JobOptions::savepoint.
  const std::vector<SubtaskSnapshot>& savepoint() const { return savepoint_; }
  const JobGraph& graph() const { return graph_; }
  // Brings the times in the metrics up to now; not during Release.
  void RefreshLoads() const {
    for (const auto& task : tasks_) task->RefreshLoad();
  }
  // Of state that did not fit into memory, about; after Release what there was then. Not during Release.
  int64_t state_disk_bytes() const;
  // Readable from any thread while the job lives.
  const std::vector<VertexMetrics>& metrics() const { return metrics_; }

 private:
  size_t size() const override { return tasks_.size(); }
  const std::string& name(size_t task) const override { return tasks_[task]->name(); }
  bool is_source(size_t task) const override { return tasks_[task]->is_source(); }
  Result<StepResult> Step(size_t task, int64_t max_rows) override { return tasks_[task]->Step(max_rows); }
  // Of stop_when_idle: takes the savepoint and stops the sources when the job has been idle for long enough.
  void OnQuiet(bool exhausted, bool moved) override;

  // Building (job_builder.cc). Tasks are numbered by vertex, then subtask; chained vertices have none.
  Status BuildTasks();
  bool IsChained(const JobEdge& edge) const;
  bool HeadsTask(const JobVertex& vertex) const;
  Status AddSource(Task* task, const JobVertex& vertex, int subtask, size_t index);
  Status MakeSource(const JobVertex& vertex, const SourceContext& context);
  Status AddChain(Task* task, int vertex, int subtask, int parent_node, int lane, int input);
  Status MakeNode(const JobVertex& vertex, OperatorChain::NodeSpec* node);
  std::unique_ptr<BoundedBackend> MakeState(const KeyGroupRange& range);
  Status RestoreNode(const JobVertex& vertex, OperatorChain::NodeSpec* node);
  // Dedicated keys (job_dedicated.cc).
  Status ChooseDedicatedKeys();
  std::shared_ptr<const DedicatedKeys> DedicatedTo(const JobEdge& edge) const;
  KeyGroupRange RangeOf(const JobVertex& vertex, int subtask) const;
  bool WantsOtherKeys() const;
  void ConnectGates(const JobVertex& vertex, size_t first_task);
  OperatorMetrics* NewMetrics(const std::string& name, int subtask);

  Result<std::vector<SourceSplit>> DiscoverFor(int vertex, int subtask);
  Status CloseTasks(Status status);
  void Wake(size_t task) { executor_->Wake(task); }
  template <typename F>
  void ForSources(F tell);

  Task::Callbacks CallbacksOf(size_t task, int vertex, int subtask);
  int64_t RestoredWatermark(const std::string& uid) const;

  JobGraph graph_;
  JobOptions options_;
  JobEnvironment environment_;
  MemoryBudget own_memory_;
  std::shared_ptr<OrderedStore> store_;  // of state that does not fit into memory
  int64_t state_disk_bytes_ = 0;
  std::unique_ptr<Executor> executor_;
  LockStepExecutor driver_;  // of RunUntilQuiet
  std::vector<std::unique_ptr<Task>> tasks_;
  std::vector<VertexMetrics> metrics_;
  std::map<int, std::unique_ptr<Source>> sources_;
  struct Enumeration {
    std::unique_ptr<SplitEnumerator> enumerator;
    std::vector<std::vector<SourceSplit>> assigned;  // per subtask, not yet taken
    size_t next = 0;
    std::vector<std::string> known;
  };
  std::map<int, Enumeration> enumerations_;
  std::mutex enumeration_mutex_;
  std::map<std::pair<int, int>, std::vector<std::shared_ptr<Channel>>> channels_;  // (edge, from subtask)

  std::map<int, std::shared_ptr<const DedicatedKeys>> dedicated_;  // by vertex
  std::atomic<bool> moves_keys_{false};
  SnapshotCollector snapshots_;
  std::atomic<bool> drained_{true};
  std::mutex failure_mutex_;
  Status failure_;  // of Fail
  std::vector<SubtaskSnapshot> savepoint_;
  bool stop_requested_ = false;
  int64_t quiet_since_ = -1;
};

}  // namespace penstock
