// Damaged checkpoints.
#include "damage.h"

#include <fmt/format.h>

#include <algorithm>

#include "checkpoint/checkpoint_store.h"
#include "data/key_codec.h"

namespace penstock::sim {

namespace {

constexpr uint64_t kOfASeed = 200;
constexpr uint64_t kRestartEvery = 100;
constexpr const char* kDirectory = "/checkpoints/simulation/jobs/job";

enum class Kind : uint8_t { kTurnedBit, kCutOff, kGone };

struct Damage {
  std::string path;
  Kind kind = Kind::kTurnedBit;
  uint64_t at = 0;  // bit, or the size that is left
  bool needed = false;

  std::string ToString() const {
    const char* what = kind == Kind::kTurnedBit ? "bit turned:"
                       : kind == Kind::kCutOff  ? "cut off at"
                                                : "gone";
    return fmt::format("{} {} {}", path, what, at);
  }
};

bool Covers(const FileRange& range, const Damage& damage) {
  if (damage.kind == Kind::kGone) return true;
  if (damage.kind == Kind::kCutOff) return damage.at < range.offset + range.size;
  return damage.at / 8 >= range.offset && damage.at / 8 < range.offset + range.size;
}

// One job up to the death of its first process, just after a decision if nothing else is asked for.
class Wreck {
 public:
  explicit Wreck(const std::string& job, uint64_t seed, const std::string& point = "checkpoint.told",
                 int64_t visit = 3)
      : job_(MakeJob(job, seed)) {
    SimulationOptions options;
    options.seed = seed;
    options.max_rows = 4;
    job_->Configure(&options);
    simulation_ = std::make_unique<Simulation>(job_->script(), options);
    job_->Prepare(simulation_.get());
    simulation_->Set("parallelism.default", std::to_string(job_->parallelism()));
    simulation_->on_death = [this] { job_->OnDeath(simulation_.get()); };
    simulation_->on_step = [this] { job_->OnStep(simulation_.get()); };
    Life life = Live([&](const Failpoint& at, int64_t hit) {
      bool dies = point == at.name() && hit == visit;
      return dies ? PointVerdict::kDie : PointVerdict::kGoOn;
    });
    if (!life.died) return;  // it was over before
    store_ = std::make_unique<CheckpointStore>(&disk(), kDirectory, 99);
    Result<std::vector<uint64_t>> epochs = store_->Epochs();
    CHECK(epochs && !epochs->empty());
    epoch_ = epochs->back();
    manifest_ = store_->ReadManifest(epoch_).value();
    whole_ = Read().value();
  }

  bool usable() const { return epoch_ > 0; }
  uint64_t epoch() const { return epoch_; }
  Damage NewestManifestGone() const {
    return {fmt::format("{}/manifest-{:020}", kDirectory, epoch_), Kind::kGone, 0, true};
  }
  Simulation& simulation() { return *simulation_; }
  SimulatedJob& job() { return *job_; }
  Life Live(Simulation::Rule rule) {
    job_->BeginLife(simulation_.get(), true);
    return simulation_->Live(std::move(rule));
  }

  Damage Draw(Random* random) {
    Damage damage;
    std::vector<FileRange> ranges;
    for (const ManifestPart& part : manifest_.parts) {
      ranges.push_back(part.rest);
      ranges.insert(ranges.end(), part.keyed.begin(), part.keyed.end());
    }
    bool of_manifest = random->Below(3) == 0;
    const FileRange& range = ranges[random->Below(ranges.size())];
    damage.path = of_manifest ? fmt::format("{}/manifest-{:020}", kDirectory, epoch_)
                              : fmt::format("{}/{}", kDirectory, range.file);
    uint64_t size = disk().Stat(damage.path).value().size;
    uint64_t dice = random->Below(20);
    damage.kind = dice == 0 ? Kind::kGone : dice < 5 ? Kind::kCutOff : Kind::kTurnedBit;
    damage.at = random->Below(damage.kind == Kind::kTurnedBit ? size * 8 : size);
    damage.needed = of_manifest || std::any_of(ranges.begin(), ranges.end(), [&](const FileRange& one) {
                      return damage.path.ends_with("/" + one.file) && Covers(one, damage);
                    });
    return damage;
  }

