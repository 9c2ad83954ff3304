// Session: executes SQL statements one after the other: owns the catalog, the SET options and the jobs it
// started. Used by one thread; jobs run on threads of their own. What the command line and the public API
// wrap.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/control/process_jobs.h"
#include "engine/forecast/state_report.h"
#include "engine/jobs/job.h"
#include "engine/object_access.h"
#include "engine/output/result_handler.h"
#include "engine/jobs/run_directory.h"
#include "env/clock.h"
#include "env/files/file_system.h"
#include "env/files/memory_file_system.h"
#include "env/random.h"
#include "checkpoint/checkpoint_store.h"
#include "env/thread.h"
#include "runtime/job_runner.h"
#include "sql/config.h"
#include "sql/syntax/parser.h"
#include "sql/physical/physical_planner.h"
#include "sql/rerun/read_range.h"
#include "table/catalog.h"

namespace penstock {

class LiveTables;
class Rerun;

struct SessionOptions {
  bool stop_when_idle = false;
  std::string savepoint_dir;  // with stop_when_idle
  std::string from_savepoint;
  bool continue_on_error = false;
  bool explain_only = false;  // queries and INSERTs are explained instead of run
  bool progress = false;      // report what jobs do on standard error
  // Of RAND, UUID and the like; without it each session has its own.
  std::optional<uint64_t> seed;
  // Who steps the tasks of each job; null: see JobEnvironment.
  std::function<std::unique_ptr<Executor>()> make_executor;
  // How jobs wait before they start again; null: in real time.
  std::function<void(int64_t ms)> pause;
  ChainLimits chains;               // of checkpoints
  ObjectStores* objects = nullptr;  // null: those that the options s3.* name
  bool driven = false;              // jobs have no threads: they run in RunUntilQuiet, under a manual clock
  bool control = false;             // jobs with checkpoints listen at a socket
  bool fresh = false;               // forget an unfinished run of this script
  bool rewind = false;              // start from a savepoint although exactly-once sinks have more
  bool allow_non_restored_state = false;
  std::string script_name = "session";  // names the folder of its checkpoints
  Rerun* rerun = nullptr;  // INSERT statements are run again for it (rerun/rerun.h); queries do nothing
};

class Session {
 public:
  Session(SessionOptions options, const Clock* clock, FileSystem* files);
  ~Session();

  // Executes a script; returns true when every statement succeeded. Statements are numbered on over several
  // scripts. Ends early when the handler takes no more rows (ResultHandler::status).
  bool ExecuteScript(std::string_view script, ResultHandler* handler);
  // Executes one statement for a caller who reads rows at his own pace. The job of a SELECT only starts: it
  // runs on a thread of its own, and `handler` gets its rows and its end from there. Returns the number of
  // the job, 0 where the statement has ended already (SHOW, EXPLAIN, DDL).
  Result<int> StartQuery(std::string_view statement, std::shared_ptr<ResultHandler> handler);
  // Ends a job of StartQuery and waits until it has ended; nothing when it is no more.
  void CancelJob(int job);
  // Of a driven session: works until nothing moves in any job; returns the earliest time (milliseconds of the
  // clock) that something waits for. Fails with the first job that failed and has no handler of its own.
  Result<int64_t> RunUntilQuiet();
  // Waits for the jobs that still run; true when all of them succeeded. REQUIRES: not driven.
  bool WaitForJobs(ResultHandler* handler);
  // From any thread: ends every job at once.
  void CancelAll();
  // From any thread: ends every job in order (Job::Stop); no further statement is executed.
  void StopAll();

  // As SET 'key' = 'value'; an option that cannot have this value keeps the one it had.
  Status SetOption(const std::string& key, const std::string& value);
  // Reads what a table has now, in batch mode: its rows to the handler, on another thread. Waits for the end.
  Status ReadTable(const Table& table, const std::vector<std::string>& columns, ResultHandler* handler);
  const Catalog& catalog() const { return catalog_; }
  MemoryBudget& memory() { return memory_; }
  // What applications add; before the first statement that names it.
  ConnectorCatalog& connectors() { return connectors_; }
  FactoryRegistry& registry() { return registry_; }

 private:
  struct RunningJob;
  struct Collector;

