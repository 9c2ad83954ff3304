// Hidden files, and uploads that are not complete.
#include "connectors/filesystem/part_store.h"

#include <fmt/format.h>

#include <charconv>

#include "connectors/filesystem/file_listing.h"
#include "data/key_codec.h"
#include "env/failpoint.h"
#include "env/objects/upload_parts.h"
#include "env/random.h"

namespace penstock {

namespace {

SeededBug once_only("bug:files.once-only", "a commit that is repeated fails");
SeededBug never_hidden("bug:files.never-hidden", "part files have their own name while they are written");

constexpr std::string_view kInProgress = ".inprogress";

class HiddenFile : public PendingPart {
 public:
  HiddenFile(std::unique_ptr<WritableFile> file, std::string hidden, std::string path)
      : file_(std::move(file)), hidden_(std::move(hidden)), path_(std::move(path)) {}
  Status Append(std::string_view bytes) override { return file_->Append(bytes); }
  Status Sync() override { return file_->Sync(); }
  Status Close() override { return file_->Close(); }
  std::string Committable() const override {
    ByteWriter out;
    out.String(hidden_);
    out.String(path_);
    return out.Take();
  }

 private:
  std::unique_ptr<WritableFile> file_;
  std::string hidden_, path_;
};

struct HiddenNames {
  std::string hidden, path;
  static Result<HiddenNames> Parse(std::string_view committable) {
    ByteReader in(committable);
    HiddenNames names{std::string(in.String()), std::string(in.String())};
    if (!in.ok()) return Status::Corruption("a committable of a filesystem sink");
    return names;
  }
};

class FolderParts : public PartStore {
 public:
  explicit FolderParts(FileSystem* files) : files_(files) {}

  Status MakeDirectory(const std::string& directory) override { return files_->CreateDirectories(directory); }
  Result<std::unique_ptr<PendingPart>> Begin(const std::string& directory, const std::string& name) override {
    std::string path = directory + "/" + name;
    std::string hidden = never_hidden.On() ? path : directory + "/." + name + std::string(kInProgress);
    ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files_->OpenForWrite(hidden, WriteMode::kReplace));
    return std::unique_ptr<PendingPart>(new HiddenFile(std::move(file), std::move(hidden), std::move(path)));
  }
  Status SyncNames(const std::string& directory) override { return files_->SyncDirectory(directory); }
  Result<std::string> Commit(std::string_view committable) override {
    ASSIGN_OR_RETURN(HiddenNames names, HiddenNames::Parse(committable));
    Status renamed = files_->Rename(names.hidden, names.path, RenameMode::kReplace);
    // Not there under its hidden name: an earlier try has renamed it.
    if (!renamed.ok() &&
        (once_only.On() || renamed.code() != StatusCode::kNotFound || !files_->Stat(names.path)))
      return renamed;
    return DirectoryOf(names.path);
  }
  Status Discard(std::string_view committable) override {
    ASSIGN_OR_RETURN(HiddenNames names, HiddenNames::Parse(committable));
    Status removed = files_->Remove(names.hidden);
    return removed.code() == StatusCode::kNotFound ? Status::Ok() : removed;
  }
  Status WriteMark(const std::string& directory, const std::string& name) override {
    ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                     files_->OpenForWrite(directory + "/" + name, WriteMode::kReplace));
    RETURN_IF_ERROR(file->Sync());
    return file->Close();
  }
  Result<std::vector<LeftPart>> Left(const std::string& directory) override {
    std::vector<LeftPart> left;
    RETURN_IF_ERROR(AddLeft(directory, &left));
    return left;
  }

 private:
  Status AddLeft(const std::string& directory, std::vector<LeftPart>* left) {
    ASSIGN_OR_RETURN(std::vector<FileInfo> entries, files_->List(directory));
    for (const FileInfo& entry : entries) {
      std::string name = FileName(entry.path);
      if (entry.directory) {
        if (!name.starts_with('.')) RETURN_IF_ERROR(AddLeft(entry.path, left));
        continue;
      }
      if (!name.starts_with('.') || !name.ends_with(kInProgress)) continue;
      name = name.substr(1, name.size() - 1 - kInProgress.size());
      HiddenFile file(nullptr, entry.path, directory + "/" + name);
      left->push_back({std::move(name), file.Committable()});
    }
    return Status::Ok();
  }
  FileSystem* files_;
};

// An upload: parts leave as they fill up.
class UploadedFile : public PendingPart {
 public:
  UploadedFile(ObjectStore* store, UploadInfo upload)
      : parts_(store, std::move(upload), "set 'sink.rolling-policy.file-size' to less than 80 GB") {}

  Status Append(std::string_view bytes) override { return parts_.Append(bytes); }
  Status Sync() override { return Status::Ok(); }
  // An upload has at least one part, be it empty.
  Status Close() override {
    return parts_.rest().empty() && !parts_.parts().empty() ? Status::Ok() : parts_.Send();
  }
  std::string Committable() const override {
    ByteWriter out;
    out.String(parts_.upload().key);
    out.String(parts_.upload().id);
    out.Varint(parts_.parts().size());
    for (const UploadedPart& part : parts_.parts()) out.String(part.etag);
    return out.Take();
  }

 private:
  UploadParts parts_;
};