  void Inflict(const Damage& damage) {
    std::string bytes = ReadFile(disk(), damage.path).value();
    kept_ = bytes;
    if (damage.kind == Kind::kGone) {
      CHECK(disk().Remove(damage.path).ok());
      return;
    }
    if (damage.kind == Kind::kCutOff)
      bytes.resize(damage.at);
    else
      bytes[damage.at / 8] = static_cast<char>(bytes[damage.at / 8] ^ (1 << damage.at % 8));
    CHECK(WriteFileAtomically(disk(), damage.path, bytes).ok());
  }
  void Mend(const Damage& damage) { CHECK(WriteFileAtomically(disk(), damage.path, kept_).ok()); }

  // Everything that a restore gets, as one number.
  Result<uint64_t> Read() {
    ASSIGN_OR_RETURN(Manifest manifest, store_->ReadManifest(epoch_));
    ASSIGN_OR_RETURN(std::vector<SubtaskSnapshot> parts, store_->ReadParts(manifest));
    std::string all;
    for (const SubtaskSnapshot& part : parts) all += WriteSnapshot(part) + part.keyed;
    return HashKey(all);
  }
  uint64_t whole() const { return whole_; }

 private:
  MemoryFileSystem& disk() { return simulation_->disk(); }

  std::unique_ptr<SimulatedJob> job_;
  std::unique_ptr<Simulation> simulation_;
  std::unique_ptr<CheckpointStore> store_;
  uint64_t epoch_ = 0, whole_ = 0;
  Manifest manifest_;
  std::string kept_;
};

// The file, or, where a log knows of the checkpoint, that.
bool Names(const Life& life, const Wreck& wreck, const std::string& file) {
  return life.error.find(file) != std::string::npos ||
         life.error.find(fmt::format("checkpoint {},", wreck.epoch())) != std::string::npos;
}

// A new process of the job; "" where all is well.
std::string Restart(const std::string& name, uint64_t seed, const Damage& damage) {
  Wreck wreck(name, seed);
  wreck.Inflict(damage);
  Life life = wreck.Live(nullptr);
  std::string file = damage.path.substr(damage.path.rfind('/') + 1);
  if (std::string wrong = wreck.job().CheckUnderWay(&wreck.simulation()); !wrong.empty()) return wrong;
  if (!damage.needed) return "";
  if (life.finished) return "the job goes on";
  return Names(life, wreck, file) ? "" : "the error does not name the file: " + life.error;
}

}  // namespace

DamageCounts DamageCheckpoints(const std::string& job, uint64_t from_seed, uint64_t count) {
  DamageCounts counts;
  for (uint64_t seed = from_seed; counts.damages < count; ++seed) {
    Wreck wreck(job, seed);
    if (!wreck.usable()) continue;
    Random random(seed);
    for (uint64_t i = 0; i < kOfASeed && counts.damages < count; ++i) {
      Damage damage = wreck.Draw(&random);
      ++counts.damages;
      wreck.Inflict(damage);
      Result<uint64_t> read = wreck.Read();
      wreck.Mend(damage);
      std::string wrong;
      if (counts.damages % kRestartEvery == 0) {
        ++counts.restarts;
        wrong = Restart(job, seed, damage);
      }
      if (read && (damage.needed || *read != wreck.whole())) wrong = "is read as if it were whole";
      if (!wrong.empty())
        counts.unnoticed.push_back(fmt::format("{} seed {}: {}: {}", job, seed, damage.ToString(), wrong));
      else
        ++(read ? counts.harmless : counts.noticed);
    }
  }
  return counts;
}

Loss LoseNewestManifest(const std::string& job, uint64_t seed, const std::string& point, int64_t visit) {
  Loss loss;
  Wreck wreck(job, seed, point, visit);
  if (!wreck.usable()) return loss;
  loss.usable = true;
  Damage damage = wreck.NewestManifestGone();
  wreck.Inflict(damage);
  Life life = wreck.Live(nullptr);
  loss.error = life.error;
  loss.goes_on = life.finished;
  loss.names_it = Names(life, wreck, damage.path.substr(damage.path.rfind('/') + 1));
  loss.wrong = wreck.job().CheckUnderWay(&wreck.simulation());
  return loss;
}

}  // namespace penstock::sim
