// CheckpointStore: the checkpoints of one job as files of a directory, or objects of a bucket. A checkpoint
// is its state files, then the manifest, which gets its name, one that must be new, when it is whole and
// durable: of two processes that try, one wins, and a manifest that does not match its checksum is damaged.
// Names of all other files carry the writer's claim, so that processes never touch each other's.
//
// Keyed state is written as chains, a base and the deltas after it, so that a checkpoint costs what changed:
// of state of any size a checkpoint appends a delta, no more. A chain that grows long or heavy becomes a new
// base from its files, beside the checkpoints (ChainFold; ChainFolder says when): tasks have no part in it.
// Format: docs/formats/checkpoint.md. State that is large goes to and from files in pieces, so that none of
// this takes memory by its size (docs/design/large_state.md). Not thread-safe: one thread at a time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checkpoint/chains/chain_fold.h"
#include "checkpoint/manifest.h"
#include "env/files/file_store.h"
#include "state/keyed_source.h"

namespace penstock {

struct ChainLimits {
  // When a chain is to become a base: so many links, or so many bytes of deltas, if that is also half of the
  // base.
  size_t links = 16;
  uint64_t delta_bytes = uint64_t{64} << 10;
  // Keyed state of a subtask above this is written and read in pieces; what is below is held in memory.
  uint64_t stream_bytes = uint64_t{1} << 20;
  // No chain grows beyond these while it can be folded: so many links, or so many times the bytes above.
  size_t hard_links = 128;
  uint64_t hard_bytes = 4;
};

class CheckpointStore {
 public:
  CheckpointStore(std::shared_ptr<FileStore> files, std::string directory, uint64_t claim,
                  ChainLimits limits = {})
      : files_(std::move(files)),
        directory_(std::move(directory)),
        claim_(claim),
        limits_(limits),
        chains_(files_, directory_, limits.stream_bytes) {}
  CheckpointStore(FileSystem* files, std::string directory, uint64_t claim, ChainLimits limits = {})
      : CheckpointStore(std::make_shared<LocalFileStore>(files), std::move(directory), claim, limits) {}

  const std::string& directory() const { return directory_; }

  // For places without locks, where a process that lost its place may still write (docs/design/objects.md):
  // a checkpoint counts if the file `path` is there once it is sealed, and from now on no epoch behind
  // `epoch` is passed over, so that of two processes that know the same checkpoints one seals, the other is
  // fenced.
  void GuardByClaim(std::string path) { claim_path_ = std::move(path); }
  void ContendBehind(uint64_t epoch) { contended_ = epoch; }

  // Makes the parts durable, then seals; fills in manifest->claim, ->written_bytes and ->parts. Nothing is
  // left sealed when it fails; kFenced when another process has sealed that epoch. A part that is a delta
  // must build on an epoch that this store has sealed, or gone on from, and not removed since: else
  // kInternal.
  Status Seal(const std::vector<SubtaskSnapshot>& parts, Manifest* manifest);
  Status SealParts(const std::vector<const SubtaskSnapshot*>& parts, Manifest* manifest);
  // Before anything is restored: what a process that died has sealed stays sealed, although it may have died
  // before the name of the manifest was durable. Fine where there is no directory.
  Status MakeDurable();
  // Writes down that sinks may commit this sealed checkpoint of `run`, durably: from now on its loss is
  // noticed.
  Status MarkReached(uint64_t epoch, const std::string& run);
  // kCorruption, with the path of its manifest, where the last checkpoint of `run` that was marked is gone
  // and there is no later one.
  Status CheckReached(const std::string& run) const;
  // The sealed epochs, ascending; empty where there is no directory.
  Result<std::vector<uint64_t>> Epochs() const;
  // The highest epoch that anything was written for, sealed or not; 0 where there is none.
  Result<uint64_t> LastEpochTouched() const;
  Result<Manifest> ReadManifest(uint64_t epoch) const;
  // Checks every byte against the manifest; kCorruption names the file. Keyed state comes with its deltas
  // applied; where it is large it comes as a source, and is checked as that is read: that needs the files, so
  // the checkpoint must stay, not the store.
  Result<std::vector<SubtaskSnapshot>> ReadParts(const Manifest& manifest) const;
  // A job goes on from this checkpoint: deltas may build on it.
  void GoOnFrom(const Manifest& manifest) { sealed_[manifest.epoch] = manifest.parts; }
  // The bytes of a range, checked against its checksum: the last call of `append` may be wrong where this
  // fails.
  Status CopyRange(const FileRange& range, const AppendBytes& append) const {
    return chains_.CopyRange(range, append);
  }
  // Writes down that a log outside has decided a checkpoint of this directory; again does nothing new.
  Status MarkDecided();
  Result<bool> WasDecided() const;
  // Removes what belongs to earlier epochs, also what was never sealed, manifests first; not the state files
  // that a manifest left there refers to, or a fold reads or has written. No delta handed in later may build
  // on what was removed.
  Status RemoveBefore(uint64_t epoch);

