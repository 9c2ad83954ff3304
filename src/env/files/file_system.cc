// Files of the machine, over POSIX calls.
#include "env/files/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "env/files/disk_full.h"

namespace penstock {

namespace {

Status FromErrno(const std::string& action, const std::string& path) {
  int error = errno;
  std::string message = "cannot " + action + " '" + path + "': " + std::strerror(error);
  if (error == ENOENT) return Status::NotFound(message);
  if (error == EEXIST) return Status(StatusCode::kAlreadyExists, message);
  if (error == ENOSPC || error == EDQUOT) return DiskFull(message, path);
  return Status::Io(message);
}

class LocalReadableFile : public ReadableFile {
 public:
  LocalReadableFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~LocalReadableFile() override { ::close(fd_); }
  Result<size_t> Read(char* to, size_t size) override {
    while (true) {
      ssize_t count = ::read(fd_, to, size);
      if (count >= 0) return static_cast<size_t>(count);
      if (errno != EINTR) return FromErrno("read", path_);
    }
  }
  Status Seek(uint64_t offset) override {
    return ::lseek(fd_, static_cast<off_t>(offset), SEEK_SET) < 0 ? FromErrno("seek in", path_)
                                                                  : Status::Ok();
  }

 private:
  int fd_;
  std::string path_;
};

class LocalWritableFile : public WritableFile {
 public:
  LocalWritableFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~LocalWritableFile() override {
    if (fd_ >= 0) ::close(fd_);
  }
  Status Append(std::string_view bytes) override {
    while (!bytes.empty()) {
      ssize_t count = ::write(fd_, bytes.data(), bytes.size());
      if (count < 0) {
        if (errno == EINTR) continue;
        return FromErrno("write", path_);
      }
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return Status::Ok();
  }
  Status Sync() override { return ::fsync(fd_) < 0 ? FromErrno("sync", path_) : Status::Ok(); }
  Status Close() override {
    int fd = fd_;
    fd_ = -1;
    return ::close(fd) < 0 ? FromErrno("close", path_) : Status::Ok();
  }

 private:
  int fd_;
  std::string path_;
};

FileInfo ToInfo(const std::string& path, const struct stat& info) {
  return {path, static_cast<uint64_t>(info.st_size),
          static_cast<int64_t>(info.st_mtim.tv_sec) * 1'000'000 + info.st_mtim.tv_nsec / 1000,
          S_ISDIR(info.st_mode)};
}

}  // namespace

Result<std::unique_ptr<ReadableFile>> LocalFileSystem::OpenForRead(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FromErrno("open", path);
  return std::unique_ptr<ReadableFile>(new LocalReadableFile(fd, path));
}

Result<std::unique_ptr<WritableFile>> LocalFileSystem::OpenForWrite(const std::string& path, WriteMode mode) {
  int extra = mode == WriteMode::kAppend ? O_APPEND : mode == WriteMode::kReplace ? O_TRUNC : O_EXCL;
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | extra, 0644);
  if (fd < 0) return FromErrno("create", path);
  return std::unique_ptr<WritableFile>(new LocalWritableFile(fd, path));
}

Result<FileInfo> LocalFileSystem::Stat(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) < 0) return FromErrno("find", path);
  return ToInfo(path, info);
}

Result<std::vector<FileInfo>> LocalFileSystem::List(const std::string& directory) {
  DIR* handle = ::opendir(directory.c_str());
  if (handle == nullptr) return FromErrno("list", directory);
  std::vector<FileInfo> entries;
  while (dirent* entry = ::readdir(handle)) {
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    std::string path = directory + "/" + name;
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) entries.push_back(ToInfo(path, info));
  }
  ::closedir(handle);
  std::sort(entries.begin(), entries.end(),
            [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
  return entries;
}

Status LocalFileSystem::Rename(const std::string& from, const std::string& to, RenameMode mode) {
  if (mode == RenameMode::kReplace)
    return ::rename(from.c_str(), to.c_str()) < 0 ? FromErrno("rename", from) : Status::Ok();
  // A second name fails where it is taken, on every file system.
  if (::link(from.c_str(), to.c_str()) < 0) return FromErrno("rename to", to);
  return Remove(from);
}

Status LocalFileSystem::Remove(const std::string& path) {
  return ::remove(path.c_str()) < 0 ? FromErrno("remove", path) : Status::Ok();
}

Status LocalFileSystem::CreateDirectories(const std::string& path) {
  for (size_t at = 1; at <= path.size(); ++at) {
    if (at != path.size() && path[at] != '/') continue;
    std::string part = path.substr(0, at);
    if (::mkdir(part.c_str(), 0755) < 0 && errno != EEXIST) return FromErrno("create directory", part);
  }
  return Status::Ok();
}

Status LocalFileSystem::SyncDirectory(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FromErrno("open directory", path);
  bool failed = ::fsync(fd) < 0;
  Status status = failed ? FromErrno("sync directory", path) : Status::Ok();
  ::close(fd);
  return status;
}

Result<std::string> ReadFile(FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, files.OpenForRead(path));
  std::string bytes;
  constexpr size_t kChunk = 1 << 16;
  while (true) {
    size_t at = bytes.size();
    bytes.resize(at + kChunk);
    ASSIGN_OR_RETURN(size_t count, file->Read(bytes.data() + at, kChunk));
    bytes.resize(at + count);
    if (count == 0) return bytes;
  }
}

Status RemoveTree(FileSystem& files, const std::string& directory) {
  Result<FileInfo> found = files.Stat(directory);
  if (found.status().code() == StatusCode::kNotFound) return Status::Ok();
  RETURN_IF_ERROR(found.status());
  ASSIGN_OR_RETURN(std::vector<FileInfo> entries, files.List(directory));
  for (const FileInfo& entry : entries)
    RETURN_IF_ERROR(entry.directory ? RemoveTree(files, entry.path) : files.Remove(entry.path));
  return files.Remove(directory);
}

Status WriteFileAtomically(FileSystem& files, const std::string& path, std::string_view bytes) {
  std::string temporary = path + ".tmp";
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files.OpenForWrite(temporary, WriteMode::kReplace));
  RETURN_IF_ERROR(file->Append(bytes));
  RETURN_IF_ERROR(file->Sync());
  RETURN_IF_ERROR(file->Close());
  RETURN_IF_ERROR(files.Rename(temporary, path, RenameMode::kReplace));
  size_t slash = path.rfind('/');
  return files.SyncDirectory(slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash));
}

}  // namespace penstock
