// Files of checkpoints. Step 11 of a record's way.
#include "checkpoint/checkpoint_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "data/byte_hash.h"
#include "data/key_codec.h"
#include "env/failpoint.h"
#include "state/pieces/keyed_pieces.h"

namespace penstock {

namespace {

Failpoint file_written("store.file-written", "a file of a checkpoint is written, not synced");
Failpoint file_synced("store.file-synced", "a file of a checkpoint is synced");
Failpoint state_durable("store.state-durable", "all state of a checkpoint is synced, there is no manifest");
Failpoint one_removed("store.one-removed", "a file of an earlier checkpoint was removed");
Failpoint marked("store.marked", "the directory says that a log has decided");

SeededBug no_fsync("bug:store.no-fsync", "files of checkpoints are not synced");
SeededBug manifest_first("bug:store.manifest-first",
                         "the manifest gets its name before the state is written");
SeededBug chain_removed("bug:store.chain-removed", "files go that manifests still refer to");
SeededBug hearsay("bug:store.hearsay", "what is restored may not be durable");
SeededBug unguarded("bug:fold.unguarded", "what a fold has written goes before a manifest refers to it");

constexpr const char* kDecidedName = "decided";
constexpr std::string_view kManifestPrefix = "manifest-";
constexpr std::string_view kStatePrefix = "state-";
constexpr std::string_view kReachedPrefix = "reached-";
// In the place of a manifest: an epoch that nobody will seal.
constexpr std::string_view kVoid = "penstock-void 1\n";
// A larger base gets a file of its own: small ones share a file with what changes more often.
constexpr size_t kSharedBaseBytes = size_t{64} << 10;

}  // namespace

// The files of an epoch that is being written: one that most parts share, and one for each large base or
// delta.
class CheckpointStore::Writing {
 public:
  Writing(CheckpointStore* store, uint64_t epoch) : store_(store), epoch_(epoch) {}

  FileRange Add(std::string_view bytes) {
    FileRange range{Name(kStatePrefix, ""), shared_.size(), bytes.size(), HashKey(bytes)};
    shared_.append(bytes);
    written_ += bytes.size();
    return range;
  }
  Result<FileRange> AddBase(std::string_view bytes) {
    if (bytes.size() < kSharedBaseBytes) return Add(bytes);
    FileRange range{Name(kBasePrefix, fmt::format("-{}", files_++)), 0, bytes.size(), HashKey(bytes)};
    RETURN_IF_ERROR(store_->WriteDurably(store_->PathOf(range.file), bytes));
    written_ += bytes.size();
    return range;
  }
  // In pieces, in a file of its own.
  Result<FileRange> AddSource(KeyedSource& source) {
    std::string_view prefix = source.delta() ? kStatePrefix : kBasePrefix;
    FileRange range{Name(prefix, fmt::format("-{}", files_++)), 0, 0, 0};
    RETURN_IF_ERROR(store_->StreamDurably(store_->PathOf(range.file), source, &range));
    written_ += range.size;
    return range;
  }
  Status Finish() { return store_->WriteDurably(store_->PathOf(Name(kStatePrefix, "")), shared_); }
  uint64_t written() const { return written_; }

 private:
  std::string Name(std::string_view prefix, const std::string& middle) const {
    return fmt::format("{}{:020}{}-c{}", prefix, epoch_, middle, store_->claim_);
  }
  CheckpointStore* store_;
  uint64_t epoch_;
  int files_ = 0;
  uint64_t written_ = 0;
  std::string shared_;
};

std::string CheckpointStore::ManifestPath(uint64_t epoch) const {
  return PathOf(fmt::format("{}{:020}", kManifestPrefix, epoch));
}

// Durable under its name once the directory is synced, too.
Status CheckpointStore::WriteDurably(const std::string& path, std::string_view bytes) {
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files_->OpenForWrite(path));
  RETURN_IF_ERROR(file->Append(bytes));
  RETURN_IF_ERROR(file_written.Hit());
  if (!no_fsync.On()) RETURN_IF_ERROR(file->Sync());
  RETURN_IF_ERROR(file_synced.Hit());
  return file->Close();
}

Status CheckpointStore::StreamDurably(const std::string& path, KeyedSource& source, FileRange* range) {
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files_->OpenForWrite(path));
  ByteHash hash;
  RETURN_IF_ERROR(WritePieces(source, [&](std::string_view piece) {
    hash.Add(piece);
    range->size += piece.size();
    return file->Append(piece);
  }));
  range->checksum = hash.value();
  RETURN_IF_ERROR(file_written.Hit());
  if (!no_fsync.On()) RETURN_IF_ERROR(file->Sync());
  RETURN_IF_ERROR(file_synced.Hit());
  return file->Close();
}

