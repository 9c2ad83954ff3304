// The tester is tested: each bug that can be switched on (SeededBug) is switched on alone, and a simulated
// job or a check of a single part must notice. docs/reliability.md lists the bugs.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "campaign.h"
#include "checkpoint/checkpoint_store.h"
#include "data/key_codec.h"
#include "state/state_backend.h"

namespace penstock::sim {
namespace {

constexpr uint64_t kMostSeeds = 300;

// Where a bug was noticed before: tried first, so that this test is short. Any other seed does as well.
const std::map<std::string, std::pair<std::string, uint64_t>> kHints = {
    {"bug:checkpoint.ended-missing", {"kafka", 31}},
    {"bug:checkpoint.decide-before-seal", {"kafka", 2}},
    {"bug:checkpoint.one-missing", {"files", 3}},
    {"bug:checkpoint.removed-early", {"kafka", 6}},
    {"bug:fold.links-early", {"kafka", 4}},
    {"bug:fold.no-fsync", {"kafka", 4}},
    {"bug:checkpoint.number-again", {"files", 33}},
    {"bug:checkpoint.commit-before-seal", {"files", 2}},
    {"bug:files.names-unsynced", {"files", 1}},
    {"bug:files.never-hidden", {"files", 1}},
    {"bug:files.no-directory-sync", {"files", 7}},
    {"bug:files.no-fsync", {"files", 1}},
    {"bug:files.once-only", {"files", 3}},
    {"bug:gate.no-alignment", {"files", 15}},
    {"bug:kafka.abandoned-rows", {"kafka", 15}},
    {"bug:kafka.apart", {"kafka", 4}},
    {"bug:kafka.believed", {"kafka", 35}},
    {"bug:kafka.dirty-read", {"kafka", 4}},
    {"bug:kafka.no-wait", {"kafka", 3}},
    {"bug:kafka.undisturbed", {"kafka", 144}},
    {"bug:recovery.newest", {"kafka", 14}},
    {"bug:recovery.no-watermarks", {"files", 78}},
    {"bug:recovery.numbers-again", {"files", 3}},
    {"bug:recovery.older", {"files", 3}},
    {"bug:restore.committables-lost", {"files", 7}},
    {"bug:restore.groups-lost", {"files", 3}},
    {"bug:restore.splits-move", {"files", 12}},
    {"bug:run.forgotten", {"files", 3}},
    {"bug:sink.commit-all", {"files", 40}},
    {"bug:sink.not-carried", {"files", 7}},
    {"bug:sink.not-repeated", {"files", 7}},
    {"bug:state.timers-lost", {"files", 3}},
    {"bug:store.chain-removed", {"kafka", 4}},
    {"bug:store.hearsay", {"files", 194}},
    {"bug:store.manifest-first", {"kafka", 4}},
    {"bug:store.no-directory-sync", {"files", 3}},
    {"bug:store.no-fsync", {"files", 3}},
    {"bug:task.barrier-first", {"kafka", 14}},
    {"bug:task.no-flush", {"files", 3}},
};

bool Notices(const std::string& job, uint64_t seed) { return !RunSeed(job, seed, false).violation.empty(); }

// A second process seals an epoch that the first has sealed.
bool NoticesTwoWinners() {
  MemoryFileSystem files;
  CheckpointStore first(&files, "/job", 1), second(&files, "/job", 2);
  Manifest one, other;
  one.epoch = other.epoch = 1;
  return first.Seal({}, &one).ok() && second.Seal({}, &other).ok();
}

// A bit of a state file changes.
bool NoticesDamage() {
  MemoryFileSystem files;
  CheckpointStore store(&files, "/job", 1);
  Manifest manifest;
  manifest.epoch = 1;
  SubtaskSnapshot part;
  part.uid = "op";
  part.splits = {{"split", "a position that is long enough"}};
  EXPECT_TRUE(store.Seal({part}, &manifest).ok());
  std::string path = "/job/" + manifest.parts[0].rest.file, bytes = ReadFile(files, path).value();
  bytes[bytes.size() - 8] ^= 1;
  EXPECT_TRUE(WriteFileAtomically(files, path, bytes).ok());
  return store.ReadParts(manifest).has_value();
}

// What an epoch changes of a state: its only value is the epoch's number.
StateKey OnlyKey() { return {"key", HashKey("key")}; }
SubtaskSnapshot SnapshotOf(uint64_t epoch, StateBackend* backend) {
  (*backend->OpenMap({"values"}))->Put(0, OnlyKey(), "e", std::to_string(epoch));
  KeyedSnapshot keyed = backend->Checkpoint(epoch, epoch - 1).value();
  SubtaskSnapshot part;
  part.uid = "op";
  part.keyed = std::move(keyed.bytes);
  part.since = keyed.since;
  return part;
}

// A chain of deltas is folded to a base: what the last epoch wrote must be in it.
bool NoticesLostDelta() {
  MemoryFileSystem files;
  ManualClock clock(0);
  CheckpointStore store(&files, "/job", 1, {2, 1 << 20});
  std::unique_ptr<StateBackend> backend = MakeHashBackend({}, &clock), restored = MakeHashBackend({}, &clock);
  Manifest manifest;
  for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
    manifest.epoch = epoch;
    EXPECT_TRUE(store.Seal({SnapshotOf(epoch, backend.get())}, &manifest).ok());
  }
  std::shared_ptr<ChainFold> fold = store.NewFold(3);
  if (!fold) return false;
  while (fold->Step()) {
  }
  std::vector<FoldedChain> folded = fold->TakeDone();
  EXPECT_EQ(folded.size(), 1u);
  manifest.parts[0].keyed = {folded[0].base};
  EXPECT_TRUE(restored->Restore(store.ReadParts(manifest).value()[0].keyed).ok());
  return (*restored->OpenMap({"values"}))->Get(0, OnlyKey(), "e").value_or("") != "3";
}

// Checkpoints go while a fold of one of them is done and not referred to yet.
bool NoticesRemovedBase() {
  MemoryFileSystem files;
  ManualClock clock(0);
  CheckpointStore store(&files, "/job", 1, {2, 1 << 20});
  std::unique_ptr<StateBackend> backend = MakeHashBackend({}, &clock);
  Manifest manifest;
  std::shared_ptr<ChainFold> fold;
  for (uint64_t epoch = 1; epoch <= 4; ++epoch) {
    manifest.epoch = epoch;
    if (epoch == 4) store.Adopt(fold.get());
    EXPECT_TRUE(store.Seal({SnapshotOf(epoch, backend.get())}, &manifest).ok());
    if (epoch == 2) fold = store.NewFold(2);
    while (epoch == 2 && fold->Step()) {
    }
    EXPECT_TRUE(epoch != 3 || store.RemoveBefore(3).ok());
  }
  return !store.ReadParts(manifest).has_value();
}

// A process dies when its manifest has a name that is not durable; the next one goes on from that manifest,
// commits, and the power fails.
bool NoticesHearsay() {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    for (int64_t hit = 2; hit <= 8; ++hit) {
      LifePlan dies, loses_power;
      dies.die_at = "files.new-named";
      dies.die_hit = hit;
      loses_power.die_at = "files.parts-durable";
      loses_power.die_hit = 1;
      loses_power.lose_power = true;
      std::unique_ptr<SimulatedJob> job = MakeJob("files", seed);
      if (!Carry(job.get(), seed, {dies, loses_power}, false).violation.empty()) return true;
    }
  }
  return false;
}

