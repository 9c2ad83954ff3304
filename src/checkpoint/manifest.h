// Manifest: what a checkpoint consists of, and proof that it is whole. Gets its name last and once: a
// checkpoint whose manifest exists is sealed. Format: docs/formats/checkpoint.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "stream/snapshot.h"

namespace penstock {

// Who a job is over restarts. `incarnation` is drawn at every fresh start; epochs never go back in a job's
// life, whatever the incarnation.
struct JobIdentity {
  std::string job;  // uid
  std::string run;  // the execution of the script that it belongs to
  uint64_t incarnation = 0;
};

// Bytes in a file of the checkpoint's directory.
struct FileRange {
  std::string file;  // relative to the job's directory
  uint64_t offset = 0;
  uint64_t size = 0;
  uint64_t checksum = 0;  // HashKey of the bytes
  bool operator==(const FileRange&) const = default;
};

// What one subtask contributes. Its keyed state is a chain: a base, then the deltas after it, most of them
// written with earlier checkpoints.
struct ManifestPart {
  std::string uid;
  int subtask = 0;
  FileRange rest;                // everything but keyed state: WriteSnapshot
  std::vector<FileRange> keyed;  // base first; none where there is no keyed state
};

struct Manifest {
  JobIdentity identity;
  uint64_t epoch = 0;
  uint64_t claim = 0;          // of the process that wrote it
  bool finished = false;       // the job's sources had ended and everything was emitted
  int64_t created_micros = 0;  // for people
  uint64_t written_bytes = 0;  // that this checkpoint added; its parts may refer to older files
  std::string graph;           // JobGraph::Write
  std::vector<ManifestPart> parts;

  std::string Write() const;
  // kCorruption when anything does not match, kUnsupported where it is whole but of another version; `path`
  // is for the message.
  static Result<Manifest> Read(std::string_view bytes, const std::string& path);
};

// A subtask's snapshot as bytes, without its keyed state.
std::string WriteSnapshot(const SubtaskSnapshot& part);
Result<SubtaskSnapshot> ReadSnapshot(std::string_view bytes);

}  // namespace penstock
