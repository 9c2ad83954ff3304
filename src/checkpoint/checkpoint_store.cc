// Files of checkpoints. Step 11 of a record's way.
#include "checkpoint/checkpoint_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "data/key_codec.h"

namespace penstock {

namespace {
constexpr std::string_view kManifestPrefix = "manifest-";
constexpr std::string_view kStatePrefix = "state-";
}  // namespace

std::string CheckpointStore::ManifestPath(uint64_t epoch) const {
  return PathOf(fmt::format("{}{:020}", kManifestPrefix, epoch));
}

// Durable under its name once the directory is synced, too.
Status CheckpointStore::WriteDurably(const std::string& path, std::string_view bytes) {
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files_->OpenForWrite(path, WriteMode::kReplace));
  RETURN_IF_ERROR(file->Append(bytes));
  RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

Status CheckpointStore::Seal(const std::vector<SubtaskSnapshot>& parts, Manifest* manifest) {
  RETURN_IF_ERROR(files_->CreateDirectories(directory_));
  std::string name = fmt::format("{}{:020}-c{}", kStatePrefix, manifest->epoch, claim_);
  manifest->claim = claim_;
  manifest->parts.clear();
  std::string bytes;
  for (const SubtaskSnapshot& part : parts) {
    std::string one = WriteSnapshot(part);
    manifest->parts.push_back({part.uid, part.subtask, name, bytes.size(), one.size(), HashKey(one)});
    bytes += one;
  }
  RETURN_IF_ERROR(WriteDurably(PathOf(name), bytes));
  std::string path = ManifestPath(manifest->epoch), unsealed = fmt::format("{}-c{}", path, claim_);
  RETURN_IF_ERROR(WriteDurably(unsealed, manifest->Write()));
  RETURN_IF_ERROR(files_->SyncDirectory(directory_));
  Status sealed = files_->Rename(unsealed, path, RenameMode::kCreateNew);
  if (sealed.code() == StatusCode::kAlreadyExists) {
    return Status(StatusCode::kFenced, "another process has written '" + path + "'")
        .WithHint("only one process may run a job of this directory");
  }
  RETURN_IF_ERROR(sealed);
  return files_->SyncDirectory(directory_);
}

Result<std::vector<CheckpointStore::Entry>> CheckpointStore::Entries() const {
  std::vector<Entry> entries;
  Result<std::vector<FileInfo>> files = files_->List(directory_);
  if (!files && files.error().code() == StatusCode::kNotFound) return entries;
  if (!files) return files.error();
  for (FileInfo& file : *files) {
    std::string_view name = std::string_view(file.path).substr(file.path.rfind('/') + 1);
    bool manifest = name.starts_with(kManifestPrefix);
    if (!manifest && !name.starts_with(kStatePrefix)) continue;
    name.remove_prefix(manifest ? kManifestPrefix.size() : kStatePrefix.size());
    uint64_t epoch = 0;
    auto parsed = std::from_chars(name.data(), name.data() + name.size(), epoch);
    if (parsed.ec != std::errc()) continue;
    bool ends = parsed.ptr == name.data() + name.size();
    entries.push_back({std::move(file.path), epoch, manifest && ends});
  }
  return entries;
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
  std::string name, bytes;
  for (const ManifestPart& part : manifest.parts) {
    if (part.file != name) {
      ASSIGN_OR_RETURN(bytes, ReadFile(*files_, PathOf(part.file)));
      name = part.file;
    }
    auto damaged = [&](const char* what) { return Status::Corruption("'" + PathOf(name) + "' " + what); };
    if (part.offset > bytes.size() || part.size > bytes.size() - part.offset) return damaged("is cut short");
    std::string_view one = std::string_view(bytes).substr(part.offset, part.size);
    if (HashKey(one) != part.checksum) return damaged("does not match the checksum in its manifest");
    ASSIGN_OR_RETURN(SubtaskSnapshot snapshot, ReadSnapshot(one));
    parts.push_back(std::move(snapshot));
  }
  return parts;
}

Status CheckpointStore::RemoveBefore(uint64_t epoch) {
  ASSIGN_OR_RETURN(std::vector<Entry> entries, Entries());
  std::stable_partition(entries.begin(), entries.end(), [](const Entry& entry) { return entry.manifest; });
  for (const Entry& entry : entries) {
    if (entry.epoch >= epoch) continue;
    Status removed = files_->Remove(entry.path);
    if (!removed.ok() && removed.code() != StatusCode::kNotFound) return removed;
  }
  return Status::Ok();
}

}  // namespace penstock
