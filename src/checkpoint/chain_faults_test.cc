// Chains of keyed state on a disk that fails and loses power, from seeds: whatever happens, every sealed
// checkpoint restores to what the state was at its barrier, and none that counted is lost.
#include <gtest/gtest.h>

#include <map>

#include "checkpoint/chains/chain_folder.h"
#include "data/key_codec.h"
#include "env/clock.h"
#include "env/files/memory_file_system.h"
#include "env/random.h"
#include "state/bounded_backend.h"

namespace penstock {
namespace {

using Values = std::map<std::string, std::string>;

// One subtask over restarts of its process.
class FaultyLife {
 public:
  // `stream_bytes`: state of more bytes goes through pieces.
  FaultyLife(uint64_t seed, uint64_t stream_bytes) : random_(seed), stream_bytes_(stream_bytes) { Start(); }
  ~FaultyLife() { folder_.reset(); }

  void Run(int epochs) {
    for (int i = 0; i < epochs && !testing::Test::HasFailure(); ++i) {
      for (uint64_t left = random_.Below(12); left > 0; --left) Change();
      Checkpoint();
      Fold();
      CheckSealed();
      if (random_.Below(6) == 0) Crash();
    }
  }
  int deltas() const { return deltas_; }
  int failures() const { return failures_; }
  int crashes() const { return crashes_; }
  int in_pieces() const { return in_pieces_; }  // restores
  FoldStatistics folds() const { return folds_; }
  size_t longest() const { return longest_; }

 private:
  void Start() {
    backend_ = MakeHashBackend({}, &clock_, &memory_);
    step_ = nullptr;
    store_ = std::make_unique<CheckpointStore>(&files_, "/job", ++claim_,
                                               ChainLimits{3, 300, stream_bytes_, 6, 4});
    folder_ = std::make_unique<ChainFolder>(store_.get(), &clock_);
    folder_->set_background([this](const std::function<bool()>& step) {
      step_ = step;
      return true;
    });
  }
  MapState* State() { return *backend_->OpenMap({"values"}); }

  void Change() {
    std::string key = "key " + std::to_string(random_.Below(60));
    StateKey state_key{key, HashKey(key)};
    switch (random_.Below(12)) {
      case 0:
        State()->EraseNamespace(0);
        now_.clear();
        break;
      case 1:
      case 2:
      case 3:
        State()->Clear(0, state_key);
        now_.erase(key);
        break;
      default: {
        std::string value(random_.Below(random_.Below(20) == 0 ? 70000 : 30), 'v');
        value += std::to_string(epoch_);
        State()->Put(0, state_key, "e", value);
        now_[key] = value;
      }
    }
  }

  // The n-th file operation may fail, and all behind it until the call has returned.
  template <typename Call>
  Status Faulty(const Call& call) {
    if (random_.Below(3) == 0) files_.FailAfter(static_cast<int64_t>(random_.Below(20)));
    Status status = call();
    files_.FailAfter(-1);
    failures_ += status.ok() ? 0 : 1;
    return status;
  }

  void Checkpoint() {
    ++epoch_;
    KeyedSnapshot keyed = backend_->Checkpoint(epoch_, decided_).value();
    deltas_ += keyed.since != 0 ? 1 : 0;
    SubtaskSnapshot part;
    part.uid = "op";
    part.keyed = std::move(keyed.bytes);
    part.since = keyed.since;
    Manifest manifest;
    manifest.epoch = epoch_;
    at_barrier_[epoch_] = now_;
    Status sealed = Faulty([&] {
      EXPECT_TRUE(folder_->Prepare({&part}).ok()) << "folds never fail a checkpoint";
      return store_->Seal({part}, &manifest);
    });
    if (sealed.ok()) longest_ = std::max(longest_, store_->longest_chain());
    if (!sealed.ok() || random_.Below(6) == 0) return;  // abandoned; it may be sealed nevertheless
    decided_ = epoch_;
    uint64_t kept = random_.Below(3);
    if (decided_ > kept) (void)Faulty([&] { return store_->RemoveBefore(decided_ - kept); });
    folder_->Start(decided_);
    clock_.AdvanceMicros(static_cast<int64_t>(random_.Below(2'000'000)));
  }

  // A part of a fold, or more than one.
  void Fold() {
    (void)Faulty([&] {
      for (uint64_t left = random_.Below(60); left > 0 && step_; --left) {
        if (!step_()) step_ = nullptr;
      }
      return Status::Ok();
    });
  }

