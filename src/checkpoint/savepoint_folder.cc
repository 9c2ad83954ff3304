// Writing and reading of savepoint folders. Step 11 of a record's way.
#include "checkpoint/savepoint_folder.h"

#include <fmt/format.h>

#include <map>
#include <tuple>

#include "data/byte_hash.h"
#include "state/pieces/keyed_pieces.h"

namespace penstock {

namespace {

constexpr const char* kManifestName = "manifest";
constexpr std::string_view kStatePrefix = "state-";

// Makes the directory, and its name durable in each parent that was made for it.
Status CreateDurably(FileSystem* files, const std::string& path) {
  std::vector<std::string> parents;  // of what is not there
  for (std::string missing = path; !missing.empty() && !files->Stat(missing);) {
    size_t slash = missing.rfind('/');
    missing = slash == std::string::npos ? "" : missing.substr(0, slash);
    parents.push_back(missing.empty() ? (slash == 0 ? "/" : ".") : missing);
  }
  RETURN_IF_ERROR(files->CreateDirectories(path));
  for (const std::string& parent : parents) RETURN_IF_ERROR(files->SyncDirectory(parent));
  return Status::Ok();
}

// The one file that all ranges of a savepoint go into.
class StateFile {
 public:
  StateFile(FileSystem* files, std::string directory, uint64_t nonce)
      : files_(files),
        directory_(std::move(directory)),
        name_(fmt::format("{}{:016x}", kStatePrefix, nonce)) {}

  Status Open() {
    RETURN_IF_ERROR(CreateDurably(files_, directory_));
    ASSIGN_OR_RETURN(file_, files_->OpenForWrite(Path(name_), WriteMode::kCreateNew));
    return Status::Ok();
  }
  // What write(append) appends, as a range.
  template <typename WriteBytes>
  Result<FileRange> Add(const WriteBytes& write) {
    FileRange range{name_, size_, 0, 0};
    ByteHash hash;
    RETURN_IF_ERROR(write([&](std::string_view bytes) {
      hash.Add(bytes);
      size_ += bytes.size();
      return file_->Append(bytes);
    }));
    range.size = size_ - range.offset;
    range.checksum = hash.value();
    return range;
  }
  Result<FileRange> AddBytes(std::string_view bytes) {
    return Add([bytes](const AppendBytes& append) { return append(bytes); });
  }
  // Makes the savepoint durable; then removes the files of the one that it replaces.
  Status Finish(Manifest manifest) {
    RETURN_IF_ERROR(file_->Sync());
    RETURN_IF_ERROR(file_->Close());
    manifest.claim = 0;  // nobody's: see docs/formats/savepoint.md
    manifest.written_bytes = size_;
    RETURN_IF_ERROR(files_->SyncDirectory(directory_));
    RETURN_IF_ERROR(WriteFileAtomically(*files_, Path(kManifestName), manifest.Write()));
    // The savepoint is there: what cannot be removed stays.
    Result<std::vector<FileInfo>> entries = files_->List(directory_);
    if (!entries) return Status::Ok();
    for (const FileInfo& entry : *entries) {
      std::string_view name = std::string_view(entry.path).substr(entry.path.rfind('/') + 1);
      if (name.starts_with(kStatePrefix) && name != name_) (void)files_->Remove(entry.path);
    }
    return Status::Ok();
  }
  // What a writer that failed leaves behind.
  void Discard() {
    file_.reset();
    (void)files_->Remove(Path(name_));
  }

 private:
  std::string Path(const std::string& name) const { return directory_ + "/" + name; }

  FileSystem* files_;
  std::string directory_, name_;
  std::unique_ptr<WritableFile> file_;
  uint64_t size_ = 0;
};

// Each range of `manifest` once, in the order in which it is named; the manifest then names the copies.
Status CopyRanges(const CheckpointStore& from, Manifest* manifest, StateFile* state) {
  std::map<std::tuple<std::string, uint64_t, uint64_t>, FileRange> copied;
  auto copy = [&](FileRange* range) -> Status {
    auto [place, is_new] = copied.try_emplace({range->file, range->offset, range->size});
    if (is_new) {
      auto write = [&](const AppendBytes& append) { return from.CopyRange(*range, append); };
      ASSIGN_OR_RETURN(place->second, state->Add(write));
    }
    *range = place->second;
    return Status::Ok();
  };
  for (ManifestPart& part : manifest->parts) {
    RETURN_IF_ERROR(copy(&part.rest));
    for (FileRange& link : part.keyed) RETURN_IF_ERROR(copy(&link));
  }
  return Status::Ok();
}

Status AddParts(const std::vector<SubtaskSnapshot>& parts, Manifest* manifest, StateFile* state) {
  manifest->parts.clear();
  for (const SubtaskSnapshot& part : parts) {
    ManifestPart& written = manifest->parts.emplace_back();
    written.uid = part.uid;
    written.subtask = part.subtask;
    ASSIGN_OR_RETURN(written.rest, state->AddBytes(WriteSnapshot(part)));
    if (!part.has_keyed()) continue;
    auto write = [&](const AppendBytes& append) {
      return part.keyed_source ? WritePieces(*part.keyed_source, append) : append(part.keyed);
    };
    ASSIGN_OR_RETURN(FileRange base, state->Add(write));
    written.keyed.push_back(std::move(base));
  }
  return Status::Ok();
}

template <typename Fill>
Status Write(FileSystem* files, const std::string& to, uint64_t nonce, Manifest manifest, Fill fill) {
  StateFile state(files, to, nonce);
  Status status = state.Open();
  if (status.ok()) status = fill(&manifest, &state);
  if (status.ok()) status = state.Finish(std::move(manifest));
  if (status.ok()) return status;
  state.Discard();
  return std::move(status).WithContext("writing the savepoint '" + to + "'");
}

}  // namespace

Status CopyToSavepoint(const CheckpointStore& from, uint64_t epoch, FileSystem* files, const std::string& to,
                       uint64_t nonce) {
  ASSIGN_OR_RETURN(Manifest manifest, from.ReadManifest(epoch));
  return Write(files, to, nonce, std::move(manifest),
               [&](Manifest* copy, StateFile* state) { return CopyRanges(from, copy, state); });
}

Status WriteSavepoint(FileSystem* files, const std::vector<SubtaskSnapshot>& parts, Manifest manifest,
                      const std::string& to, uint64_t nonce) {
  return Write(files, to, nonce, std::move(manifest),
               [&](Manifest* written, StateFile* state) { return AddParts(parts, written, state); });
}

bool IsSavepointFolder(FileStore* files, const std::string& path) {
  return files->Stat(path + "/" + kManifestName).has_value();
}

Result<Manifest> ReadSavepointManifest(FileSystem* files, const std::string& path) {
  std::string name = path + "/" + kManifestName;
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(*files, name));
  return Manifest::Read(bytes, name);
}

Result<std::vector<SubtaskSnapshot>> ReadSavepointParts(FileSystem* files, const std::string& path,
                                                        const Manifest& manifest) {
  ASSIGN_OR_RETURN(std::vector<SubtaskSnapshot> parts, CheckpointStore(files, path, 0).ReadParts(manifest));
  for (SubtaskSnapshot& part : parts) {
    part.restored_from = 0;
    part.committables.clear();
  }
  return parts;
}

}  // namespace penstock
