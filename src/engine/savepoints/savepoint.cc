// Reading of savepoints. Step 11 of a record's way (docs/ARCHITECTURE.md).
#include "engine/savepoints/savepoint.h"

#include <algorithm>

#include "checkpoint/savepoint_folder.h"
#include "connectors/filesystem/file_listing.h"
#include "engine/savepoints/savepoint_file.h"

namespace penstock {

namespace {

// A writer died before the manifest had its name: nothing may be started from what it left.
Status NotCompleted(const std::string& path) {
  return Status::Corruption("the savepoint in '" + path + "' was not completed: it has no manifest")
      .WithHint("start from another one");
}

// State files, and not those of checkpoints.
bool HoldsState(const std::vector<FileInfo>& entries) {
  auto any = [&](std::string_view prefix) {
    return std::any_of(entries.begin(), entries.end(), [prefix](const FileInfo& entry) {
      return !entry.directory && FileName(entry.path).starts_with(prefix);
    });
  };
  return any("state-") && !any("manifest-");
}

// The savepoint of one job; nullopt where there is nothing.
Result<std::optional<SavepointContent>> OpenOne(const FilePlace& place) {
  ASSIGN_OR_RETURN(bool there, HasSavepoint(place));
  if (!there) {
    ASSIGN_OR_RETURN(std::vector<FileInfo> entries, place.files->List(place.path));
    if (HoldsState(entries)) return NotCompleted(place.path);
    return std::optional<SavepointContent>();
  }
  ASSIGN_OR_RETURN(SavepointContent content, ReadSavepointAt(place));
  return std::optional<SavepointContent>(std::move(content));
}

}  // namespace

std::string SavepointOfJob(std::string path, int number) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path + "/job-" + std::to_string(number);
}

Result<bool> HasSavepoint(const FilePlace& place) {
  Result<FileInfo> info = StatFileOrFolder(*place.files, place.path);
  if (!info) return info.error().code() == StatusCode::kNotFound ? Result<bool>(false) : info.error();
  return info->directory ? IsSavepointFolder(place.files.get(), place.path) : true;
}

Result<SavepointContent> ReadSavepointAt(const FilePlace& place) {
  SavepointContent content;
  content.path = place.path;
  ASSIGN_OR_RETURN(FileInfo info, StatFileOrFolder(*place.files, place.path));
  if (!info.directory) {
    ASSIGN_OR_RETURN(content.parts, ReadSavepointFile(*place.files, place.path));
    return content;
  }
  ASSIGN_OR_RETURN(content.manifest, ReadSavepointManifest(place.files.get(), place.path));
  ASSIGN_OR_RETURN(content.parts, ReadSavepointParts(place.files, place.path, *content.manifest));
  ByteReader graph(content.manifest->graph);
  ASSIGN_OR_RETURN(content.graph, JobGraph::Read(graph));
  return content;
}

Result<std::optional<SavepointContent>> OpenSavepoint(const FilePlace& place, int number) {
  ASSIGN_OR_RETURN(std::optional<SavepointContent> found, OpenOne(place));
  if (found) return found;
  ASSIGN_OR_RETURN(found, OpenOne({place.files, SavepointOfJob(place.path, number)}));
  if (found) return found;
  ASSIGN_OR_RETURN(std::vector<FileInfo> entries, place.files->List(place.path));
  if (entries.empty()) return Status::NotFound("there is no savepoint in '" + place.path + "'");
  return found;
}

}  // namespace penstock