Status CheckpointStore::SealManifest(const Manifest& manifest) {
  std::string path = ManifestPath(manifest.epoch);
  RETURN_IF_ERROR(TakePassedOver(manifest.epoch));
  Status sealed = files_->Create(path, fmt::format("{}-c{}", path, claim_), manifest.Write());
  if (sealed.code() == StatusCode::kAlreadyExists) {
    return Status(StatusCode::kFenced, "another process has written '" + path + "'")
        .WithHint("only one process may run a job of this directory");
  }
  RETURN_IF_ERROR(sealed);
  // It may have got the name of a checkpoint that another process has sealed and removed.
  RETURN_IF_ERROR(CheckClaim());
  if (contended_) contended_ = manifest.epoch;
  return Status::Ok();
}

// Two processes that both do this meet at the first epoch behind what they both know.
Status CheckpointStore::TakePassedOver(uint64_t epoch) {
  if (!contended_ || claim_path_.empty()) return Status::Ok();
  for (uint64_t between = *contended_ + 1; between < epoch; ++between) {
    std::string path = ManifestPath(between);
    Status taken = files_->Create(path, fmt::format("{}-c{}", path, claim_), kVoid);
    if (taken.code() == StatusCode::kAlreadyExists) {
      ASSIGN_OR_RETURN(FileInfo there, files_->Stat(path));
      ASSIGN_OR_RETURN(bool is_void, IsVoid(there));
      // One of ours whose answer was lost; what it held is in this epoch, too.
      Result<Manifest> manifest = is_void ? Manifest() : ReadManifest(between);
      if (!is_void && (!manifest || manifest->claim != claim_)) {
        return Status(StatusCode::kFenced, "another process has sealed '" + path + "' since this one started")
            .WithHint("only one process may run a job of this directory");
      }
    } else if (!taken.ok()) {
      return taken;
    }
    contended_ = between;
  }
  return Status::Ok();
}

Result<bool> CheckpointStore::IsVoid(const FileInfo& file) const {
  if (file.size != kVoid.size()) return false;
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(*files_, file.path));
  return bytes == kVoid;
}

Status CheckpointStore::CheckClaim() const {
  if (claim_path_.empty()) return Status::Ok();
  Result<FileInfo> claim = files_->Stat(claim_path_);
  if (claim || claim.error().code() != StatusCode::kNotFound) return claim.status();
  return Status(StatusCode::kFenced, "another process has taken over '" + directory_ + "'")
      .WithHint("only one process may run a job of this directory");
}

Status CheckpointStore::Seal(const std::vector<SubtaskSnapshot>& parts, Manifest* manifest) {
  std::vector<const SubtaskSnapshot*> all;
  for (const SubtaskSnapshot& part : parts) all.push_back(&part);
  return SealParts(all, manifest);
}

Status CheckpointStore::SealParts(const std::vector<const SubtaskSnapshot*>& parts, Manifest* manifest) {
  Writing writing(this, manifest->epoch);
  manifest->claim = claim_;
  manifest->parts.clear();
  for (const SubtaskSnapshot* part : parts) {
    ASSIGN_OR_RETURN(std::vector<FileRange> chain, Chain(*part, &writing));
    manifest->parts.push_back(
        {part->uid, part->subtask, writing.Add(WriteSnapshot(*part)), std::move(chain)});
  }
  manifest->written_bytes = writing.written();
  if (manifest_first.On()) RETURN_IF_ERROR(SealManifest(*manifest));
  RETURN_IF_ERROR(writing.Finish());
  RETURN_IF_ERROR(state_durable.Hit());
  if (!manifest_first.On()) RETURN_IF_ERROR(SealManifest(*manifest));
  sealed_[manifest->epoch] = manifest->parts;
  return Status::Ok();
}

// Where the keyed state of a part lies once this epoch is sealed.
Result<std::vector<FileRange>> CheckpointStore::Chain(const SubtaskSnapshot& part, Writing* writing) {
  if (!part.has_keyed()) return part.since != 0 ? ChainOf(part.since, part) : std::vector<FileRange>();
  if (part.since == 0) return WholeChain(part, writing);
  ASSIGN_OR_RETURN(std::vector<FileRange> chain, ChainOf(part.since, part));
  return Extend(std::move(chain), part, writing);
}