struct Upload {
  UploadInfo info;
  std::vector<UploadedPart> parts;
  static Result<Upload> Parse(std::string_view committable) {
    ByteReader in(committable);
    Upload upload{{std::string(in.String()), std::string(in.String())}, {}};
    uint64_t count = in.Varint();
    for (uint64_t i = 1; i <= count && in.ok(); ++i)
      upload.parts.push_back({static_cast<int>(i), std::string(in.String())});
    if (!in.ok() || count > MultipartUploads::kPartsMax)
      return Status::Corruption("a committable of a filesystem sink");
    return upload;
  }
};

class BucketParts : public PartStore {
 public:
  explicit BucketParts(ObjectStore* store) : store_(store) {}

  Status MakeDirectory(const std::string&) override { return Status::Ok(); }
  Result<std::unique_ptr<PendingPart>> Begin(const std::string& directory, const std::string& name) override {
    ASSIGN_OR_RETURN(std::string key, KeyOf(directory, name));
    ASSIGN_OR_RETURN(std::string id, store_->uploads().Begin(key));
    return std::unique_ptr<PendingPart>(new UploadedFile(store_, {std::move(key), std::move(id)}));
  }
  Status SyncNames(const std::string&) override { return Status::Ok(); }
  Result<std::string> Commit(std::string_view committable) override {
    ASSIGN_OR_RETURN(Upload upload, Upload::Parse(committable));
    Status complete = store_->uploads().Complete(upload.info, upload.parts);
    if (complete.code() == StatusCode::kNotFound) {
      return Status::Corruption("the upload of " + store_->NameOf(upload.info.key) +
                                " is gone, and so are the rows in it")
          .WithHint(
              "was the object moved away, or does a lifecycle rule of the bucket abort uploads sooner "
              "than jobs are restarted?");
    }
    RETURN_IF_ERROR(complete);
    return DirectoryOf(store_->NameOf(upload.info.key));
  }
  Status Discard(std::string_view committable) override {
    ASSIGN_OR_RETURN(Upload upload, Upload::Parse(committable));
    return store_->uploads().Abort(upload.info);
  }
  Status WriteMark(const std::string& directory, const std::string& name) override {
    ASSIGN_OR_RETURN(std::string key, KeyOf(directory, name));
    return store_->Put(key, "", PutMode::kReplace);
  }
  Result<std::vector<LeftPart>> Left(const std::string& directory) override {
    ASSIGN_OR_RETURN(std::string prefix, KeyOf(directory, ""));
    ASSIGN_OR_RETURN(std::vector<UploadInfo> uploads, store_->uploads().Pending(prefix));
    std::vector<LeftPart> left;
    for (const UploadInfo& upload : uploads)
      left.push_back({FileName(upload.key), UploadedFile(store_, upload).Committable()});
    return left;
  }

 private:
  static Result<std::string> KeyOf(const std::string& directory, const std::string& name) {
    ASSIGN_OR_RETURN(ObjectAddress address, ParseObjectAddress(directory + "/" + name));
    return std::move(address.key);
  }
  ObjectStore* store_;
};

// The next of the parts that '-' divides.
std::string_view TakePart(std::string_view* name) {
  size_t dash = name->find('-');
  std::string_view part = name->substr(0, dash);
  name->remove_prefix(dash == std::string_view::npos ? name->size() : dash + 1);
  return part;
}

}  // namespace

Result<std::unique_ptr<PartStore>> MakePartStore(const std::string& path, const SinkContext& context) {
  if (!IsObjectPath(path)) return std::unique_ptr<PartStore>(new FolderParts(context.files));
  if (context.objects == nullptr) return Status::Internal("a job without object stores");
  ASSIGN_OR_RETURN(ObjectAddress address, ParseObjectAddress(path));
  ASSIGN_OR_RETURN(ObjectStore * store, context.objects->Open(address.bucket));
  return std::unique_ptr<PartStore>(new BucketParts(store));
}

PartOwner PartOwner::Of(const SinkContext& context) {
  bool seeded = context.eval != nullptr && context.eval->random;
  PartOwner owner;
  if (!context.job.empty()) owner.job = fmt::format("{:016x}", HashKey(context.job));
  owner.attempt = fmt::format("{:016x}", seeded ? context.eval->random() : EntropySeed());
  owner.subtask = context.subtask;
  return owner;
}

std::string PartOwner::NameOfPart(int64_t number) const {
  return fmt::format("part-{}{}{}-{}-{}", job, job.empty() ? "" : "-", attempt, subtask, number);
}

Status DiscardLeftParts(PartStore& parts, const std::string& directory, const PartOwner& owner,
                        int parallelism) {
  if (owner.job.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(std::vector<LeftPart> left, parts.Left(directory));
  for (const LeftPart& part : left) {
    std::string_view rest = part.name;
    bool ours = TakePart(&rest) == "part" && TakePart(&rest) == owner.job;
    std::string_view attempt = TakePart(&rest), number = TakePart(&rest);
    int subtask = -1;
    std::from_chars(number.data(), number.data() + number.size(), subtask);
    // The attempt of another subtask that lives is not known here; that one looks after its own number.
    if (!ours || attempt == owner.attempt || subtask < 0 || subtask % parallelism != owner.subtask) continue;
    RETURN_IF_ERROR(parts.Discard(part.committable));
  }
  return Status::Ok();
}

}  // namespace penstock
