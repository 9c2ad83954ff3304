// Finding and reading checkpoints and savepoints.
#include "engine/inspection/state_source.h"

#include <fmt/format.h>

#include "checkpoint/savepoint_folder.h"
#include "engine/savepoints/savepoint.h"

namespace penstock {

namespace {

std::string_view NameOf(const FileInfo& entry) {
  return std::string_view(entry.path).substr(entry.path.rfind('/') + 1);
}

// A store that only reads.
CheckpointStore StoreOf(const StateLocation& location) {
  return CheckpointStore(location.store, location.path, 0);
}

// Folders lie at most as deep as <dir>/<script>/jobs/<uid>.
Status Find(const std::shared_ptr<FileStore>& files, const std::string& directory, int depth,
            std::vector<StateLocation>* found) {
  ASSIGN_OR_RETURN(std::vector<FileInfo> entries, files->List(directory));
  StateLocation job{directory, false, files};
  ASSIGN_OR_RETURN(std::vector<uint64_t> epochs, StoreOf(job).Epochs());
  if (!epochs.empty()) {
    found->push_back(std::move(job));
    return Status::Ok();
  }
  for (const FileInfo& entry : entries) {
    bool savepoint = !entry.directory && NameOf(entry).starts_with("job-");
    if (savepoint && !NameOf(entry).ends_with(".tmp")) found->push_back({entry.path, true, files});
    if (entry.directory && IsSavepointFolder(files.get(), entry.path))
      found->push_back({entry.path, true, files});
    else if (entry.directory && depth > 0)
      RETURN_IF_ERROR(Find(files, entry.path, depth - 1, found));
  }
  return Status::Ok();
}

}  // namespace

Result<std::vector<StateLocation>> FindState(FileSystem& files, const std::string& path) {
  std::string trimmed = path;
  while (trimmed.size() > 1 && trimmed.back() == '/') trimmed.pop_back();
  ASSIGN_OR_RETURN(FileInfo info, files.Stat(trimmed));
  LocalFileStore local(&files);
  if (!info.directory || IsSavepointFolder(&local, trimmed))
    return std::vector<StateLocation>{{trimmed, true, nullptr}};
  return FindCheckpoints(std::make_shared<LocalFileStore>(&files), trimmed);
}

Result<std::vector<StateLocation>> FindCheckpoints(std::shared_ptr<FileStore> store,
                                                   const std::string& path) {
  std::vector<StateLocation> found;
  RETURN_IF_ERROR(Find(store, path, 3, &found));
  if (found.empty()) return Status::NotFound("no checkpoint and no savepoint in '" + path + "'");
  return found;
}

Result<std::vector<uint64_t>> EpochsOf(FileSystem&, const StateLocation& location) {
  if (location.savepoint) return std::vector<uint64_t>{0};
  return StoreOf(location).Epochs();
}

namespace {

Result<StateContent> ReadOnce(FileSystem& files, const StateLocation& location, uint64_t epoch) {
  StateContent content;
  content.path = location.path;
  if (location.savepoint) {
    ASSIGN_OR_RETURN(SavepointContent savepoint, ReadSavepointAt(&files, location.path));
    content.manifest = std::move(savepoint.manifest);
    content.graph = std::move(savepoint.graph);
    content.parts = std::move(savepoint.parts);
    return content;
  }
  CheckpointStore store = StoreOf(location);
  ASSIGN_OR_RETURN(std::vector<uint64_t> epochs, store.Epochs());
  if (epochs.empty()) return Status::NotFound("no checkpoint in '" + location.path + "'");
  if (epoch == 0) epoch = epochs.back();
  if (std::find(epochs.begin(), epochs.end(), epoch) == epochs.end()) {
    return Status::NotFound(fmt::format("no checkpoint {} in '{}'", epoch, location.path))
        .WithHint(fmt::format("there is {} to {}", epochs.front(), epochs.back()));
  }
  content.path = fmt::format("{}/manifest-{:020}", location.path, epoch);
  ASSIGN_OR_RETURN(content.manifest, store.ReadManifest(epoch));
  ASSIGN_OR_RETURN(content.parts, store.ReadParts(*content.manifest));
  ByteReader graph(content.manifest->graph);
  ASSIGN_OR_RETURN(content.graph, JobGraph::Read(graph));
  return content;
}

}  // namespace

// A running job may remove a checkpoint while it is read; then there is a newer one.
Result<StateContent> ReadState(FileSystem& files, const StateLocation& location, uint64_t epoch) {
  constexpr int kTries = 5;
  for (int tries = 1;; ++tries) {
    Result<StateContent> content = ReadOnce(files, location, epoch);
    bool gone = !content && content.error().code() == StatusCode::kNotFound && !location.savepoint;
    if (!gone || epoch != 0 || tries == kTries) return content;
  }
}

const JobVertex* StateContent::VertexOf(const std::string& uid) const {
  if (!graph) return nullptr;
  for (const JobVertex& vertex : graph->vertices) {
    if (vertex.uid == uid) return &vertex;
  }
  return nullptr;
}

namespace {
bool IsByKey(Partitioning partitioning) {
  return partitioning == Partitioning::kHash || partitioning == Partitioning::kDedicated;
}
}  // namespace

// The exchange in front of an operator hashes the bytes of its keys: they are the keys of its state.
std::vector<Field> StateContent::KeyFieldsOf(const std::string& uid) const {
  std::vector<Field> fields;
  const JobVertex* vertex = VertexOf(uid);
  if (vertex == nullptr) return fields;
  for (const JobEdge& edge : graph->edges) {
    if (edge.to != vertex->id || !IsByKey(edge.partitioning) || edge.lane != 0) continue;
    const Schema& schema = graph->vertices[static_cast<size_t>(edge.from)].schema;
    for (int key : edge.keys) {
      if (key < 0 || key >= schema.size()) return {};
      fields.push_back(schema[key]);
    }
    return fields;
  }
  return fields;
}

}  // namespace penstock
