// Finding and reading checkpoints and savepoints.
#include "engine/inspection/state_source.h"

#include <fmt/format.h>

#include "checkpoint/savepoint_folder.h"
#include "connectors/filesystem/file_listing.h"
#include "engine/savepoints/savepoint.h"

namespace penstock {

namespace {

constexpr int kDepth = 4;

// A store that only reads.
CheckpointStore StoreOf(const FilePlace& place) { return CheckpointStore(place.files, place.path, 0); }

// Folders of checkpoints lie as deep as <dir>/<script>/jobs/<uid>, savepoints often one deeper.
Status Find(const FilePlace& place, int depth, std::vector<StateLocation>* found) {
  ASSIGN_OR_RETURN(bool savepoint, IsSavepointFolder(place.files.get(), place.path));
  if (savepoint) {
    found->push_back({place, true});
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(std::vector<uint64_t> epochs, StoreOf(place).Epochs());
  if (!epochs.empty()) {
    found->push_back({place, false});
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(std::vector<FileInfo> entries, place.files->List(place.path));
  for (const FileInfo& entry : entries) {
    std::string name = FileName(entry.path);
    if (!entry.directory && name.starts_with("job-") && !name.ends_with(".tmp"))
      found->push_back({{place.files, entry.path}, true});
    if (entry.directory && depth > 0) RETURN_IF_ERROR(Find({place.files, entry.path}, depth - 1, found));
  }
  return Status::Ok();
}

}  // namespace

Result<std::vector<StateLocation>> FindState(const FilePlace& place) {
  ASSIGN_OR_RETURN(FileInfo info, StatFileOrFolder(*place.files, place.path));
  if (!info.directory) return std::vector<StateLocation>{{place, true}};
  std::vector<StateLocation> found;
  RETURN_IF_ERROR(Find(place, kDepth, &found));
  if (found.empty()) return Status::NotFound("no checkpoint and no savepoint in '" + place.path + "'");
  return found;
}

Result<std::vector<uint64_t>> EpochsOf(const StateLocation& location) {
  if (location.savepoint) return std::vector<uint64_t>{0};
  return StoreOf(location.place).Epochs();
}

namespace {

Result<StateContent> ReadOnce(const StateLocation& location, uint64_t epoch) {
  StateContent content;
  const std::string& path = location.place.path;
  content.path = path;
  if (location.savepoint) {
    ASSIGN_OR_RETURN(SavepointContent savepoint, ReadSavepointAt(location.place));
    content.manifest = std::move(savepoint.manifest);
    content.graph = std::move(savepoint.graph);
    content.parts = std::move(savepoint.parts);
    return content;
  }
  CheckpointStore store = StoreOf(location.place);
  ASSIGN_OR_RETURN(std::vector<uint64_t> epochs, store.Epochs());
  if (epochs.empty()) return Status::NotFound("no checkpoint in '" + path + "'");
  if (epoch == 0) epoch = epochs.back();
  if (std::find(epochs.begin(), epochs.end(), epoch) == epochs.end()) {
    return Status::NotFound(fmt::format("no checkpoint {} in '{}'", epoch, path))
        .WithHint(fmt::format("there is {} to {}", epochs.front(), epochs.back()));
  }
  content.path = fmt::format("{}/manifest-{:020}", path, epoch);
  ASSIGN_OR_RETURN(content.manifest, store.ReadManifest(epoch));
  ASSIGN_OR_RETURN(content.parts, store.ReadParts(*content.manifest));
  ByteReader graph(content.manifest->graph);
  ASSIGN_OR_RETURN(content.graph, JobGraph::Read(graph));
  return content;
}

}  // namespace

// A running job may remove a checkpoint while it is read; then there is a newer one.
Result<StateContent> ReadState(const StateLocation& location, uint64_t epoch) {
  constexpr int kTries = 5;
  for (int tries = 1;; ++tries) {
    Result<StateContent> content = ReadOnce(location, epoch);
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
