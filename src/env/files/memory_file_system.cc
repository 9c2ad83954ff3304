// A map of byte strings.
#include "env/files/memory_file_system.h"

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
  auto found = files_.find(path);
  if (found != files_.end() && mode == WriteMode::kCreateNew) return Taken(path);
  if (found == files_.end() || mode == WriteMode::kReplace)
    Apply(ParentOf(path), {{path, std::make_shared<File>()}});
  return std::unique_ptr<WritableFile>(new MemoryWriter(this, path, files_[path]));
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
  std::shared_ptr<File> file = it->second;
  if (ParentOf(from) == ParentOf(to)) {
    Apply(ParentOf(to), {{to, file}, {from, nullptr}});
  } else {
    Apply(ParentOf(to), {{to, file}});
    Apply(ParentOf(from), {{from, nullptr}});
  }
  return Status::Ok();
}

Status MemoryFileSystem::Remove(const std::string& path) {
  RETURN_IF_ERROR(Operate(path));
  std::lock_guard lock(mutex_);
  if (directories_.erase(path) > 0) return Status::Ok();
  if (!files_.contains(path)) return Missing(path);
  Apply(ParentOf(path), {{path, nullptr}});
  return Status::Ok();
}

Status MemoryFileSystem::CreateDirectories(const std::string& path) {
  RETURN_IF_ERROR(Operate(path));
  std::lock_guard lock(mutex_);
  for (std::string part = path; !part.empty(); part = ParentOf(part)) directories_.insert(part);
  return Status::Ok();
}

Status MemoryFileSystem::SyncDirectory(const std::string& path) {
  RETURN_IF_ERROR(Operate(path));
  std::lock_guard lock(mutex_);
  for (const Change& change : unsynced_[path]) {
    for (const auto& [name, file] : change) {
      if (file)
        durable_[name] = file;
      else
        durable_.erase(name);
    }
  }
  unsynced_.erase(path);
  return Status::Ok();
}

void MemoryFileSystem::Apply(const std::string& directory, Change change) {
  for (const auto& [name, file] : change) {
    if (file)
      files_[name] = file;
    else
      files_.erase(name);
  }
  unsynced_[directory].push_back(std::move(change));
}

void MemoryFileSystem::LosePower(Random* luck) {
  {
    std::lock_guard lock(mutex_);
    if (luck != nullptr) {
      for (auto& [directory, changes] : unsynced_) changes.resize(luck->Below(changes.size() + 1));
    } else {
      unsynced_.clear();
    }
  }
  std::vector<std::string> directories;
  for (const auto& [directory, changes] : unsynced_) directories.push_back(directory);
  FailAfter(-1);
  for (const std::string& directory : directories) (void)SyncDirectory(directory);
  std::lock_guard lock(mutex_);
  files_ = durable_;
  for (auto& [path, file] : files_) {
    std::lock_guard file_lock(file->mutex);
    size_t lost = file->bytes.size() - file->synced;
    size_t kept = luck != nullptr ? luck->Below(lost + 1) : 0;
    file->bytes.resize(file->synced + kept);
    if (kept > 0 && luck->Below(2) == 0) file->bytes.back() = static_cast<char>(luck->Next());
    file->synced = file->bytes.size();
  }
}

void MemoryFileSystem::FailAfter(int64_t operations) {
  std::lock_guard lock(mutex_);
  operations_left_ = operations;
}

}  // namespace penstock