// How the bug was noticed; "" where it was not.
std::string NoticedBy(const SeededBug& bug) {
  auto hint = kHints.find(bug.name());
  if (hint != kHints.end() && Notices(hint->second.first, hint->second.second))
    return fmt::format("{}, seed {}", hint->second.first, hint->second.second);
  if (NoticesTwoWinners()) return "two processes that seal one epoch";
  if (NoticesDamage()) return "a changed bit";
  if (NoticesLostDelta()) return "the last value of a key";
  if (NoticesRemovedBase()) return "a base that is gone";
  if (std::string_view(bug.name()) == "bug:store.hearsay" && NoticesHearsay())
    return "a name that power takes";
  for (uint64_t seed = 1; seed <= kMostSeeds; ++seed) {
    for (const char* job : {"files", "kafka"}) {
      if (Notices(job, seed)) return fmt::format("{}, seed {}", job, seed);
    }
  }
  return "";
}

TEST(SeededBugs, NoneIsNoticedWhereThereIsNone) {
  EXPECT_FALSE(NoticesTwoWinners());
  EXPECT_FALSE(NoticesDamage());
  EXPECT_FALSE(NoticesLostDelta());
  EXPECT_FALSE(NoticesRemovedBase());
  EXPECT_FALSE(NoticesHearsay());
}

TEST(SeededBugs, EachIsNoticed) {
#ifdef PENSTOCK_NO_SEEDED_BUGS
  GTEST_SKIP() << "built without";
#endif
  std::vector<const SeededBug*> bugs = SeededBug::All();
  EXPECT_GE(bugs.size(), 30u);
  for (const SeededBug* bug : bugs) {
    SeededBug::Activate(bug);
    std::string by = NoticedBy(*bug);
    SeededBug::Activate(nullptr);
    EXPECT_NE(by, "") << bug->name() << " (" << bug->what() << ") goes unnoticed";
    RecordProperty(bug->name(), by);
    if (!kHints.contains(bug->name())) fmt::print("  {:<36} {}\n", bug->name(), by);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace penstock::sim
