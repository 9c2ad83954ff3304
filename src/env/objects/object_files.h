// Objects as files that are read from any place and written from start to end, and a bucket as a FileStore.
// Memory: one block of a reader, one part of a writer. Objects of other stores are opened by their path.
#pragma once

#include <memory>
#include <string>

#include "env/files/file_store.h"
#include "env/objects/object_store.h"

namespace penstock {

// Reads with range requests; blocks grow while reading goes straight on. kNotFound with the first Read.
std::unique_ptr<ReadableFile> OpenObject(ObjectStore* store, std::string key);

// Writes parts as they fill up; the object is there when Close has returned Ok. A writer that is destroyed
// before leaves nothing behind.
std::unique_ptr<WritableFile> WriteObject(ObjectStore* store, std::string key);

class ObjectFileStore : public FileStore {
 public:
  explicit ObjectFileStore(ObjectStores* stores) : stores_(stores) {}
  Result<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& path) override;
  Status SyncNames(const std::string&) override { return Status::Ok(); }
  using FileStore::Create;
  Status Create(const std::string& path, const std::string& draft, std::string_view bytes,
                RenameMode mode) override;
  Result<FileInfo> Stat(const std::string& path) override;
  Result<std::vector<FileInfo>> List(const std::string& directory) override;
  Status Remove(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> Lock(const std::string&) override { return std::unique_ptr<FileLock>(); }

 private:
  ObjectStores* stores_;
};

}  // namespace penstock