  Status Execute(const sql::AstStatement& statement, int number, ResultHandler* handler);
  Status ExecuteBody(const sql::AstSelectStatement& select, int number, ResultHandler* handler);
  Status ExecuteInserts(const std::vector<sql::AstInsert>& inserts, int number);
  // For a Rerun (rerun/session_rerun.cc): the statement in batch mode; and plans over a range, where the
  // sinks are the Rerun's.
  Status RerunInserts(const std::vector<sql::AstInsert>& inserts, int number);
  Status RunBounded(std::vector<sql::PlanPtr> plans, const std::vector<sql::SinkTarget>& targets,
                    const sql::ReadRange& range, int number);
  void CollectFor(int statement, ResultHandler* handler);
  // The plan of a query or of INSERTs as a result (explain.cc).
  Status ReportPlan(const sql::AstStatement& statement, const std::vector<std::string>& details, int number,
                    ResultHandler* handler);
  Status ExecuteShow(const sql::AstShow& show, int number, ResultHandler* handler);
  Status ExecuteDescribe(const std::vector<std::string>& name, int number, ResultHandler* handler);
  Status ExecuteSet(const sql::AstSet& set, int number, ResultHandler* handler);
  Status ExecuteDrop(const sql::AstDrop& drop);
  // The section of EXPLAIN about sinks: guarantees, and columns that a replay changes.
  Result<std::string> GuaranteesText(const std::vector<sql::PlanPtr>& plans,
                                     const std::vector<sql::SinkTarget>& sinks,
                                     sql::PhysicalPlanner* planner);
  Result<std::string> ExplainText(const sql::AstStatement& statement, bool changelog_mode);
  // EXPLAIN STATE (forecast/explain_state.cc), and the job of a statement that only is to be explained.
  Result<std::string> ExplainState(const sql::AstStatement& statement);
  Result<JobGraph> PlanForExplain(const sql::AstStatement& statement);
  Status BindForExplain(const sql::AstStatement& statement, std::vector<sql::PlanPtr>* plans,
                        std::vector<sql::SinkTarget>* sinks);
  // A column of strings as the result of SHOW and the like.
  void ReportTexts(int number, const std::string& column, const std::vector<std::string>& values,
                   ResultHandler* handler);
  // Runs a job to its end, or in the background (its end is told to handler_).
  // `bounded`: its sources end.
  struct JobPlan {
    JobGraph graph;
    bool bounded = true;
    std::vector<std::string> exactly_once_sinks;
    std::vector<std::string> notices = {};  // for people, before it runs
  };
  StateForecasts state_forecasts_;  // of EXPLAIN STATE, for summaries
  void NoteHotKeys(const JobPlan& plan, bool checkpoints, int number);
  Status RunJob(JobPlan plan, bool wait, int number);
  // Runs it to its end on the calling thread, and reports what it does where that is asked for.
  void RunWatched(RunningJob& job);
  // On the thread that ran it: its savepoint, its control socket.
  void ConcludeJob(RunningJob& job);
  Status FinishJob(RunningJob& job);
  // Whoever controls the process may ask for the job: at a socket in its folder, or, where that is in a
  // bucket, in the one of penstock.control.dir.
  Result<std::string> TakeControlFolder(RunningJob& job, const std::string& directory);
  void OpenControl(RunningJob& job, const JobDurability& durability);
  // Works on a job of a driven session until it is quiet; when it has ended it is told and forgotten.
  Result<JobRunner::Quiet> Drive(RunningJob& job);
  // Says which lanes and limits of tables name no table.
  void NoteUnknownTables(int number);
  // Whether the savepoint that a job is to end with could be written.
  Status CheckSavepointDir(int job);
  // What the job starts from, if anything: into its options, and what its checkpoints must know of it.
  Status LoadSavepoint(const JobGraph& graph, int job, JobOptions* options, JobDurability* durability);
  // What a job with checkpoints needs; nullopt where none are asked for (durability.cc).
  Result<std::optional<JobDurability>> DurabilityOf(const JobGraph& graph, int job, bool bounded);
  // Where its checkpoints go: a folder of the run of the script, or memory.
  Status PlaceCheckpoints(const std::string& root, const std::string& uid, JobDurability* durability);
  // How its checkpoints are taken; an error where they cannot give what its sinks promise.
  Result<CheckpointOptions> CheckpointsOf(const JobGraph& graph, bool bounded) const;
  bool TakesCheckpoints(const CheckpointOptions& options) const;
  Status EndRun(bool all_ok);
  // The object stores that the options name now; those of before live on, for jobs that use them.
  ObjectStores* objects();
  sql::BindContext bind_context();
  Status UpdateTimeZone();

  SessionOptions options_;
  const Clock* clock_;
  FileSystem* files_;
  MemoryFileSystem memory_files_;       // checkpoints of jobs that have no folder for them
  MemoryBudget memory_;                 // of all jobs; its limit is that of the job started last
  std::atomic<uint64_t> random_state_;  // one SplitMix64 sequence for the tasks of all jobs
  SessionObjectStores object_stores_;
  Catalog catalog_;
  sql::Config config_;
  EvalContext eval_;
  ConnectorCatalog connectors_;
  FactoryRegistry registry_;
  std::atomic<bool> stopping_{false};
  int statements_ = 0;
  int jobs_ = 0;
  bool at_run_time_ = false;  // the statement that fails has started its job
  ProcessJobs process_jobs_;
  std::unique_ptr<LiveTables> live_tables_;  // of the connector 'terminal'
  std::unique_ptr<Collector> collector_;
  ResultHandler* notices_ = nullptr;        // who is told what is worth knowing, while a call lasts
  std::shared_ptr<ResultHandler> handler_;  // of the statement that StartQuery executes
  std::mutex jobs_mutex_;
  std::list<std::unique_ptr<RunningJob>> running_;
  std::unique_ptr<RunDirectory> run_directory_;    // once a job has asked for checkpoints
  std::set<std::string> job_uids_;                 // of jobs with checkpoints
  std::atomic<size_t> stopped_with_savepoint_{0};  // of them
  bool any_left_ = false;  // a statement failed, or a job was stopped before its sources had ended
};

}  // namespace penstock
