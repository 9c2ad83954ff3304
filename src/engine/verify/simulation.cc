// Lives of a process.
#include "engine/verify/simulation.h"

#include <fmt/format.h>

#include <set>

namespace penstock {

namespace {

constexpr int64_t kStartMicros = 1'700'000'000'000'000;  // 2023-11-14, for whoever reads a trace

Status Dead() { return Status(StatusCode::kCancelled, "the simulated process is dead"); }

// Points that are hit under a lock which tasks take, too: no task may go on there.
bool MayInterleave(const Failpoint& point) {
  static const std::set<std::string> kLocked = {"checkpoint.abandoned", "kafka.abandoned", "kafka.begun",
                                                "kafka.passed"};
  return !kLocked.contains(point.name());
}

// Tells the simulation when the executor it watches is gone.
class WatchedExecutor : public SimulatedExecutor {
 public:
  WatchedExecutor(SimulatedExecutor** watcher, ManualClock* clock, uint64_t seed, int max_rows, Tracer tracer,
                  int64_t max_step_micros)
      : SimulatedExecutor(clock, seed, max_rows, std::move(tracer), max_step_micros), watcher_(watcher) {
    *watcher_ = this;
  }
  ~WatchedExecutor() override {
    if (*watcher_ == this) *watcher_ = nullptr;
  }

 private:
  SimulatedExecutor** watcher_;
};

}  // namespace

class Simulation::Handler : public ResultHandler {
 public:
  explicit Handler(Simulation* simulation) : simulation_(simulation) {}
  void OnColumns(int, const Schema&) override {}
  void OnRows(int, const Batch&) override {}
  void OnOk(int) override {}
  void OnError(int statement, StatementPhase, const Status& status) override {
    std::string text = "statement " + std::to_string(statement) + ": " + status.ToString();
    simulation_->Note("error  " + text);
    if (simulation_->life_.error.empty()) simulation_->life_.error = text;
  }

 private:
  Simulation* simulation_;
};

Simulation::Simulation(std::string script, SimulationOptions options)
    : script_(std::move(script)),
      options_(std::move(options)),
      random_(options_.seed),
      clock_(kStartMicros),
      wall_(&clock_) {
  if (options_.pinned_wall_clock) wall_.Stop();
}

void Simulation::Note(const std::string& line) {
  if (options_.trace) trace_.push_back(fmt::format("{:>10} us  {}", clock_.NowMicros() - kStartMicros, line));
}

void Simulation::Kill(const std::string& where) {
  if (!alive()) return;
  Note("DIES   at " + where);
  life_.died = true;
  life_.died_at = where;
  process_->Kill();
  if (on_death) on_death();
  if (executor_ != nullptr) executor_->Cancel();
}

Status Simulation::OnHit(const Failpoint& point) {
  if (!alive()) return Dead();
  int64_t hit = ++hits_[point.name()];
  ++all_hits_[point.name()];
  Note(fmt::format("point  {} {}", point.name(), hit));
  PointVerdict verdict = rule_ ? rule_(point, hit) : PointVerdict::kGoOn;
  if (verdict == PointVerdict::kDie) Kill(fmt::format("{} {}", point.name(), hit));
  if (verdict == PointVerdict::kFail) {
    Note(fmt::format("FAILS  at {} {}", point.name(), hit));
    return Status(StatusCode::kIo, fmt::format("injected failure at {}", point.name()));
  }
  if (alive() && MayInterleave(point)) Interleave();
  return alive() ? Status::Ok() : Dead();
}

void Simulation::Interleave() {
  if (executor_ != nullptr && options_.interleaved_steps > 0)
    executor_->Interleave(options_.interleaved_steps);
}

std::unique_ptr<Executor> Simulation::MakeExecutor() {
  auto trace = [this](const SimulationEvent& event) {
    ++steps_;
    if (options_.trace) Note("step   " + event.ToString());
    if (on_step) on_step();
    if (step_rule_ && alive() && step_rule_(steps_)) Kill(fmt::format("step {}", steps_));
  };
  return std::make_unique<WatchedExecutor>(&executor_, &clock_, random_.Next(), options_.max_rows, trace,
                                           options_.max_step_micros);
}

Life Simulation::Live(const Rule& rule, const StepRule& step_rule, ProcessFileSystem::Fault fault) {
  Note(fmt::format("LIFE   {}", ++lives_));
  rule_ = rule;
  step_rule_ = step_rule;
  life_ = Life();
  hits_.clear();
  steps_ = 0;
  process_ = std::make_unique<ProcessFileSystem>(&disk_, options_.below);
  process_->SetFault(std::move(fault));
  process_->SetFull([this] { return disk_is_full && disk_is_full(); });
  ScopedFailpointHook listening(this);
  {
    SessionOptions session_options;
    bool given = options_.session_seed != 0;
    session_options.seed = given ? options_.session_seed + static_cast<uint64_t>(lives_) : random_.Next();
    session_options.stop_when_idle = options_.stop_when_idle;
    session_options.script_name = options_.script_name;
    session_options.chains = options_.chains;
    session_options.objects = options_.objects;
    session_options.make_executor = [this] { return MakeExecutor(); };
    session_options.pause = [this](int64_t ms) { clock_.AdvanceMicros(ms * 1000); };
    Session session(std::move(session_options), &wall_, process_.get());
    if (options_.configure) options_.configure(&session);
    Handler handler(this);
    for (const auto& [key, value] : settings_) {
      if (Status set = session.SetOption(key, value); !set.ok()) life_.error = set.ToString();
    }
    bool ok = session.ExecuteScript(script_, &handler);
    ok = session.WaitForJobs(&handler) && ok;
    life_.finished = ok && alive() && life_.error.empty();
  }
  process_->Kill();
  return life_;
}

void Simulation::LosePower() {
  Note("POWER  is lost");
  disk_.files.LosePower(random_.Below(4) == 0 ? nullptr : &random_);
}

}  // namespace penstock
