// From a seed to lives and verdicts.
#include "campaign.h"

#include <fmt/format.h>

namespace penstock::sim {

namespace {

constexpr int kMostLives = 25;
constexpr int64_t kLooks = 40;  // steps between two looks of the concurrent reader, on average

LifePlan DrawPlan(const std::vector<std::string>& points, Random* random) {
  LifePlan plan;
  uint64_t dice = random->Below(10);
  if (dice < 6) {
    plan.die_at = points[random->Below(points.size())];
    plan.die_hit = static_cast<int64_t>(1 + random->Below(random->Below(2) == 0 ? 2 : 12));
  } else if (dice < 9) {
    plan.die_step = static_cast<int64_t>(1 + random->Below(300));
  }
  if (random->Below(5) == 0) {
    plan.fail_at = points[random->Below(points.size())];
    plan.fail_hit = static_cast<int64_t>(1 + random->Below(6));
  }
  // An epoch that is abandoned, and a death when the next one counts.
  if (random->Below(5) == 0) {
    static const char* const kSealing[] = {"checkpoint.collected", "store.state-durable", "store.file-synced",
                                           "files.new-durable"};
    static const char* const kCounts[] = {"checkpoint.decided", "checkpoint.told", "task.committing",
                                          "files.part-committing"};
    plan.fail_at = kSealing[random->Below(4)];
    plan.fail_hit = static_cast<int64_t>(1 + random->Below(4));
    plan.die_at = kCounts[random->Below(4)];
    plan.die_hit = plan.fail_hit + static_cast<int64_t>(random->Below(3));
    plan.die_step = 0;
  }
  if (random->Below(6) == 0) plan.fail_file_operation = static_cast<int64_t>(1 + random->Below(400));
  plan.lose_power = random->Below(2) == 0;
  return plan;
}

// Clocks and full disks, by dice of their own: seeds keep the deaths that they had without them.
void DrawClocks(LifePlan* plan, Random* random) {
  constexpr int64_t kDayMs = 86'400'000;
  auto step = [&] { return static_cast<int64_t>(1 + random->Below(200)); };
  if (random->Below(6) == 0) {
    plan->sleep_step = step();
    plan->sleep_ms = static_cast<int64_t>(1 + random->Below(random->Below(2) == 0 ? 200'000 : 3'000));
  }
  if (random->Below(5) == 0) {
    plan->jump_step = step();
    plan->jump_ms = random->Below(2) == 0 ? kDayMs : -kDayMs;
  }
  if (random->Below(10) == 0) plan->stop_clock_step = step();
  if (random->Below(8) == 0) {
    plan->full_operation = static_cast<int64_t>(1 + random->Below(300));
    plan->full_ms = static_cast<int64_t>(1 + random->Below(100'000));
  }
}

// Short chains, so that there are folds; some are written in pieces, and some checkpoints wait.
ChainLimits DrawChains(uint64_t seed) {
  Random random(seed ^ 0x666f6c64);
  ChainLimits limits;
  limits.links = 2 + random.Below(2);
  limits.delta_bytes = random.Below(3) == 0 ? 50 + random.Below(2000) : limits.delta_bytes;
  limits.stream_bytes = random.Below(3) == 0 ? random.Below(300) : limits.stream_bytes;
  limits.hard_links = limits.links + random.Below(3);
  return limits;
}

Simulation::Rule RuleOf(const LifePlan& plan) {
  return [plan](const Failpoint& point, int64_t hit) {
    if (plan.die_at == point.name() && plan.die_hit == hit) return PointVerdict::kDie;
    if (plan.fail_at == point.name() && plan.fail_hit == hit) return PointVerdict::kFail;
    return PointVerdict::kGoOn;
  };
}

ProcessFileSystem::Fault FaultOf(const LifePlan& plan, Simulation* simulation) {
  if (plan.fail_file_operation == 0) return nullptr;
  return [plan, simulation](const std::string& path) {
    if (simulation->file_operations() != plan.fail_file_operation) return Status::Ok();
    simulation->Note("FAILS  the file operation on " + path);
    bool full = plan.fail_file_operation % 2 == 0;
    return Status(full ? StatusCode::kResourceExhausted : StatusCode::kIo,
                  path + (full ? ": no space left on device" : ": input/output error"));
  };
}

// What a plan does to the clocks and the disk of a life, step by step.
class Weather {
 public:
  Weather(const LifePlan& plan, Simulation* simulation, std::map<std::string, int64_t>* counts)
      : plan_(plan), simulation_(simulation), counts_(counts) {}

  void OnStep() {
    ++steps_;
    if (steps_ == plan_.sleep_step) {
      Tell("the process sleeps");
      simulation_->clock().AdvanceMicros(plan_.sleep_ms * 1000);
    }
    if (steps_ == plan_.jump_step) {
      Tell(plan_.jump_ms > 0 ? "the wall clock jumps ahead" : "the wall clock jumps back");
      simulation_->wall().Jump(plan_.jump_ms * 1000);
    }
    if (steps_ == plan_.stop_clock_step) {
      Tell("the wall clock stops");
      simulation_->wall().Stop();
    }
  }

  bool full() {
    if (plan_.full_operation == 0 || simulation_->file_operations() < plan_.full_operation) return false;
    int64_t now = simulation_->clock().MonotonicMillis();
    if (full_until_ms_ == 0) {
      full_until_ms_ = now + plan_.full_ms;
      Tell("the disk is full");
    }
    return now < full_until_ms_;
  }

 private:
  void Tell(const std::string& what) {
    simulation_->Note("WORLD  " + what);
    ++(*counts_)[what];
  }

  const LifePlan plan_;
  Simulation* simulation_;
  std::map<std::string, int64_t>* counts_;
  int64_t steps_ = 0, full_until_ms_ = 0;
};

}  // namespace

std::vector<std::string> PointsOf(const SimulatedJob& job) {
  std::vector<std::string> points;
  for (const Failpoint* point : Failpoint::All()) {
    if (job.Passes(point->name())) points.emplace_back(point->name());
  }
  return points;
}

std::vector<LifePlan> DrawPlans(const SimulatedJob& job, Random* random, Random* clocks) {
  std::vector<std::string> points = PointsOf(job);
  std::vector<LifePlan> plans;
  for (uint64_t left = 1 + random->Below(4); left > 0; --left) {
    plans.push_back(DrawPlan(points, random));
    DrawClocks(&plans.back(), clocks);
    if (job.rescales()) plans.back().parallelism = static_cast<int>(1 + random->Below(4));
  }
  return plans;
}

Outcome Carry(SimulatedJob* job, uint64_t seed, const std::vector<LifePlan>& plans, bool trace) {
  Outcome outcome;
  outcome.seed = seed;
  SimulationOptions options;
  options.seed = seed;
  options.trace = trace;
  options.max_rows = static_cast<int>(1 + Random(seed).Below(8));
  options.max_step_micros = std::vector<int64_t>{1000, 4000, 40000}[Random(seed + 1).Below(3)];
  options.chains = DrawChains(seed);
  job->Configure(&options);
  Simulation simulation(job->script(), options);
  job->Prepare(&simulation);
  simulation.Set("parallelism.default", std::to_string(job->parallelism()));
  auto find = [&](const std::string& violation, const std::string& when) {
    if (!violation.empty() && outcome.violation.empty()) {
      outcome.violation = when + ": " + violation;
      simulation.Note("WRONG  " + outcome.violation);
    }
  };
  simulation.on_death = [&] { job->OnDeath(&simulation); };
  std::unique_ptr<Weather> weather;
  simulation.on_step = [&] {
    weather->OnStep();
    job->OnStep(&simulation);
    if (simulation.random().Below(kLooks) == 0) find(job->CheckUnderWay(&simulation), "while it runs");
  };
  for (bool finished = false; !finished && outcome.violation.empty();) {
    LifePlan plan =
        outcome.lives < std::ssize(plans) ? plans[static_cast<size_t>(outcome.lives)] : LifePlan();
    if (plan.parallelism > 0) simulation.Set("parallelism.default", std::to_string(plan.parallelism));
    if (++outcome.lives > kMostLives) {
      find("the job does not come to its end", "at last");
      break;
    }
    job->BeginLife(&simulation, outcome.lives > std::ssize(plans));
    weather = std::make_unique<Weather>(plan, &simulation, &outcome.faults);
    simulation.disk_is_full = [&] { return weather->full(); };
    auto dies = [&](int64_t step) { return plan.die_step == step; };
    Life life = simulation.Live(RuleOf(plan), dies, FaultOf(plan, &simulation));
    finished = life.finished;
    find(job->CheckUnderWay(&simulation), "after life " + std::to_string(outcome.lives));
    find(job->CheckLife(life, plan), "life " + std::to_string(outcome.lives));
    outcome.hits_of_lives.push_back(simulation.hits());
    if (life.died) outcome.deaths.push_back(life.died_at);
    if (life.died && plan.lose_power) simulation.LosePower();
    if (life.died && simulation.hits().contains("run.finishing")) finished = job->RunIsOver(&simulation);
    if (!life.died && !finished && job->MayEndWith(life.error)) break;
    bool undisturbed = outcome.lives > std::ssize(plans);
    if (undisturbed && !finished && !life.died)
      find("an undisturbed process fails: " + life.error, "life " + std::to_string(outcome.lives));
    if (!finished) continue;
    find(job->CheckEnd(&simulation), "at the end");
    simulation.LosePower();
    find(job->CheckEnd(&simulation), "after a power failure behind the end");
  }
  outcome.hits = simulation.all_hits();
  outcome.trace = simulation.trace();
  for (const auto& [what, count] : job->faults()) outcome.faults[what] += count;
  return outcome;
}

std::unique_ptr<SimulatedJob> MakeJob(const std::string& name, uint64_t seed) {
  if (name == "files") return MakeFileJob(seed);
  if (name == "objects") return MakeObjectJob(seed);
  CHECK(name == "kafka");
  return MakeKafkaJob(seed);
}

Outcome RunSeed(const std::string& job, uint64_t seed, bool trace) {
  Random random(seed * 2 + 1), clocks(seed ^ 0x636c6f636b);
  std::unique_ptr<SimulatedJob> made = MakeJob(job, seed);
  std::vector<LifePlan> plans = DrawPlans(*made, &random, &clocks);
  return Carry(made.get(), seed, plans, trace);
}

std::string RepeatCommand(const std::string& job, uint64_t seed) {
  return fmt::format("build/tests/sim_test --seeds 1 --from {} --job {} --trace", seed, job);
}

}  // namespace penstock::sim
