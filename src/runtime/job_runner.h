// JobRunner: one job in this process: makes the tasks of a graph, runs them (on the executor's threads, or in
// lock-step on one), watches for idleness, takes a savepoint, ends. Thread-safe where it says so.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/task.h"
#include "stream/registry.h"

namespace penstock {

struct JobOptions {
  int batch_rows = 1024;  // most rows of a batch
  int turn_rows = 1;      // of a lock-step job: rows that a source hands out in its turn
  int64_t channel_rows = 16384;
  bool stop_when_idle = false;
  int64_t idle_ms = 200;
  bool savepoint = false;  // of stop_when_idle: take a snapshot before ending
  int threads = 0;         // 0: as many as cores
  // One per vertex uid; every new subtask gets all old subtasks' parts.
  std::vector<SubtaskSnapshot> restore;
};

// What the job may use; outlives it.
struct JobEnvironment {
  const FactoryRegistry* registry = nullptr;
  const Clock* clock = nullptr;
  FileSystem* files = nullptr;
  const EvalContext* eval = nullptr;
};

struct VertexMetrics {
  std::string name;
  int subtask = 0;
  std::unique_ptr<OperatorMetrics> metrics = std::make_unique<OperatorMetrics>();
};

class JobRunner {
 public:
  JobRunner(JobGraph graph, JobOptions options, JobEnvironment environment);
  ~JobRunner();

  // Makes and opens everything; an error leaves nothing behind.
  Status Prepare();
  // Runs to the end on the calling thread (lock-step jobs) or on worker threads; returns the job's outcome.
  Status Run();
  // What RunUntilQuiet left behind.
  struct Quiet {
    bool finished = false;
    bool moved = false;              // rows were processed
    int64_t wake_at_ms = INT64_MAX;  // the earliest time that something waits for
  };
  // For callers that drive the job themselves, under a manual clock: works on the calling thread until
  // nothing moves without time passing or help from outside. The job is closed when this returns `finished`
  // or an error, and must not be driven on. REQUIRES: Run is not used.
  Result<Quiet> RunUntilQuiet();
  // From any thread: ends the job as soon as its tasks notice (well below a second); Run returns kCancelled.
  void Cancel();
  // After Run: the snapshot asked for by JobOptions::savepoint.
  const std::vector<SubtaskSnapshot>& savepoint() const { return savepoint_; }
  const JobGraph& graph() const { return graph_; }
  // Readable from any thread while the job lives.
  const std::vector<VertexMetrics>& metrics() const { return metrics_; }

 private:
  struct Slot;
  Status BuildTasks();
  bool IsChained(const JobEdge& edge) const;
  Status AddChain(Task* task, int vertex, int subtask, int parent_node, int lane, int input);
  Result<std::vector<SourceSplit>> DiscoverFor(int vertex, int subtask);
  // One turn of lock_step.cc: every source once, and after each the rest of the job until nothing moves.
  struct Round {
    bool moved = false;      // rows, not timers
    bool again = false;      // something asked to be called again
    bool exhausted = false;  // there are sources, and none has rows now
    int64_t wake_at_ms = INT64_MAX;
  };
  Result<Round> RunRound();
  Status StepTask(size_t task, Round* round);
  Status Settle(Round* round);
  Status RunLockStep();
  Status CloseTasks(Status status);
  Status RunThreaded();
  void WorkerLoop();
  void Wake(size_t task);
  void Finish(Status status);
  // Idle handling shared by both ways of running; true when the job should be told to stop.
  bool OnQuiet(bool all_sources_exhausted, bool moved);
  void RequestSavepoint();
  void CollectSnapshot(uint64_t epoch, std::vector<SubtaskSnapshot> parts);
  OperatorMetrics* NewMetrics(const std::string& name, int subtask);

  JobGraph graph_;
  JobOptions options_;
  JobEnvironment environment_;
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

  // Savepoint collection.
  std::mutex snapshot_mutex_;
  std::map<uint64_t, std::vector<SubtaskSnapshot>> collected_;
  std::map<uint64_t, size_t> acknowledged_;
  std::vector<SubtaskSnapshot> finished_parts_;
  size_t finished_tasks_ = 0;
  bool savepoint_requested_ = false;
  std::atomic<bool> savepoint_complete_{false};
  std::vector<SubtaskSnapshot> savepoint_;
  bool stop_requested_ = false;
  int64_t quiet_since_ = -1;

  // Lock-step execution.
  std::vector<bool> finished_, exhausted_;  // by task
  size_t left_ = 0;

  // Threaded execution.
  std::mutex mutex_;
  std::condition_variable wakeup_;
  std::vector<size_t> ready_;
  std::unique_ptr<Slot[]> slots_;
  size_t running_ = 0;
  size_t unfinished_ = 0;
  bool done_ = false;
  Status outcome_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace penstock
