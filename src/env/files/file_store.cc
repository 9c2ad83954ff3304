// Files of a folder, and what is made of the few calls.
#include "env/files/file_store.h"

#include "env/failpoint.h"

namespace penstock {

namespace {

Failpoint new_durable("files.new-durable", "a file that must be new is durable under another name");
Failpoint new_named("files.new-named", "a file that must be new has its name, not yet durably");

SeededBug any_winner("bug:store.any-winner", "a file that must be new may replace that of another process");
SeededBug no_directory_sync("bug:store.no-directory-sync",
                            "the name of a file that must be new is not synced");

std::string FolderOf(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// Makes the directory, and its name durable in each parent that was made for it.
Status CreateDurably(FileSystem* files, const std::string& path) {
  std::vector<std::string> parents;  // of what is not there
  for (std::string missing = path; !files->Stat(missing);) {
    std::string parent = FolderOf(missing);
    if (parent == missing) break;
    parents.push_back(parent);
    missing = std::move(parent);
  }
  RETURN_IF_ERROR(files->CreateDirectories(path));
  for (const std::string& parent : parents) RETURN_IF_ERROR(files->SyncDirectory(parent));
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<ReadableFile>> LocalFileStore::OpenForRead(const std::string& path) {
  return files_->OpenForRead(path);
}

Result<std::unique_ptr<WritableFile>> LocalFileStore::OpenForWrite(const std::string& path) {
  Result<std::unique_ptr<WritableFile>> file = files_->OpenForWrite(path, WriteMode::kReplace);
  if (file || file.error().code() != StatusCode::kNotFound) return file;
  RETURN_IF_ERROR(CreateDurably(files_, FolderOf(path)));
  return files_->OpenForWrite(path, WriteMode::kReplace);
}

Status LocalFileStore::SyncNames(const std::string& directory) { return files_->SyncDirectory(directory); }

Status LocalFileStore::Create(const std::string& path, const std::string& draft, std::string_view bytes,
                              RenameMode mode) {
  RETURN_IF_ERROR(WriteFile(*this, draft, bytes));
  // What the new file speaks of is durable before it is.
  RETURN_IF_ERROR(files_->SyncDirectory(FolderOf(path)));
  RETURN_IF_ERROR(new_durable.Hit());
  RETURN_IF_ERROR(files_->Rename(draft, path, any_winner.On() ? RenameMode::kReplace : mode));
  RETURN_IF_ERROR(new_named.Hit());
  if (no_directory_sync.On()) return Status::Ok();
  return files_->SyncDirectory(FolderOf(path));
}

Result<FileInfo> LocalFileStore::Stat(const std::string& path) { return files_->Stat(path); }

Result<std::vector<FileInfo>> LocalFileStore::List(const std::string& directory) {
  Result<std::vector<FileInfo>> found = files_->List(directory);
  if (!found && found.error().code() == StatusCode::kNotFound) return std::vector<FileInfo>();
  return found;
}

Status LocalFileStore::Remove(const std::string& path) { return files_->Remove(path); }

Result<std::unique_ptr<FileLock>> LocalFileStore::Lock(const std::string& directory) {
  RETURN_IF_ERROR(files_->CreateDirectories(directory));
  return FileLock::TakeOn(files_, directory + "/lock");
}

Result<std::string> ReadFile(FileStore& files, const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, files.OpenForRead(path));
  std::string bytes;
  constexpr size_t kBlock = 64 << 10;
  while (true) {
    size_t had = bytes.size();
    bytes.resize(had + kBlock);
    ASSIGN_OR_RETURN(size_t read, file->Read(bytes.data() + had, kBlock));
    bytes.resize(had + read);
    if (read == 0) return bytes;
  }
}

Status WriteFile(FileStore& files, const std::string& path, std::string_view bytes) {
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files.OpenForWrite(path));
  RETURN_IF_ERROR(file->Append(bytes));
  RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

}  // namespace penstock
