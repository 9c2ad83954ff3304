// FilePlace: the path of an option, and the store that has files there.
#pragma once

#include <memory>
#include <string>

#include "env/files/file_store.h"
#include "env/objects/object_store.h"

namespace penstock {

struct FilePlace {
  std::shared_ptr<FileStore> files;
  std::string path;  // in the form in which `files` lists, without '/' at the end
};

// A local path, file:..., or s3://bucket/path; an error for other schemes. What is given outlives what is
// returned.
Result<FilePlace> PlaceOf(const std::string& path, FileSystem* files, ObjectStores* objects);
// The path alone.
Result<std::string> NormalPath(const std::string& path);

}  // namespace penstock
