// Writing and reading of savepoint folders. Step 11 of a record's way.
#include "checkpoint/savepoint_folder.h"

#include <fmt/format.h>

#include <map>
#include <tuple>

#include "data/byte_hash.h"
#include "env/objects/object_store.h"
#include "state/pieces/keyed_pieces.h"

namespace penstock {

namespace {

constexpr const char* kManifestName = "manifest";
constexpr std::string_view kStatePrefix = "state-";

Status Taken(const std::string& to) {
  return Status(StatusCode::kAlreadyExists, "there is a savepoint in '" + to + "' already")
      .WithHint("name another place: what is in a bucket is not replaced");
}

// The one file that all ranges of a savepoint go into.
class StateFile {
 public:
  StateFile(FileStore* files, std::string directory, uint64_t nonce)
      : files_(files),
        directory_(std::move(directory)),
        name_(fmt::format("{}{:016x}", kStatePrefix, nonce)) {}

  Status Open() {
    ASSIGN_OR_RETURN(file_, files_->OpenForWrite(Path(name_)));
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
  Status Close() {
    RETURN_IF_ERROR(file_->Sync());
    RETURN_IF_ERROR(file_->Close());
    return files_->SyncNames(directory_);
  }
  // Removes the files of the savepoint that this one replaces, and what dead writers left here. The savepoint
  // is there: what cannot be removed stays.
  void RemoveOthers() {
    Result<std::vector<FileInfo>> entries = files_->List(directory_);
    if (!entries) return;
    for (const FileInfo& entry : *entries) {
      std::string_view name = std::string_view(entry.path).substr(entry.path.rfind('/') + 1);
      if (name.starts_with(kStatePrefix) && name != name_) (void)files_->Remove(entry.path);
    }
  }
  // What a writer that failed leaves behind.
  void Discard() {
    file_.reset();
    (void)files_->Remove(Path(name_));
  }
  uint64_t size() const { return size_; }

 private:
  std::string Path(const std::string& name) const { return directory_ + "/" + name; }

  FileStore* files_;
  std::string directory_, name_;
  std::unique_ptr<WritableFile> file_;
  uint64_t size_ = 0;
};

// Each range of `manifest` once, in the order in which it is named; the manifest then names the copies.
Status CopyRanges(const CheckpointStore& from, const std::function<Status()>& go_on, Manifest* manifest,
                  StateFile* state) {
  std::map<std::tuple<std::string, uint64_t, uint64_t>, FileRange> copied;
  auto copy = [&](FileRange* range) -> Status {
    auto [place, is_new] = copied.try_emplace({range->file, range->offset, range->size});
    if (is_new) {
      auto write = [&](const AppendBytes& append) {
        return from.CopyRange(*range, [&](std::string_view block) {
          Status status = go_on();
          return status.ok() ? append(block) : status;
        });
      };
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

// Where the name is taken the state is of no use; after another error the manifest may yet be there.
Status NameManifest(FileStore* files, const std::string& to, const Manifest& manifest, StateFile* state) {
  std::string path = to + "/" + kManifestName;
  Status named = files->Create(path, path + ".tmp", manifest.Write(), RenameMode::kReplace);
  if (named.code() == StatusCode::kAlreadyExists) {
    state->Discard();
    return Taken(to);
  }
  if (named.ok()) state->RemoveOthers();
  return named;
}

template <typename Fill>
Status Write(FileStore* files, const std::string& to, uint64_t nonce, Manifest manifest, Fill fill) {
  StateFile state(files, to, nonce);
  Status status = state.Open();
  if (status.ok()) status = fill(&manifest, &state);
  if (status.ok()) status = state.Close();
  if (!status.ok()) state.Discard();
  manifest.claim = 0;  // nobody's: see docs/formats/savepoint.md
  manifest.written_bytes = state.size();
  if (status.ok()) status = NameManifest(files, to, manifest, &state);
  if (status.ok()) return status;
  return std::move(status).WithContext("writing the savepoint '" + to + "'");
}

}  // namespace

Status CopyToSavepoint(const CheckpointStore& from, uint64_t epoch, FileStore* files, const std::string& to,
                       uint64_t nonce, const std::function<Status()>& go_on) {
  ASSIGN_OR_RETURN(Manifest manifest, from.ReadManifest(epoch));
  return Write(files, to, nonce, std::move(manifest),
               [&](Manifest* copy, StateFile* state) { return CopyRanges(from, go_on, copy, state); });
}

Status WriteSavepoint(FileStore* files, const std::vector<SubtaskSnapshot>& parts, Manifest manifest,
                      const std::string& to, uint64_t nonce) {
  return Write(files, to, nonce, std::move(manifest),
               [&](Manifest* written, StateFile* state) { return AddParts(parts, written, state); });
}

Status CheckSavepointPlace(FileStore* files, const std::string& to, uint64_t nonce) {
  auto check = [&]() -> Status {
    ASSIGN_OR_RETURN(bool taken, IsSavepointFolder(files, to));
    if (taken && IsObjectPath(to)) return Taken(to);
    StateFile probe(files, to, nonce);
    Status written = probe.Open();
    if (written.ok()) written = probe.AddBytes("a savepoint is to be written here\n").status();
    if (written.ok()) written = probe.Close();
    probe.Discard();
    return written;
  };
  Status checked = check();
  return checked.ok() ? checked
                      : std::move(checked).WithContext("no savepoint can be written to '" + to + "'");
}

Result<bool> IsSavepointFolder(FileStore* files, const std::string& path) {
  Result<FileInfo> manifest = files->Stat(path + "/" + kManifestName);
  if (!manifest && manifest.error().code() != StatusCode::kNotFound) return manifest.error();
  return manifest.has_value();
}

Result<Manifest> ReadSavepointManifest(FileStore* files, const std::string& path) {
  std::string name = path + "/" + kManifestName;
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(*files, name));
  return Manifest::Read(bytes, name);
}

Result<std::vector<SubtaskSnapshot>> ReadSavepointParts(std::shared_ptr<FileStore> files,
                                                        const std::string& path, const Manifest& manifest) {
  CheckpointStore store(std::move(files), path, 0);
  ASSIGN_OR_RETURN(std::vector<SubtaskSnapshot> parts, store.ReadParts(manifest));
  for (SubtaskSnapshot& part : parts) {
    part.restored_from = 0;
    part.committables.clear();
  }
  return parts;
}

}  // namespace penstock
