// Calls that pass while the process lives.
#include "env/files/process_file_system.h"

#include <algorithm>

#include "env/files/disk_full.h"

namespace penstock {

class ProcessWriter : public WritableFile {
 public:
  ProcessWriter(ProcessFileSystem* files, std::string path, std::unique_ptr<WritableFile> inner)
      : files_(files), path_(std::move(path)), inner_(std::move(inner)) {}
  Status Append(std::string_view bytes) override {
    RETURN_IF_ERROR(files_->CheckRoom(path_));
    return inner_->Append(bytes);
  }
  Status Sync() override {
    RETURN_IF_ERROR(files_->Check(path_));
    return inner_->Sync();
  }
  Status Close() override {
    RETURN_IF_ERROR(files_->Check(path_));
    return inner_->Close();
  }

 private:
  ProcessFileSystem* files_;
  std::string path_;
  std::unique_ptr<WritableFile> inner_;
};

namespace {

class ProcessLock : public FileLock {
 public:
  explicit ProcessLock(std::shared_ptr<const bool> held) : held_(std::move(held)) {}

 private:
  std::shared_ptr<const bool> held_;
};

bool IsMissing(const Status& status) { return status.code() == StatusCode::kNotFound; }

}  // namespace

Status ProcessFileSystem::Check(const std::string& path) {
  if (!alive()) return Status(StatusCode::kCancelled, path + ": the process is dead");
  ++operations_;
  return fault_ ? fault_(path) : Status::Ok();
}

Status ProcessFileSystem::CheckRoom(const std::string& path) {
  RETURN_IF_ERROR(Check(path));
  return full_ && full_() ? DiskFull(path + ": no space left on device", path) : Status::Ok();
}

Result<std::unique_ptr<ReadableFile>> ProcessFileSystem::OpenForRead(const std::string& path) {
  RETURN_IF_ERROR(Check(path));
  Result<std::unique_ptr<ReadableFile>> file = disk_->files.OpenForRead(path);
  return !file && IsMissing(file.error()) && below_ != nullptr ? below_->OpenForRead(path) : std::move(file);
}

Result<std::unique_ptr<WritableFile>> ProcessFileSystem::OpenForWrite(const std::string& path,
                                                                      WriteMode mode) {
  RETURN_IF_ERROR(CheckRoom(path));
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, disk_->files.OpenForWrite(path, mode));
  return std::unique_ptr<WritableFile>(new ProcessWriter(this, path, std::move(file)));
}

Result<FileInfo> ProcessFileSystem::Stat(const std::string& path) {
  RETURN_IF_ERROR(Check(path));
  Result<FileInfo> info = disk_->files.Stat(path);
  return !info && IsMissing(info.error()) && below_ != nullptr ? below_->Stat(path) : std::move(info);
}

Result<std::vector<FileInfo>> ProcessFileSystem::List(const std::string& directory) {
  RETURN_IF_ERROR(Check(directory));
  Result<std::vector<FileInfo>> found = disk_->files.List(directory);
  if (below_ == nullptr) return found;
  Result<std::vector<FileInfo>> lower = below_->List(directory);
  if (!lower) return found;
  if (!found) return lower;
  for (FileInfo& info : *lower) {
    bool hidden = std::any_of(found->begin(), found->end(),
                              [&](const FileInfo& upper) { return upper.path == info.path; });
    if (!hidden) found->push_back(std::move(info));
  }
  std::sort(found->begin(), found->end(),
            [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
  return found;
}

Status ProcessFileSystem::Rename(const std::string& from, const std::string& to, RenameMode mode) {
  RETURN_IF_ERROR(Check(from));
  return disk_->files.Rename(from, to, mode);
}

Status ProcessFileSystem::Remove(const std::string& path) {
  RETURN_IF_ERROR(Check(path));
  return disk_->files.Remove(path);
}

Status ProcessFileSystem::CreateDirectories(const std::string& path) {
  RETURN_IF_ERROR(Check(path));
  return disk_->files.CreateDirectories(path);
}

Status ProcessFileSystem::SyncDirectory(const std::string& path) {
  RETURN_IF_ERROR(Check(path));
  return disk_->files.SyncDirectory(path);
}

Result<std::unique_ptr<FileLock>> ProcessFileSystem::TakeLock(const std::string& path) {
  RETURN_IF_ERROR(Check(path));
  std::shared_ptr<const bool> holder = disk_->locks[path].lock();
  if (holder && *holder)
    return Status(StatusCode::kAlreadyExists, "'" + path + "' is locked by another process");
  // Ends with the lock, and counts no longer once the process is dead.
  struct Held {
    std::shared_ptr<bool> alive;
  };
  auto held = std::make_shared<Held>(Held{alive_});
  std::shared_ptr<const bool> token(held, held->alive.get());
  disk_->locks[path] = token;
  return std::unique_ptr<FileLock>(new ProcessLock(std::move(token)));
}

}  // namespace penstock
