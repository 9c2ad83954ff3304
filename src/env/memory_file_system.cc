// A map of byte strings.
#include "env/memory_file_system.h"

#include <algorithm>

namespace penstock {

class MemoryReader : public ReadableFile {
 public:
  explicit MemoryReader(std::shared_ptr<MemoryFileSystem::File> file) : file_(std::move(file)) {}
  Result<size_t> Read(char* to, size_t size) override {
    std::lock_guard lock(file_->mutex);
    size_t count = std::min(size, file_->bytes.size() - std::min(at_, file_->bytes.size()));
    file_->bytes.copy(to, count, at_);
    at_ += count;
    return count;
  }
  Status Seek(uint64_t offset) override {
    at_ = offset;
    return Status::Ok();
  }

 private:
  std::shared_ptr<MemoryFileSystem::File> file_;
  size_t at_ = 0;
};

class MemoryWriter : public WritableFile {
 public:
  MemoryWriter(MemoryFileSystem* files, std::string path, std::shared_ptr<MemoryFileSystem::File> file)
      : files_(files), path_(std::move(path)), file_(std::move(file)) {}
  Status Append(std::string_view bytes) override {
    RETURN_IF_ERROR(files_->Operate(path_));
    std::lock_guard lock(file_->mutex);
    file_->bytes.append(bytes);
    return Status::Ok();
  }
  Status Sync() override {
    RETURN_IF_ERROR(files_->Operate(path_));
    std::lock_guard lock(file_->mutex);
    file_->synced = file_->bytes.size();
    return Status::Ok();
  }
  Status Close() override { return Status::Ok(); }

 private:
  MemoryFileSystem* files_;
  std::string path_;
  std::shared_ptr<MemoryFileSystem::File> file_;
};

namespace {
Status Missing(const std::string& path) {
  return Status(StatusCode::kNotFound, path + ": no such file or directory");
}
Status Taken(const std::string& path) {
  return Status(StatusCode::kAlreadyExists, "cannot create '" + path + "': File exists");
}
std::string ParentOf(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos || slash == 0 ? "" : path.substr(0, slash);
}
}  // namespace

Status MemoryFileSystem::Operate(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (operations_left_ < 0) return Status::Ok();
  if (operations_left_ == 0) return Status(StatusCode::kIo, path + ": injected failure");
  --operations_left_;
  return Status::Ok();
}

Result<std::unique_ptr<ReadableFile>> MemoryFileSystem::OpenForRead(const std::string& path) {
  RETURN_IF_ERROR(Operate(path));
  std::lock_guard lock(mutex_);
  auto it = files_.find(path);
  if (it == files_.end()) return Missing(path);
  return std::unique_ptr<ReadableFile>(new MemoryReader(it->second));
}

Result<std::unique_ptr<WritableFile>> MemoryFileSystem::OpenForWrite(const std::string& path,
                                                                     WriteMode mode) {
  RETURN_IF_ERROR(Operate(path));
  std::lock_guard lock(mutex_);
  if (std::string parent = ParentOf(path); !parent.empty() && !directories_.contains(parent))
    return Missing(parent);
  std::shared_ptr<File>& file = files_[path];
  if (file && mode == WriteMode::kCreateNew) return Taken(path);
  if (!file || mode == WriteMode::kReplace) file = std::make_shared<File>();
  return std::unique_ptr<WritableFile>(new MemoryWriter(this, path, file));
}

Result<FileInfo> MemoryFileSystem::Stat(const std::string& path) {
  RETURN_IF_ERROR(Operate(path));
  std::lock_guard lock(mutex_);
  if (directories_.contains(path)) return FileInfo{path, 0, 0, true};
  auto it = files_.find(path);
  if (it == files_.end()) return Missing(path);
  std::lock_guard file_lock(it->second->mutex);
  return FileInfo{path, it->second->bytes.size(), 0, false};
}

Result<std::vector<FileInfo>> MemoryFileSystem::List(const std::string& directory) {
  RETURN_IF_ERROR(Operate(directory));
  std::lock_guard lock(mutex_);
  if (!directories_.contains(directory)) return Missing(directory);
  std::vector<FileInfo> found;
  for (const std::string& path : directories_) {
    if (ParentOf(path) == directory) found.push_back({path, 0, 0, true});
  }
  for (const auto& [path, file] : files_) {
    if (ParentOf(path) != directory) continue;
    std::lock_guard file_lock(file->mutex);
    found.push_back({path, file->bytes.size(), 0, false});
  }
  std::sort(found.begin(), found.end(), [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
  return found;
}

Status MemoryFileSystem::Rename(const std::string& from, const std::string& to, RenameMode mode) {
  RETURN_IF_ERROR(Operate(from));
  std::lock_guard lock(mutex_);
  auto it = files_.find(from);
  if (it == files_.end()) return Missing(from);
  if (mode == RenameMode::kCreateNew && files_.contains(to)) return Taken(to);
  files_[to] = it->second;
  files_.erase(from);
  return Status::Ok();
}

Status MemoryFileSystem::Remove(const std::string& path) {
  RETURN_IF_ERROR(Operate(path));
  std::lock_guard lock(mutex_);
  return files_.erase(path) + directories_.erase(path) > 0 ? Status::Ok() : Missing(path);
}

Status MemoryFileSystem::CreateDirectories(const std::string& path) {
  RETURN_IF_ERROR(Operate(path));
  std::lock_guard lock(mutex_);
  for (std::string part = path; !part.empty(); part = ParentOf(part)) directories_.insert(part);
  return Status::Ok();
}

Status MemoryFileSystem::SyncDirectory(const std::string& path) { return Operate(path); }

void MemoryFileSystem::LosePower() {
  std::lock_guard lock(mutex_);
  for (auto& [path, file] : files_) {
    std::lock_guard file_lock(file->mutex);
    file->bytes.resize(file->synced);
  }
}

void MemoryFileSystem::FailAfter(int64_t operations) {
  std::lock_guard lock(mutex_);
  operations_left_ = operations;
}

}  // namespace penstock
