// Campaign: what all simulated jobs have in common: a seed becomes a plan of deaths and faults, lives follow
// each other until the job has finished, and independent checkers look at what is visible.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/verify/simulation.h"

namespace penstock::sim {

// Of one life: what goes wrong in it. Points by name; hits from 1.
struct LifePlan {
  std::string die_at;
  int64_t die_hit = 0;
  int64_t die_step = 0;
  std::string fail_at;
  int64_t fail_hit = 0;
  int64_t fail_file_operation = 0;  // with EIO or ENOSPC
  // The disk takes nothing from this operation on, for so long.
  int64_t full_operation = 0, full_ms = 0;
  // At a step of a task: the process stands still while the world goes on; the wall clock is set; it stops.
  int64_t sleep_step = 0, sleep_ms = 0;
  int64_t jump_step = 0, jump_ms = 0;
  int64_t stop_clock_step = 0;
  bool lose_power = false;  // after a death
  int parallelism = 0;      // 0: as before
};

struct Outcome {
  uint64_t seed = 0;
  std::string violation;  // "" where every verdict holds
  int lives = 0;
  std::vector<std::string> deaths;
  std::map<std::string, int64_t> hits;  // of points
  std::vector<std::map<std::string, int64_t>> hits_of_lives;
  std::map<std::string, int64_t> faults;  // that came about, by kind
  std::vector<std::string> trace;
};

// One kind of job. A new one for each seed.
class SimulatedJob {
 public:
  virtual ~SimulatedJob() = default;
  virtual std::string script() const = 0;
  virtual void Configure(SimulationOptions*) {}
  // Before the first life.
  virtual void Prepare(Simulation* simulation) = 0;
  // Whether the job comes by this point.
  virtual bool Passes(const std::string& point) const = 0;
  // Whether it may go on with another parallelism.
  virtual bool rescales() const { return false; }
  virtual int parallelism() const = 0;
  // Before each life; `undisturbed`: nothing goes wrong in it.
  virtual void BeginLife(Simulation*, bool /*undisturbed*/) {}
  // A process died in ending the run: whether its record is gone. Who looks then finds that it is over.
  virtual bool RunIsOver(Simulation* simulation) {
    return !simulation->disk().Stat("/checkpoints/simulation/run");
  }
  // After each step of a task.
  virtual void OnStep(Simulation*) {}
  // The process is gone.
  virtual void OnDeath(Simulation*) {}
  // The process is gone or has ended by itself; `plan` is what went wrong in its life.
  virtual std::string CheckLife(const Life&, const LifePlan&) { return ""; }
  // What happened beside the plan, by kind.
  virtual std::map<std::string, int64_t> faults() const { return {}; }
  // What may be wrong while the job is under way: a duplicate; "" where nothing is.
  virtual std::string CheckUnderWay(Simulation* simulation) = 0;
  // And when it has finished.
  virtual std::string CheckEnd(Simulation* simulation) = 0;
  // An error that ends the job for good, as it should; then CheckUnderWay has to hold, no more.
  virtual bool MayEndWith(const std::string&) { return false; }
};

// Points that the job comes by.
std::vector<std::string> PointsOf(const SimulatedJob& job);
// Plans of a seed: one to four lives with deaths and faults; `clocks` decides on those of clocks and disks.
std::vector<LifePlan> DrawPlans(const SimulatedJob& job, Random* random, Random* clocks);
// Carries them out, then lets the job finish undisturbed.
Outcome Carry(SimulatedJob* job, uint64_t seed, const std::vector<LifePlan>& plans, bool trace);

// By name: files, objects, kafka.
std::unique_ptr<SimulatedJob> MakeJob(const std::string& name, uint64_t seed);
std::unique_ptr<SimulatedJob> MakeFileJob(uint64_t seed);
// The same with checkpoints, output, or both in a bucket.
std::unique_ptr<SimulatedJob> MakeObjectJob(uint64_t seed);
std::unique_ptr<SimulatedJob> MakeKafkaJob(uint64_t seed);

// What the jobs of both kinds read, and how they are checked.
struct Event {
  int64_t id = 0, key = 0, at_ms = 0;
};
// In the order of their time, on 2026-01-01; ids from 0.
std::vector<Event> DrawEvents(Random* random, int64_t keys);
// Some of them happened up to a minute before, and one reader of them all that waits for a second finds what
// is too late for its window: those are left out.
void DisorderEvents(std::vector<Event>* events, Random* random);
std::vector<Event> OnTime(const std::vector<Event>& events, int64_t window_ms);
std::string TimeText(int64_t at_ms);  // "2026-01-01 00:00:01.234"
// The value of "name": in a line of JSON, without quotes.
std::string FieldOf(const std::string& line, const std::string& name);
std::vector<std::string> VisibleLines(MemoryFileSystem& files, const std::string& directory);
void AddLines(const std::string& text, std::vector<std::string>* lines);
// By table ("copies", "numbered", "windows") and row key: the rest of the row.
using Rows = std::map<std::string, std::string>;
std::map<std::string, Rows> ExpectedRows(const std::vector<Event>& events, int64_t window_ms);
// Notes a row of such a table in `found`; says what is wrong with it.
std::string NoteRow(const std::string& table, const std::string& line, const Rows& expected, Rows* found);

// All of it, from a seed.
Outcome RunSeed(const std::string& job, uint64_t seed, bool trace);
std::string RepeatCommand(const std::string& job, uint64_t seed);

}  // namespace penstock::sim
