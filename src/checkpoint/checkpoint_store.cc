// Files of checkpoints. Step 11 of a record's way.
#include "checkpoint/checkpoint_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "data/key_codec.h"

namespace penstock {

namespace {
constexpr std::string_view kManifestPrefix = "manifest-";
}  // namespace

std::string CheckpointStore::ManifestPath(uint64_t epoch) const {
  return PathOf(fmt::format("{}{:020}", kManifestPrefix, epoch));
}

Status CheckpointStore::WriteDurably(const std::string& path, std::string_view bytes) {
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files_->OpenForWrite(path, WriteMode::kCreateNew));
  RETURN_IF_ERROR(file->Append(bytes));
  RETURN_IF_ERROR(file->Sync());
  RETURN_IF_ERROR(file->Close());
  return files_->SyncDirectory(directory_);
}

Status CheckpointStore::Seal(const std::vector<SubtaskSnapshot>& parts, Manifest* manifest) {
  RETURN_IF_ERROR(files_->CreateDirectories(directory_));
  std::string name = fmt::format("state-{:020}-c{}", manifest->epoch, claim_);
  manifest->claim = claim_;
  manifest->parts.clear();
  std::string bytes;
  for (const SubtaskSnapshot& part : parts) {
    std::string one = WriteSnapshot(part);
    manifest->parts.push_back({part.uid, part.subtask, name, bytes.size(), one.size(), HashKey(one)});
    bytes += one;
  }
  // The leftover of an earlier try of this very process.
  Status removed = files_->Remove(PathOf(name));
  if (!removed.ok() && removed.code() != StatusCode::kNotFound) return removed;
  RETURN_IF_ERROR(WriteDurably(PathOf(name), bytes));
  Status sealed = WriteDurably(ManifestPath(manifest->epoch), manifest->Write());
  if (sealed.code() == StatusCode::kAlreadyExists) {
    return Status(StatusCode::kFenced, "another process has written '" + ManifestPath(manifest->epoch) + "'")
        .WithHint("only one process may run a job of this directory");
  }
  return sealed;
}

Result<std::vector<uint64_t>> CheckpointStore::Epochs() const {
  std::vector<uint64_t> epochs;
  Result<std::vector<FileInfo>> entries = files_->List(directory_);
  if (!entries && entries.error().code() == StatusCode::kNotFound) return epochs;
  if (!entries) return entries.error();
  for (const FileInfo& entry : *entries) {
    std::string_view name = std::string_view(entry.path).substr(entry.path.rfind('/') + 1);
    if (!name.starts_with(kManifestPrefix)) continue;
    name.remove_prefix(kManifestPrefix.size());
    uint64_t epoch = 0;
    auto parsed = std::from_chars(name.data(), name.data() + name.size(), epoch);
    if (parsed.ec == std::errc() && parsed.ptr == name.data() + name.size()) epochs.push_back(epoch);
  }
  std::sort(epochs.begin(), epochs.end());
  return epochs;
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

Status CheckpointStore::Remove(uint64_t epoch) {
  Result<Manifest> manifest = ReadManifest(epoch);
  Status status = files_->Remove(ManifestPath(epoch));
  if (!status.ok() && status.code() != StatusCode::kNotFound) return status;
  if (!manifest) return Status::Ok();
  std::string last;
  for (const ManifestPart& part : manifest->parts) {
    if (part.file == last) continue;
    last = part.file;
    status = files_->Remove(PathOf(last));
    if (!status.ok() && status.code() != StatusCode::kNotFound) return status;
  }
  return Status::Ok();
}

}  // namespace penstock
