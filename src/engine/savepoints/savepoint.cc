// Reading of savepoints. Step 11 of a record's way (docs/ARCHITECTURE.md).
#include "engine/savepoints/savepoint.h"

#include "checkpoint/savepoint_folder.h"
#include "engine/savepoints/savepoint_file.h"

namespace penstock {

namespace {

bool IsFolder(FileSystem* files, const std::string& path) {
  LocalFileStore local(files);
  return IsSavepointFolder(&local, path);
}

}  // namespace

Result<SavepointContent> ReadSavepointAt(FileSystem* files, const std::string& path) {
  SavepointContent content;
  content.path = path;
  if (!IsFolder(files, path)) {
    ASSIGN_OR_RETURN(content.parts, ReadSavepointFile(*files, path));
    return content;
  }
  ASSIGN_OR_RETURN(content.manifest, ReadSavepointManifest(files, path));
  ASSIGN_OR_RETURN(content.parts, ReadSavepointParts(files, path, *content.manifest));
  ByteReader graph(content.manifest->graph);
  ASSIGN_OR_RETURN(content.graph, JobGraph::Read(graph));
  return content;
}

Result<SavepointContent> OpenSavepoint(FileSystem* files, const std::string& path, int number) {
  ASSIGN_OR_RETURN(FileInfo info, files->Stat(path));
  bool of_one_job = !info.directory || IsFolder(files, path);
  if (of_one_job) return ReadSavepointAt(files, path);
  std::string job = path + "/job-" + std::to_string(number);
  if (files->Stat(job)) return ReadSavepointAt(files, job);
  if (!CheckpointStore(files, path, 0).Epochs().status().ok())
    return Status::NotFound("no savepoint in '" + path + "'");
  return Status::NotFound("there is no savepoint of job " + std::to_string(number) + " in '" + path + "'")
      .WithHint(
          "'penstock state inspect' shows what is in a folder; --allow-non-restored-state starts the job "
          "without");
}

}  // namespace penstock
