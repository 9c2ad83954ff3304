// Paths and their stores.
#include "connectors/filesystem/file_place.h"

#include "connectors/filesystem/file_listing.h"
#include "env/objects/object_files.h"

namespace penstock {

Result<std::string> NormalPath(const std::string& path) {
  if (!IsObjectPath(path)) return LocalPath(path);
  ASSIGN_OR_RETURN(ObjectAddress address, ParseObjectAddress(path));
  while (address.key.ends_with('/')) address.key.pop_back();
  return "s3://" + address.bucket + (address.key.empty() ? "" : "/" + address.key);
}

Result<FilePlace> PlaceOf(const std::string& path, FileSystem* files, ObjectStores* objects) {
  ASSIGN_OR_RETURN(std::string normal, NormalPath(path));
  if (!IsObjectPath(normal)) return FilePlace{std::make_shared<LocalFileStore>(files), std::move(normal)};
  if (objects == nullptr) return Status::Internal("there are no object stores for '" + path + "'");
  return FilePlace{std::make_shared<ObjectFileStore>(objects), std::move(normal)};
}

}  // namespace penstock