  Values Restored(const Manifest& manifest) {
    Values values;
    Result<std::vector<SubtaskSnapshot>> parts = store_->ReadParts(manifest);
    EXPECT_TRUE(parts) << parts.status().ToString();
    if (!parts) return values;
    auto backend = MakeHashBackend({}, &clock_, &memory_);
    RestoreInto(backend.get(), parts->at(0));
    MapState* state = *backend->OpenMap({"values"});
    state->ForEachKey(0, [&](StateKey key) {
      values[std::string(key.bytes)] = state->Get(0, key, "e").value_or("nothing");
    });
    return values;
  }

  void RestoreInto(BoundedBackend* backend, const SubtaskSnapshot& part) {
    in_pieces_ += part.keyed_source ? 1 : 0;
    Status restored;
    if (part.keyed_source) restored = backend->Restore(*part.keyed_source);
    if (!part.keyed.empty()) restored = backend->Restore(part.keyed);
    EXPECT_TRUE(restored.ok()) << restored.ToString();
  }

  void CheckSealed() {
    std::vector<uint64_t> epochs = store_->Epochs().value();
    EXPECT_TRUE(decided_ == 0 || std::count(epochs.begin(), epochs.end(), decided_) == 1) << decided_;
    for (uint64_t epoch : epochs) {
      Result<Manifest> manifest = store_->ReadManifest(epoch);
      ASSERT_TRUE(manifest) << manifest.status().ToString();
      EXPECT_TRUE(Restored(*manifest) == at_barrier_[epoch]) << epoch;
    }
  }

  // A new process goes on from the newest sealed checkpoint, with its chain or from a new base.
  void Crash() {
    ++crashes_;
    folds_.folded += folder_->statistics().folded;
    folds_.failed += folder_->statistics().failed;
    folds_.waits += folder_->statistics().waits;
    // What its code does on its way out has no effect.
    files_.FailAfter(0);
    folder_.reset();
    files_.FailAfter(-1);
    files_.LosePower();
    Start();
    std::vector<uint64_t> epochs = store_->Epochs().value();
    EXPECT_TRUE(decided_ == 0 || (!epochs.empty() && epochs.back() >= decided_));
    decided_ = 0;
    now_.clear();
    if (epochs.empty()) return;
    Manifest manifest = store_->ReadManifest(epochs.back()).value();
    SubtaskSnapshot part = store_->ReadParts(manifest).value().at(0);
    now_ = at_barrier_[manifest.epoch];
    RestoreInto(backend_.get(), part);
    decided_ = manifest.epoch;
    store_->GoOnFrom(manifest);
    if (part.has_keyed() && random_.Below(3) != 0) backend_->GoOnFrom(manifest.epoch);
  }

  Random random_;
  ManualClock clock_{0};
  MemoryFileSystem files_;
  MemoryBudget memory_;
  std::unique_ptr<BoundedBackend> backend_;
  std::unique_ptr<CheckpointStore> store_;
  std::unique_ptr<ChainFolder> folder_;
  std::function<bool()> step_;
  FoldStatistics folds_;
  size_t longest_ = 0;
  uint64_t claim_ = 0, epoch_ = 0, decided_ = 0;
  Values now_;
  std::map<uint64_t, Values> at_barrier_;
  const uint64_t stream_bytes_;
  int deltas_ = 0, failures_ = 0, crashes_ = 0, in_pieces_ = 0;
};

TEST(ChainFaults, EverySealedCheckpointRestoresWhateverFails) {
  int deltas = 0, failures = 0, crashes = 0, in_pieces = 0;
  FoldStatistics folds;
  size_t longest = 0;
  for (uint64_t seed = 1; seed <= 120 && !testing::Test::HasFailure(); ++seed) {
    constexpr uint64_t kSizes[] = {0, 200, uint64_t{1} << 20};
    FaultyLife life(seed, kSizes[seed % 3]);
    life.Run(30);
    deltas += life.deltas();
    failures += life.failures();
    crashes += life.crashes();
    in_pieces += life.in_pieces();
    folds.folded += life.folds().folded;
    folds.failed += life.folds().failed;
    folds.waits += life.folds().waits;
    longest = std::max(longest, life.longest());
    if (testing::Test::HasFailure()) ADD_FAILURE() << "seed " << seed;
  }
  EXPECT_GT(deltas, 1500);
  EXPECT_GT(failures, 300);
  EXPECT_GT(crashes, 300);
  EXPECT_GT(in_pieces, 300);
  EXPECT_GT(folds.folded, 100);
  EXPECT_GT(folds.failed, 20);
  EXPECT_GT(folds.waits, 20);
  EXPECT_LE(longest, 12u) << "longer only while folds fail";
}

}  // namespace
}  // namespace penstock