  // What makes bases of the chains of a decided checkpoint that are too long; null where none is.
  std::shared_ptr<ChainFold> NewFold(uint64_t decided);
  // The same of those that the deltas among `parts` would make longer than any may get.
  std::shared_ptr<ChainFold> NewFoldBefore(const std::vector<const SubtaskSnapshot*>& parts);
  // What the fold has done so far counts from the next Seal on: chains that begin with what was folded begin
  // with its base.
  void Adopt(ChainFold* fold);
  // Nobody steps it any more: what nobody refers to may go.
  void EndFold(const std::shared_ptr<ChainFold>& fold) { std::erase(folds_, fold); }
  // A job starts anew: nothing that was adopted is referred to from now on.
  void ForgetFolds() { adopted_.clear(); }
  // Links of the longest chain of the newest sealed checkpoint.
  size_t longest_chain() const;

 private:
  class Writing;
  static constexpr std::string_view kBasePrefix = "base-";  // of names of files
  std::string ManifestPath(uint64_t epoch) const;
  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }
  Status WriteDurably(const std::string& path, std::string_view bytes);
  // In pieces; fills in size and checksum.
  Status StreamDurably(const std::string& path, KeyedSource& source, FileRange* range);
  Status SealManifest(const Manifest& manifest);
  Status TakePassedOver(uint64_t epoch);
  Status CheckClaim() const;
  Result<bool> IsVoid(const FileInfo& file) const;
  using Source = std::shared_ptr<KeyedSource>;
  Result<std::vector<FileRange>> Chain(const SubtaskSnapshot& part, Writing* writing);
  Result<std::vector<FileRange>> WholeChain(const SubtaskSnapshot& part, Writing* writing);
  Result<std::vector<FileRange>> Extend(std::vector<FileRange> chain, const SubtaskSnapshot& delta,
                                        Writing* writing) const;
  // With what was folded of it.
  Result<std::vector<FileRange>> ChainOf(uint64_t epoch, const SubtaskSnapshot& part) const;
  bool IsTooLong(const std::vector<FileRange>& chain) const;
  bool MayGrow(const std::vector<FileRange>& chain, uint64_t more_bytes) const;
  std::shared_ptr<ChainFold> MakeFold(uint64_t epoch, std::vector<FoldedChain> chains);
  void ForgetOldFolds();
  Status ReadKeyed(const std::vector<FileRange>& chain, SubtaskSnapshot* snapshot) const;
  // Files of checkpoints: what their names tell.
  struct Entry {
    std::string path;
    uint64_t epoch = 0;
    bool manifest = false;  // under its final name
  };
  Result<std::vector<Entry>> Entries() const;
  Result<std::set<std::string>> PathsReferredTo(const std::vector<Entry>& entries, uint64_t from) const;

  std::shared_ptr<FileStore> files_;
  std::string directory_;
  uint64_t claim_;
  std::string claim_path_;             // "": not guarded
  std::optional<uint64_t> contended_;  // every epoch up to it is sealed, void, or before our time
  ChainLimits limits_;
  ChainFiles chains_;
  std::map<uint64_t, std::vector<ManifestPart>> sealed_;  // or gone on from, by epoch: what deltas build on
  // Whole state that was handed in and written: a task that has ended hands it in again with every epoch.
  struct Written {
    std::weak_ptr<const KeyedSource> source;
    uint64_t checksum = 0;  // of bytes
    size_t size = 0;
    FileRange base;
  };
  std::vector<Written> written_;
  std::vector<std::shared_ptr<ChainFold>> folds_;  // that may still be stepped
  std::vector<FoldedChain> adopted_;               // oldest first
  uint64_t folds_made_ = 0;                        // by this process: part of names
};

}  // namespace penstock