Result<std::vector<FileRange>> CheckpointStore::WholeChain(const SubtaskSnapshot& part, Writing* writing) {
  // A task that has ended hands in the same state with every epoch.
  Written written{part.keyed_source, HashKey(part.keyed), part.keyed.size(), {}};
  Result<std::vector<FileRange>> before = std::vector<FileRange>();
  if (!sealed_.empty()) before = ChainOf(sealed_.rbegin()->first, part);
  if (before && before->size() == 1) {
    auto same = [&](const Written& known) {
      bool content = part.keyed_source ? known.source.lock() == part.keyed_source
                                       : known.size == written.size && known.checksum == written.checksum;
      return content && known.base == before->front();
    };
    // Also what an earlier process wrote, where it was written as it is.
    bool as_bytes = !part.keyed_source && before->front().size == written.size &&
                    before->front().checksum == written.checksum;
    if (as_bytes || std::any_of(written_.begin(), written_.end(), same)) return before;
  }
  if (part.keyed_source || part.keyed.size() >= limits_.stream_bytes) {
    Source source = part.keyed_source;
    if (!source) {
      ASSIGN_OR_RETURN(source, MakeKeyedView(part.keyed));
    }
    ASSIGN_OR_RETURN(written.base, writing->AddSource(*source));
  } else {
    ASSIGN_OR_RETURN(written.base, writing->AddBase(part.keyed));
  }
  written_.push_back(written);
  return std::vector<FileRange>{written.base};
}

Result<std::vector<FileRange>> CheckpointStore::Extend(std::vector<FileRange> chain,
                                                       const SubtaskSnapshot& delta, Writing* writing) const {
  if (chain.empty()) return Status::Internal("a delta of keyed state without a base");
  if (!delta.keyed_source && delta.keyed.size() < limits_.stream_bytes) {
    chain.push_back(writing->Add(delta.keyed));
    return chain;
  }
  Source source = delta.keyed_source;
  if (!source) {
    ASSIGN_OR_RETURN(source, MakeKeyedView(delta.keyed));
  }
  ASSIGN_OR_RETURN(FileRange link, writing->AddSource(*source));
  chain.push_back(std::move(link));
  return chain;
}

Result<std::vector<CheckpointStore::Entry>> CheckpointStore::Entries() const {
  std::vector<Entry> entries;
  ASSIGN_OR_RETURN(std::vector<FileInfo> files, files_->List(directory_));
  for (FileInfo& file : files) {
    std::string_view name = std::string_view(file.path).substr(file.path.rfind('/') + 1);
    std::string_view prefix;
    for (std::string_view one : {kManifestPrefix, kStatePrefix, kBasePrefix, kReachedPrefix}) {
      if (name.starts_with(one)) prefix = one;
    }
    if (prefix.empty()) continue;
    name.remove_prefix(prefix.size());
    uint64_t epoch = 0;
    auto parsed = std::from_chars(name.data(), name.data() + name.size(), epoch);
    if (parsed.ec != std::errc()) continue;
    bool ends = parsed.ptr == name.data() + name.size();
    bool manifest = prefix == kManifestPrefix && ends;
    if (manifest) {
      ASSIGN_OR_RETURN(bool is_void, IsVoid(file));
      manifest = !is_void;
    }
    entries.push_back({std::move(file.path), epoch, manifest});
  }
  return entries;
}

Status CheckpointStore::MakeDurable() {
  Result<FileInfo> directory = files_->Stat(directory_);
  if (!directory) return directory.error().code() == StatusCode::kNotFound ? Status::Ok() : directory.error();
  return hearsay.On() ? Status::Ok() : files_->SyncNames(directory_);
}

// What counts is the name. (At a restore this makes the checkpoint durable, too.)
Status CheckpointStore::MarkReached(uint64_t epoch, const std::string& run) {
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                   files_->OpenForWrite(PathOf(fmt::format("{}{:020}-{}", kReachedPrefix, epoch, run))));
  RETURN_IF_ERROR(file->Close());
  return hearsay.On() ? Status::Ok() : files_->SyncNames(directory_);
}

Status CheckpointStore::CheckReached(const std::string& run) const {
  ASSIGN_OR_RETURN(std::vector<Entry> entries, Entries());
  uint64_t reached = 0, sealed = 0;
  for (const Entry& entry : entries) {
    std::string_view name = std::string_view(entry.path).substr(entry.path.rfind('/') + 1);
    bool mark = name.starts_with(kReachedPrefix) && name.ends_with("-" + run);
    if (mark) reached = std::max(reached, entry.epoch);
    if (entry.manifest) sealed = std::max(sealed, entry.epoch);
  }
  if (sealed >= reached) return Status::Ok();
  return Status::Corruption(fmt::format("'{}' is gone", ManifestPath(reached)));
}

Result<std::vector<uint64_t>> CheckpointStore::Epochs() const {
  ASSIGN_OR_RETURN(std::vector<Entry> entries, Entries());
  std::vector<uint64_t> epochs;
  for (const Entry& entry : entries) {
    if (entry.manifest) epochs.push_back(entry.epoch);
  }
  std::sort(epochs.begin(), epochs.end());
  return epochs;
}

