// Simulation: one script in a simulated machine, over the deaths of the process that runs it: one thread, a
// manual clock, a disk in memory, and a seed that decides everything else. What the tests of tests/sim and
// `penstock verify` stand on; docs/design/simulation.md.
//
// A life is one process: a session that executes the script as the command line does. It ends when the
// script has, or where the rule says at a failpoint: from then on nothing that the process still does has an
// effect. The next life finds the disk as it was left, or as a power failure left it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/session.h"
#include "env/failpoint.h"
#include "env/files/process_file_system.h"
#include "runtime/testing/simulated_executor.h"

namespace penstock {

enum class PointVerdict : uint8_t {
  kGoOn,
  kDie,   // the process is gone
  kFail,  // the call fails with an error of the disk
};

// The wall clock of a simulated machine: as the simulation's clock goes, but for what was done to it. Waits
// are by the other clock, which only moves on.
class WallClock : public Clock {
 public:
  explicit WallClock(const ManualClock* inner) : inner_(inner) {}
  int64_t NowMicros() const override { return stopped_ ? *stopped_ : inner_->NowMicros() + offset_; }
  int64_t MonotonicMillis() const override { return inner_->MonotonicMillis(); }
  void Jump(int64_t micros) {
    offset_ += micros;
    if (stopped_) *stopped_ += micros;
  }
  void Stop() { stopped_ = NowMicros(); }

 private:
  const ManualClock* inner_;
  int64_t offset_ = 0;
  std::optional<int64_t> stopped_;
};

struct SimulationOptions {
  uint64_t seed = 1;
  int max_rows = 40;                // that a source hands out in a step
  int64_t max_step_micros = 4000;   // that a step of a task takes
  uint64_t interleaved_steps = 8;   // of tasks, at most, while the checkpoints' driver is at a failpoint
  FileSystem* below = nullptr;      // files that are only read; may be null
  ObjectStores* objects = nullptr;  // of all processes; lets nothing pass once one is dead. Null: none
  bool trace = false;
  bool pinned_wall_clock = false;  // NOW() and the like do not move
  bool stop_when_idle = false;     // jobs that do not end by themselves are stopped
  ChainLimits chains;              // of checkpoints
  uint64_t session_seed = 0;       // of RAND() and the like in the first life; 0: drawn
  // Makes the connectors of a session those of the simulated world.
  std::function<void(Session* session)> configure;
  std::string script_name = "simulation";
};

// How a process ended.
struct Life {
  bool died = false;
  bool finished = false;  // the script has ended, all of it well
  std::string died_at;    // the failpoint, with the number of the hit: "checkpoint.sealed 3"
  std::string error;      // of the first statement that failed
};

class Simulation : private FailpointHook {
 public:
  // `hit` counts from 1 in each life.
  using Rule = std::function<PointVerdict(const Failpoint& point, int64_t hit)>;
  // Asked after each step of a task; true: the process dies.
  using StepRule = std::function<bool(int64_t step)>;

  Simulation(std::string script, SimulationOptions options);

  Life Live(const Rule& rule, const StepRule& step_rule = nullptr, ProcessFileSystem::Fault fault = nullptr);
  // Between two lives: what was not durable is gone, or was lucky.
  void LosePower();

  // As SET, before the script, from the next life on.
  void Set(const std::string& key, const std::string& value) { settings_[key] = value; }

  MemoryFileSystem& disk() { return disk_.files; }
  ManualClock& clock() { return clock_; }
  WallClock& wall() { return wall_; }
  Random& random() { return random_; }
  bool alive() const { return process_ && process_->alive(); }
  int64_t file_operations() const { return process_ ? process_->operations() : 0; }
  // Hits of each point in the last life, and in all of them.
  const std::map<std::string, int64_t>& hits() const { return hits_; }
  const std::map<std::string, int64_t>& all_hits() const { return all_hits_; }
  // One aligned line an event; only with SimulationOptions::trace.
  const std::vector<std::string>& trace() const { return trace_; }
  void Note(const std::string& line);
  // Where the simulated world makes a caller wait: others go on.
  void Interleave();
  // Ends the process, as a rule that says kDie does.
  void Kill(const std::string& where);
  // Whether the disk takes nothing new just now.
  std::function<bool()> disk_is_full;
  // Called when a process dies, before anything of it is destroyed.
  std::function<void()> on_death;
  // Called after every step of a task, for readers who watch the sinks.
  std::function<void()> on_step;

 private:
  class Handler;
  Status OnHit(const Failpoint& point) override;
  std::unique_ptr<Executor> MakeExecutor();

  const std::string script_;
  const SimulationOptions options_;
  Random random_;
  ManualClock clock_;
  WallClock wall_;
  SimulatedDisk disk_;
  std::unique_ptr<ProcessFileSystem> process_;
  SimulatedExecutor* executor_ = nullptr;  // of the present attempt of the job
  Rule rule_;
  StepRule step_rule_;
  std::map<std::string, std::string> settings_;
  Life life_;
  int64_t steps_ = 0;
  int lives_ = 0;
  std::map<std::string, int64_t> hits_, all_hits_;
  std::vector<std::string> trace_;
};

}  // namespace penstock