Result<uint64_t> CheckpointStore::LastEpochTouched() const {
  ASSIGN_OR_RETURN(std::vector<Entry> entries, Entries());
  uint64_t last = 0;
  for (const Entry& entry : entries) last = std::max(last, entry.epoch);
  return last;
}

Result<Manifest> CheckpointStore::ReadManifest(uint64_t epoch) const {
  std::string path = ManifestPath(epoch);
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(*files_, path));
  ASSIGN_OR_RETURN(Manifest manifest, Manifest::Read(bytes, path));
  if (manifest.epoch != epoch) return Status::Corruption("manifest '" + path + "' is of another epoch");
  return manifest;
}

Result<std::vector<SubtaskSnapshot>> CheckpointStore::ReadParts(const Manifest& manifest) const {
  std::vector<SubtaskSnapshot> parts;
  for (const ManifestPart& part : manifest.parts) {
    ASSIGN_OR_RETURN(std::string rest, chains_.ReadRange(part.rest));
    ASSIGN_OR_RETURN(SubtaskSnapshot snapshot, ReadSnapshot(rest));
    if (!part.keyed.empty()) {
      Status read = ReadKeyed(part.keyed, &snapshot);
      if (!read.ok()) return std::move(read).WithContext("the state of " + part.uid);
    }
    snapshot.restored_from = manifest.epoch;
    parts.push_back(std::move(snapshot));
  }
  return parts;
}

// As bytes where it is small: they are checked now.
Status CheckpointStore::ReadKeyed(const std::vector<FileRange>& chain, SubtaskSnapshot* snapshot) const {
  bool is_large = chains_.IsLarge(chain);
  if (!is_large && chain.size() == 1) {
    ASSIGN_OR_RETURN(snapshot->keyed, chains_.ReadRange(chain[0]));
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(Source source, chains_.OpenChain(chain));
  if (is_large) {
    snapshot->keyed_source = std::move(source);
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(snapshot->keyed, KeyedBytes(*source));
  return Status::Ok();
}

// An error where one of the manifests cannot be read: then nobody knows what it needs.
Result<std::set<std::string>> CheckpointStore::PathsReferredTo(const std::vector<Entry>& entries,
                                                               uint64_t from) const {
  std::set<std::string> paths;
  auto note = [&](const std::vector<ManifestPart>& parts) {
    for (const ManifestPart& part : parts) {
      paths.insert(PathOf(part.rest.file));
      for (const FileRange& link : part.keyed) paths.insert(PathOf(link.file));
    }
  };
  for (const auto& [epoch, parts] : sealed_) note(parts);
  for (const Entry& entry : entries) {
    if (!entry.manifest || entry.epoch < from || sealed_.contains(entry.epoch)) continue;
    ASSIGN_OR_RETURN(Manifest manifest, ReadManifest(entry.epoch));
    note(manifest.parts);
  }
  if (unguarded.On()) return paths;
  for (const FoldedChain& folded : adopted_) paths.insert(PathOf(folded.base.file));
  for (const std::shared_ptr<ChainFold>& fold : folds_) {
    for (const std::string& name : fold->file_names()) paths.insert(PathOf(name));
  }
  return paths;
}

Status CheckpointStore::MarkDecided() {
  ASSIGN_OR_RETURN(bool known, WasDecided());
  if (known) return Status::Ok();
  std::string path = PathOf(kDecidedName);
  Status created = files_->Create(path, path + ".tmp", "a log outside has decided checkpoints of this job\n");
  if (!created.ok() && created.code() != StatusCode::kAlreadyExists) return created;
  return marked.Hit();
}

Result<bool> CheckpointStore::WasDecided() const {
  Result<FileInfo> found = files_->Stat(PathOf(kDecidedName));
  if (found) return true;
  if (found.error().code() == StatusCode::kNotFound) return false;
  return found.error();
}

Status CheckpointStore::RemoveBefore(uint64_t epoch) {
  ASSIGN_OR_RETURN(std::vector<Entry> entries, Entries());
  sealed_.erase(sealed_.begin(), sealed_.lower_bound(epoch));
  ForgetOldFolds();
  ASSIGN_OR_RETURN(std::set<std::string> kept, PathsReferredTo(entries, epoch));
  std::erase_if(written_, [&](const Written& known) { return !kept.contains(PathOf(known.base.file)); });
  std::stable_partition(entries.begin(), entries.end(), [](const Entry& entry) { return entry.manifest; });
  for (const Entry& entry : entries) {
    if (entry.epoch >= epoch || (kept.contains(entry.path) && !chain_removed.On())) continue;
    Status removed = files_->Remove(entry.path);
    if (!removed.ok() && removed.code() != StatusCode::kNotFound) return removed;
    RETURN_IF_ERROR(one_removed.Hit());
  }
  return Status::Ok();
}

}  // namespace penstock
